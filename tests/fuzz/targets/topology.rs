//! Any bytes as a topology.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herd_fuzz::fuzz::topology(bytes));
