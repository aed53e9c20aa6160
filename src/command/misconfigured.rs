//! `misconfigured [SERVICE]`, `misconfigured fixed N`

use super::mistake::Mistake;
use super::reading::Reading;
use super::which::incident_no;
use super::{Command, names};
use crate::domain::id::{IncidentNo, MisconfiguredNo};

const LIST: &[&str] = &["list", "ls", "show", "all", "alerts"];
const MENDED: &[&str] = &["fixed", "mended", "done", "end", "remove", "rm"];
const OF: &[&str] = &["in", "of", "for", "on", "alerts"];

pub(super) fn misconfigured(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.left() == 1 && r.words.skip(LIST) {
        return Ok(Command::Misconfigured(None));
    }
    if r.words.skip(MENDED) {
        while r.words.skip(&["number", "no", "nr", "alert"]) {}
        let at = r.words.at();
        return match r.words.lower(0).map(incident_no) {
            None => Err(r.rather("Which one? The list has their numbers.", "misconfigured")),
            Some(Some(IncidentNo(no))) => {
                r.words.advance(1);
                r.end().map(|()| Command::Mended(MisconfiguredNo(no)))
            }
            Some(None) => {
                let word = r.quoted(at, at + 1);
                Err(r.rather(format!("{word} is no number of the list."), "misconfigured"))
            }
        };
    }
    while r.words.skip(OF) {}
    if r.words.is_done() {
        return Ok(Command::Misconfigured(None));
    }
    let service = names::service(r)?;
    r.end().map(|()| Command::Misconfigured(Some(service)))
}
