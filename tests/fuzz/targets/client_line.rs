//! Any bytes as a client's line.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herd_fuzz::fuzz::client_line(bytes));
