//! The binary: parse, dispatch, exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Before anything else: rustls takes the first provider it is given, and it must be this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    warridor::cli::run(warridor::cli::typed())
}
