#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| warridor_fuzz::playbook::file(data));
