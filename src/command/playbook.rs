//! `playbook [N|NAME|list]`, `playbook draft [N]`

use super::mistake::{Mistake, any_of, quoted};
use super::reading::Reading;
use super::which::number;
use super::{Command, Which, WhichPlaybook};
use crate::domain::id::PlaybookId;

const LIST: &[&str] = &["list", "ls", "all"];
/// Of those that begin so, how many are named.
const SEVERAL: usize = 5;
const FROM: &[&str] = &["for", "from", "of", "incident"];
const FOR: &[&str] = &["for", "show", "open", "of"];

pub(super) fn playbook(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.left() == 1 && r.words.skip(LIST) {
        return Ok(Command::Playbook(WhichPlaybook::List));
    }
    if r.words.is(&["draft"]) {
        r.words.advance(1);
        while r.words.skip(FROM) {}
        if r.words.is_done() {
            return Ok(Command::Playbook(WhichPlaybook::Draft(Which::Mine)));
        }
        let typed = r.words.rest().to_owned();
        return match number(r)? {
            Some(no) => r.end().map(|()| Command::Playbook(WhichPlaybook::Draft(Which::No(no)))),
            None => Err(r.rather(format!("{} is no number of an incident.", quoted(&typed)), "playbook draft")),
        };
    }
    while r.words.skip(FOR) {}
    if r.words.is_done() {
        return Ok(Command::Playbook(WhichPlaybook::For(Which::Mine)));
    }
    if let Some(no) = number(r)? {
        return r.end().map(|()| Command::Playbook(WhichPlaybook::For(Which::No(no))));
    }
    let typed = r.words.rest().to_lowercase();
    let typed = typed.trim().trim_end_matches(".md").replace(' ', "-");
    let known = &r.directory().playbooks;
    let by_name = |id: &&PlaybookId| id.as_str().to_lowercase() == typed;
    let by_beginning = |id: &&PlaybookId| id.as_str().to_lowercase().starts_with(&typed);
    let begun: Vec<&PlaybookId> = known.keys().filter(by_beginning).take(SEVERAL).collect();
    let only = if let [only] = begun.as_slice() { Some(*only) } else { None };
    if let Some(id) = known.keys().find(by_name).or(only) {
        return Ok(Command::Playbook(WhichPlaybook::Named(id.clone())));
    }
    if let [first, ..] = begun.as_slice() {
        let all: Vec<String> = begun.iter().map(|id| quoted(id.as_str())).collect();
        return Err(r.rather(format!("{} could be {}.", quoted(&typed), any_of(&all)), &format!("playbook {first}")));
    }
    let why = format!("I know no playbook {}.", quoted(&typed));
    Err(match super::nearest(&typed, known.keys().map(PlaybookId::as_str)) {
        Some(meant) => r.rather(why, &format!("playbook {meant}")),
        None => r.rather(why, "playbook list"),
    })
}
