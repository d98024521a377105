//! Any bytes as the answer of a place service.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herd_fuzz::fuzz::provider_json(bytes));
