//! What the kernel saw: `strace`'s output, read back into calls in their order.

use std::collections::HashMap;
use std::path::Path;

const BINARY: &str = "/usr/bin/strace";

/// One system call. `begun` and `done` are places in the trace: what is done before another begins happened before it.
#[derive(Clone, Debug)]
pub struct Syscall {
    pub name: String,
    /// The path, or the socket, of its file descriptor.
    pub file: String,
    /// What was written.
    pub bytes: Vec<u8>,
    pub begun: usize,
    pub done: usize,
}

/// The words that go in front of a program so that every sync of `file` after the first `good` ones fails with EIO, as
/// that of a dying disk does. The process id stays its own.
pub fn fail_syncs(file: &Path, good: u32) -> Vec<String> {
    is_installed();
    let inject = format!("inject=fdatasync,fsync:error=EIO:when={}+", good + 1);
    let file = file.display().to_string();
    let words = [BINARY, "-f", "-D", "-P", &file, "-e", "trace=fdatasync,fsync", "-e", &inject, "-o", "/dev/null"];
    words.map(str::to_owned).to_vec()
}

fn is_installed() {
    assert!(
        Path::new(BINARY).exists(),
        "{BINARY} is missing: this test looks at system calls. Install it: apt-get install strace"
    );
}

/// The words that go in front of a program to trace it into `trace`, so that its process id stays its own.
pub fn wrap(trace: &Path) -> Vec<String> {
    is_installed();
    let trace = trace.display().to_string();
    let calls = "trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync";
    let words = [BINARY, "-f", "-D", "-xx", "-y", "-s", "1000000", "-e", calls, "-o", &trace];
    words.map(str::to_owned).to_vec()
}

/// Reads a trace.
pub fn read(trace: &Path) -> Vec<Syscall> {
    let text = std::fs::read_to_string(trace).expect("the trace");
    let mut unfinished: HashMap<String, (usize, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread.to_owned(), (place, first.to_owned()));
        } else if rest.starts_with("<... ") {
            let Some((begun, first)) = unfinished.remove(thread) else { continue };
            calls.extend(parse(&first, begun, place));
        } else {
            calls.extend(parse(rest, place, place));
        }
    }
    calls
}

fn parse(call: &str, begun: usize, done: usize) -> Option<Syscall> {
    let (name, args) = call.split_once('(')?;
    let file = args.split_once('<').and_then(|(_, f)| f.split_once('>')).map(|(f, _)| f).unwrap_or_default();
    // Every second piece stands between quotes; with -xx nothing inside them is a quote.
    let bytes = args.split('"').skip(1).step_by(2).flat_map(unescape).collect();
    let file = String::from_utf8_lossy(&unescape(file)).into_owned();
    Some(Syscall { name: name.to_owned(), file, bytes, begun, done })
}

fn unescape(text: &str) -> Vec<u8> {
    if !text.starts_with("\\x") {
        return text.as_bytes().to_vec();
    }
    text.split("\\x").skip(1).filter_map(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()).collect()
}

/// The payloads of the WebSocket text frames in what a client wrote: each is masked with the key before it.
pub fn websocket_texts(mut bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        if *first != 0x81 || second & 0x80 == 0 {
            break;
        }
        let (length, rest) = match (second & 0x7f, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (short @ 0..126, rest) => (usize::from(short), rest),
            _ => break,
        };
        let Some((mask, rest)) = rest.split_at_checked(4) else { break };
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        let plain: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
        texts.push(String::from_utf8_lossy(&plain).into_owned());
        bytes = rest;
    }
    texts
}
