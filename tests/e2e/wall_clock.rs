//! A wall clock that a test can step under a running process, as NTP or an operator would.
//!
//! `LD_PRELOAD` puts a few lines of C in front of `clock_gettime(CLOCK_REALTIME)`; the steady clock stays the kernel's.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("WALL_CLOCK_AHEAD");
    int fd = path ? open(path, O_RDONLY) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) ahead = at;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME && ahead) now->tv_sec += *ahead;
    return result;
}
"#;

pub struct WallClock {
    ahead: File,
    /// What the process needs in its environment.
    pub env: [(&'static str, String); 2],
}

impl WallClock {
    /// A clock that is right, kept in `dir`.
    pub fn new(dir: &Path) -> Self {
        let (source, library, ahead): (PathBuf, PathBuf, PathBuf) =
            (dir.join("clock.c"), dir.join("clock.so"), dir.join("clock.ahead"));
        std::fs::write(&source, SHIM).expect("the shim is written");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .expect(
                "cc is missing: this test steps the wall clock by a few lines of C. Install it: apt-get install gcc",
            );
        assert!(built.status.success(), "cc: {}", String::from_utf8_lossy(&built.stderr));
        let file = File::options().create(true).truncate(true).write(true).open(&ahead).expect("the clock's file");
        let clock = Self {
            ahead: file,
            env: [("LD_PRELOAD", library.display().to_string()), ("WALL_CLOCK_AHEAD", ahead.display().to_string())],
        };
        clock.set(0);
        clock
    }

    /// From now on the wall clock is this many seconds ahead of the truth, or behind it.
    pub fn set(&self, ahead_secs: i64) {
        self.ahead.write_all_at(&ahead_secs.to_ne_bytes(), 0).expect("the clock is set");
    }
}
