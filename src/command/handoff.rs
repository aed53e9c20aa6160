//! `handoff [TEAM]`, `handoff [TEAM] note …`, `handoff accept`

use super::mistake::Mistake;
use super::reading::Reading;
use super::{Command, Handoff, TEXT_MAX, names};

const SHOW: &[&str] = &["show", "preview", "summary", "of", "for", "now"];
const NOTE: &[&str] = &["note", "notes", "add", "remember"];
const ACCEPT: &[&str] = &["accept", "accepted", "ok", "yes"];

pub(super) fn handoff(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.left() == 1 && r.words.skip(ACCEPT) {
        return Ok(Command::Handoff(Handoff::Accept));
    }
    if r.words.skip(NOTE) {
        return note(r, None);
    }
    while r.words.skip(SHOW) {}
    if r.words.is_done() {
        return Ok(Command::Handoff(Handoff::Show(None)));
    }
    let team = names::team(r)?;
    if r.words.skip(NOTE) {
        return note(r, Some(team));
    }
    r.end().map(|()| Command::Handoff(Handoff::Show(Some(team))))
}

fn note(r: &mut Reading<'_>, team: Option<crate::domain::id::TeamId>) -> Result<Command, Mistake> {
    let at = r.words.at();
    match r.text(TEXT_MAX) {
        Some(text) => Ok(Command::Handoff(Handoff::Note { team, text })),
        None => Err(r.instead("What should the next one know?", at, at, "db-2 fills up until Tuesday")),
    }
}
