//! One question, one line. Works the same on a terminal and on a pipe; only on a terminal are secrets hidden.

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::SecretString;
use std::io::{BufRead, IsTerminal, Read, Write, stdin, stdout};
use thiserror::Error;

/// Of one answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 4_096;

/// The input ended.
#[derive(Debug, Error)]
#[error("there was no more input")]
pub(super) struct Unanswered;

pub(super) struct Talk {
    is_terminal: bool,
}

impl Talk {
    pub fn with_terminal() -> Self {
        Self { is_terminal: stdin().is_terminal() }
    }

    pub fn title(&self, title: &str) {
        println!("\n== {title}");
    }

    pub fn say(&self, text: &str) {
        println!("{text}");
    }

    /// The answer, without the end of its line.
    pub fn ask(&self, question: &str) -> anyhow::Result<String> {
        print!("{question}");
        stdout().flush()?;
        let mut line = Vec::new();
        stdin().lock().take(MAX_ANSWER_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(Unanswered.into());
        }
        if !self.is_terminal {
            println!();
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned())
    }

    /// The same, not shown while it is typed.
    pub fn ask_secret(&self, question: &str) -> anyhow::Result<SecretString> {
        let _hidden = self.is_terminal.then(Hidden::new);
        let answer = self.ask(question);
        if self.is_terminal {
            println!();
        }
        Ok(SecretString::from(answer?.trim().to_owned()))
    }
}

/// While it lives, what is typed is not shown.
struct Hidden {
    before: Option<rustix::termios::Termios>,
}

impl Hidden {
    fn new() -> Self {
        let before = tcgetattr(stdin()).ok();
        if let Some(mut silent) = before.clone() {
            silent.local_modes -= LocalModes::ECHO;
            // Best effort: a terminal that cannot be silenced shows what is typed, as every program on it does.
            let _ = tcsetattr(stdin(), OptionalActions::Flush, &silent);
        }
        Self { before }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
