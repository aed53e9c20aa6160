//! The binary: parse, dispatch, exit code.

use std::process::ExitCode;

/// Brings jemalloc in, whose `malloc` stands in for the C library's and so for Rust's own allocator
/// (`docs/decisions/0029-allocator.md`).
#[used]
static MALLOC: unsafe extern "C" fn(usize) -> *mut std::ffi::c_void = tikv_jemalloc_sys::malloc;

fn main() -> ExitCode {
    // Before anything else: rustls takes the first provider it is given, and it must be this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    warridor::cli::run(warridor::cli::typed())
}
