//! `rca [N]`, `rca list [TEAM]`, `rca status`, `items [TEAM]`, `items done N [what came of it]`, `items give N @WHO`,
//! `items move N TIME`, `items reopen N`

use super::mistake::Mistake;
use super::reading::Reading;
use super::which::{incident_no, number};
use super::{Command, Items, Rcas, TEXT_MAX, names, people, when};
use crate::domain::id::{IncidentNo, ItemNo};
use crate::domain::stamp::At;

const LIST: &[&str] = &["list", "ls", "owed", "late", "overdue"];
const STATUS: &[&str] = &["status", "report", "stats"];
const ALL: &[&str] = &["all", "everybody", "everyone", "teams"];
const MINE: &[&str] = &["mine", "my", "me"];
const WRITE: &[&str] = &["write", "open", "read", "show", "of", "for", "on"];
const GIVE: &[&str] = &["give", "assign", "reassign", "hand"];
const MOVE: &[&str] = &["move", "due", "postpone", "by"];
const REOPEN: &[&str] = &["reopen", "open", "undo", "undone", "unfinish"];
const DONE: &[&str] = &["done", "finish", "finished", "complete", "completed", "close"];

pub(super) fn rca(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.is_done() || r.words.left() == 1 && r.words.skip(MINE) {
        return Ok(Command::Rca(Rcas::Mine));
    }
    if r.words.skip(STATUS) {
        return r.end().map(|()| Command::Rca(Rcas::Status));
    }
    if r.words.skip(LIST) {
        if r.words.is_done() || r.words.left() == 1 && r.words.skip(MINE) {
            return Ok(Command::Rca(Rcas::Mine));
        }
        return team(r).map(|of| Command::Rca(Rcas::List(of)));
    }
    while r.words.skip(WRITE) {}
    match number(r)? {
        Some(no) => r.end().map(|()| Command::Rca(Rcas::Of(no))),
        None => team(r).map(|of| Command::Rca(Rcas::List(of))),
    }
}

pub(super) fn items(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.skip(DONE) {
        let item = item_no(r)?;
        let outcome = r.text(TEXT_MAX).unwrap_or_default();
        return Ok(Command::Items(Items::Done { item, outcome }));
    }
    if r.words.left() == 1 && r.words.skip(&["open"]) {
        return Ok(Command::Items(Items::Mine));
    }
    if r.words.skip(REOPEN) {
        r.words.skip(&["again"]);
        let item = item_no(r)?;
        r.words.skip(&["again"]);
        return r.end().map(|()| Command::Items(Items::Reopen { item }));
    }
    if r.words.skip(GIVE) {
        let item = item_no(r)?;
        while r.words.skip(&["to"]) {}
        let owner = Some(people::user(r)?);
        return r.end().map(|()| Command::Items(Items::Change { item, owner, due: None }));
    }
    if r.words.skip(MOVE) {
        let item = item_no(r)?;
        let due = Some(day(r)?);
        return r.end().map(|()| Command::Items(Items::Change { item, owner: None, due }));
    }
    if r.words.skip(&["list", "ls", "show"]) && r.words.is_done() {
        return Ok(Command::Items(Items::Mine));
    }
    if r.words.is_done() || r.words.left() == 1 && r.words.skip(MINE) {
        return Ok(Command::Items(Items::Mine));
    }
    team(r).map(|of| Command::Items(Items::Of(of)))
}

/// By when. Work is due on a day: what is not understood is rather one than a length.
fn day(r: &mut Reading<'_>) -> Result<At, Mistake> {
    let at = r.words.at();
    when::moment(&mut r.clone()).map_err(|mistake| {
        let is_length = |line: &String| {
            let last = line.rsplit(' ').next().unwrap_or_default();
            last.starts_with(|c: char| c.is_ascii_digit()) && last.ends_with(['h', 'm'])
        };
        match mistake.instead.as_ref().is_some_and(is_length) {
            true if r.words.is_done() => r.instead("By when?", at, at, "friday"),
            true => {
                let typed = r.quoted(at, at + r.words.left());
                r.instead(format!("By when? {typed} is no day that I know."), at, at + r.words.left(), "friday")
            }
            false => mistake,
        }
    })?;
    when::moment(r).map(|moment| moment.at)
}

/// The item's number, which stands next.
fn item_no(r: &mut Reading<'_>) -> Result<ItemNo, Mistake> {
    while r.words.skip(&["number", "no", "nr", "item"]) {}
    let at = r.words.at();
    match r.words.lower(0).map(incident_no) {
        None => Err(r.rather("Which one? The list has their numbers.", "items")),
        Some(Some(IncidentNo(no))) => {
            r.words.advance(1);
            Ok(ItemNo(no))
        }
        Some(None) => {
            let word = r.quoted(at, at + 1);
            Err(r.rather(format!("{word} is no number of the list."), "items"))
        }
    }
}

/// A team, or all of them.
fn team(r: &mut Reading<'_>) -> Result<Option<crate::domain::id::TeamId>, Mistake> {
    if r.words.is_done() || r.words.left() == 1 && r.words.skip(ALL) {
        return Ok(None);
    }
    let team = names::team(r)?;
    r.end().map(|()| Some(team))
}
