//! Any bytes as a line of a link between servers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herd_fuzz::fuzz::server_line(bytes));
