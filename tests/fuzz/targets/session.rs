//! Any bytes as what strangers do to a node.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herd_fuzz::fuzz::session(bytes));
