//! `heartbeats [SERVICE]`

use super::mistake::Mistake;
use super::reading::Reading;
use super::{Command, names};

const LIST: &[&str] = &["list", "ls", "show", "all"];
const OF: &[&str] = &["in", "of", "for"];

pub(super) fn heartbeats(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.left() == 1 {
        r.words.skip(LIST);
    }
    while r.words.skip(OF) {}
    if r.words.is_done() {
        return Ok(Command::Heartbeats(None));
    }
    let service = names::service(r)?;
    r.end().map(|()| Command::Heartbeats(Some(service)))
}
