#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| warridor_fuzz::bodies::newrelic(data));
