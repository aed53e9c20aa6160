//! The root-cause analysis in Slack: its window, what it says when it is complete, and who owes which.

use super::action_id::{Action, Elsewhere, OnRca, Origin, Piece, Subject};
use super::card::name;
use super::items::Listing;
use super::kit::{actions, button, context, more_private, plain, section, section_with};
use super::mrkdwn::{day, day_and_time, escape, escape_lines, escape_marked};
use super::{Message, items, limits};
use crate::domain::directory::Directory;
use crate::domain::id::{ChannelId, IncidentNo, ItemNo, StoreId, TeamId, UserId};
use crate::domain::item::{self, Item};
use crate::domain::page::Recipient;
use crate::domain::privacy::may_read_kept;
use crate::domain::rca::status::{Team, Week};
use crate::domain::rca::{Excuse, Impact, Missing, Part, Rca, Reach, Stands};
use crate::domain::stamp::At;
use crate::domain::world::World;
use slack_morphism::prelude::*;
use std::sync::Arc;

pub mod forms;
pub mod markdown;
mod prefill;

pub use prefill::prefill;

/// What a part is called.
pub fn called(part: Part) -> &'static str {
    match part {
        Part::Summary => "Summary",
        Part::Timeline => "Timeline",
        Part::Cause => "Findings and root cause",
        Part::Resolution => "Mitigation and resolution",
        Part::NoRepair => "Why nothing is to be repaired",
    }
}

/// On the card of its incident: that one is due, or that it is written.
pub fn on_card(rca: &Rca, d: &Directory) -> Option<String> {
    match (&rca.stands, rca.due) {
        (Stands::Owed, Some(due)) => {
            // True also when the card is not edited any more.
            Some(format!(":pencil: RCA due {}: the button says who writes it, and how it stands", day_and_time(due)))
        }
        (Stands::Owed, None) | (Stands::NotOwed(_), _) => None,
        (Stands::Completed(done), _) => {
            Some(format!(":bookmark_tabs: RCA completed by {}, {}", name(d, &done.by), day_and_time(done.at)))
        }
    }
}

/// The button that opens it; `None`: there is nothing to open.
pub fn card_button(rca: &Rca, subject: Subject) -> Option<SlackBlockButtonElement> {
    match rca.stands {
        Stands::Owed if rca.due.is_some() => Some(button(Action::Rca, "RCA", subject)),
        Stands::Completed(_) => Some(button(Action::Rca, "RCA", subject)),
        Stands::Owed | Stands::NotOwed(_) => None,
    }
}

/// What it is about. Where that may not be read, its number.
fn title(rca: &Rca, d: &Directory) -> String {
    let service = d.services.get(&rca.service).map_or(rca.service.as_str(), |s| s.name.as_str());
    let words = escape_marked(&rca.title, limits::TITLE);
    format!("*{}* {words} ({})", rca.incident, escape(service, limits::LABEL))
}

fn title_for(rca: &Rca, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> String {
    if may_read(rca, d, user, channel) { title(rca, d) } else { format!("*{}* (private)", rca.incident) }
}

/// Where it stands, in a sentence.
fn stands(rca: &Rca, d: &Directory) -> String {
    match (&rca.stands, rca.due) {
        (Stands::Owed, Some(due)) => format!("{} owes it by {}.", name(d, &rca.owner), day_and_time(due)),
        (Stands::Owed, None) => {
            format!("{} was opened again: the clock runs anew once customers do not feel it any more.", rca.incident)
        }
        (Stands::Completed(done), _) => {
            format!(":white_check_mark: Completed by {}, {}.", name(d, &done.by), day_and_time(done.at))
        }
        (Stands::NotOwed(Excuse::Merged { into }), _) => {
            format!("It is part of {into}: the RCA of {into} tells of both.")
        }
        (Stands::NotOwed(Excuse::NotActionable), _) => "No RCA needed: nothing had to be done.".to_owned(),
        (Stands::NotOwed(Excuse::Said { by, at, because }), _) => {
            format!("No RCA needed, says {}, {}: {}", name(d, by), day_and_time(*at), escape(because, limits::NOTE))
        }
    }
}

/// The window in which it is written, or read.
pub fn window(rca: &Rca, items: &[&Arc<Item>], told: Option<&str>, d: &Directory, origin: &Origin) -> SlackView {
    let of = |is: fn(&item::Kind) -> bool| items.iter().copied().filter(|item| is(&item.kind)).collect::<Vec<_>>();
    let repairs = of(|kind| matches!(kind, item::Kind::Repair | item::Kind::Later { .. }));
    let (meetings, alerts) = (of(|k| matches!(k, item::Kind::Meeting)), of(|k| matches!(k, item::Kind::Alert { .. })));
    let repairs = repairs.as_slice();
    let subject = origin.subject;
    let mut blocks: Vec<SlackBlock> = told.map(section).into_iter().collect();
    blocks.push(section(&title(rca, d)));
    blocks.push(context(&format!("{} {}", lasted(rca), stands(rca, d))));
    match &rca.stands {
        Stands::Owed => blocks.extend(written_so_far(rca, repairs, d, subject)),
        Stands::Completed(_) => {
            blocks.extend(whole(rca, repairs, d));
            blocks.extend(meetings.iter().map(|item| section(&items::line(item, d))));
            let more = press(Elsewhere::RcaPiece, "Add a repair item…", subject, Some(Piece::Repair));
            blocks.push(actions(vec![press(Elsewhere::RcaTakeUp, "Write on", subject, None), more]));
        }
        Stands::NotOwed(Excuse::Merged { .. }) => blocks.extend(whole(rca, repairs, d)),
        Stands::NotOwed(_) => {
            blocks.extend(whole(rca, repairs, d));
            blocks.push(actions(vec![press(Elsewhere::RcaTakeUp, "Write one all the same", subject, None)]));
        }
    }
    blocks.extend(alerts.iter().map(|item| context(&items::line(item, d))));
    super::modal::window(&format!("RCA of {}", rca.incident), blocks, Some(origin))
}

/// From when until when.
fn lasted(rca: &Rca) -> String {
    match rca.mitigated {
        Some(until) => format!("Opened {}, mitigated {}.", day_and_time(rca.opened), day_and_time(until)),
        None => format!("Opened {}.", day_and_time(rca.opened)),
    }
}

fn written_so_far(rca: &Rca, repairs: &[&Arc<Item>], d: &Directory, subject: Subject) -> Vec<SlackBlock> {
    let mut all = Vec::new();
    let (yes, no) =
        (press(Elsewhere::RcaFelt, "Yes, they did", subject, None), press(Elsewhere::RcaNotFelt, "No", subject, None));
    match rca.felt {
        None => {
            all.push(section("*Did customers feel it?* If not, a summary is enough."));
            all.push(actions(vec![yes, no]));
        }
        Some(false) => {
            let change = press(Elsewhere::RcaFelt, "They did feel it", subject, None);
            all.push(section_with("*Customers felt nothing*: a summary is enough.", change));
            all.push(part(rca, Part::Summary, "", d, subject));
        }
        Some(true) => {
            let change = press(Elsewhere::RcaNotFelt, "They felt nothing", subject, None);
            all.push(section_with("*Customers felt it*: these five parts.", change));
            all.push(part(rca, Part::Timeline, "1 ", d, subject));
            all.push(impact(rca, d, subject));
            all.push(part(rca, Part::Cause, "3 ", d, subject));
            all.push(part(rca, Part::Resolution, "4 ", d, subject));
            all.extend(repair(rca, repairs, d, subject));
        }
    }
    let missing = rca.missing(repairs.len());
    let mut buttons = Vec::new();
    if missing.is_empty() {
        let complete = press(Elsewhere::RcaComplete, "Complete", subject, None);
        buttons.push(complete.with_style(SlackBlockButtonStyle::Primary));
        let meeting = if rca.major {
            " It was major: it also puts a post-mortem meeting on the owner's list."
        } else if rca.is_significant() {
            " All customers felt it, of tier 1: it also puts a post-mortem meeting on the owner's list."
        } else {
            ""
        };
        all.push(section(&format!("*All is there.* Completing it posts it to the channel.{meeting}")));
    } else if rca.felt.is_some() {
        all.push(context(&format!("Still missing: {}.", lacks(&missing))));
    }
    buttons.push(press(Elsewhere::RcaOwner, "Hand over…", subject, Some(Piece::Owner)));
    buttons.push(press(Elsewhere::RcaExcuse, "No RCA needed…", subject, Some(Piece::Excuse)));
    all.push(actions(buttons));
    all
}

/// "the timeline, and a repair item or why there is none"
pub fn lacks(missing: &[Missing]) -> String {
    let words = |missing: &Missing| match missing {
        Missing::Answer => "whether customers felt it",
        Missing::Impact => "the impact",
        Missing::Part(Part::Summary) => "the summary",
        Missing::Part(Part::Timeline) => "the timeline",
        Missing::Part(Part::Cause) => "findings and root cause",
        Missing::Part(Part::Resolution) => "mitigation and resolution",
        Missing::Part(Part::NoRepair) | Missing::Repair => "a repair item, or why there is none",
    };
    missing.iter().map(words).collect::<Vec<_>>().join("; ")
}

fn part(rca: &Rca, part: Part, no: &str, d: &Directory, subject: Subject) -> SlackBlock {
    let piece = Some(Piece::Part(part));
    let head = format!("*{no}{}*", called(part));
    match rca.parts.get(&part).filter(|written| !written.text.is_empty()) {
        Some(written) => {
            let text = escape_lines(&written.text, limits::RCA_PREVIEW);
            let by = format!("{}, {}", name(d, &written.by), day_and_time(written.at));
            let words = format!("{head} :white_check_mark: {by}\n{text}");
            section_with(&words, press(Elsewhere::RcaPiece, "Edit…", subject, piece))
        }
        None => {
            let filled = match part {
                Part::Timeline | Part::Resolution => "\nFilled in from what happened: read, correct, save.",
                Part::Summary | Part::Cause | Part::NoRepair => "",
            };
            section_with(&format!("{head}{filled}"), press(Elsewhere::RcaPiece, "Write…", subject, piece))
        }
    }
}

fn impact(rca: &Rca, d: &Directory, subject: Subject) -> SlackBlock {
    let piece = Some(Piece::Impact);
    match &rca.impact {
        Some(impact) => {
            let by = format!("{}, {}", name(d, &impact.by), day_and_time(impact.at));
            let words = format!("*2 Impact* :white_check_mark: {by}\n{}", felt(impact));
            section_with(&words, press(Elsewhere::RcaPiece, "Edit…", subject, piece))
        }
        None => section_with("*2 Impact*\nWho felt what.", press(Elsewhere::RcaPiece, "Write…", subject, piece)),
    }
}

/// "Customers with a card, all of them, the whole time: nobody could pay."
fn felt(impact: &Impact) -> String {
    let users = match impact.users {
        Reach::All => "all of them",
        Reach::Some => "some of them",
    };
    let time = match impact.time {
        Reach::All => "the whole time",
        Reach::Some => "a part of the time",
    };
    format!("{}, {users}, {time}: {}", escape(&impact.who, limits::NOTE), escape(&impact.what, limits::NOTE))
}

fn repair(rca: &Rca, repairs: &[&Arc<Item>], d: &Directory, subject: Subject) -> Vec<SlackBlock> {
    let add = press(Elsewhere::RcaPiece, "Add…", subject, Some(Piece::Repair));
    let sign = if repairs.is_empty() { "" } else { " :white_check_mark:" };
    let mut lines = vec![format!("*5 Repair items*{sign}")];
    lines.extend(repairs.iter().map(|item| items::line(item, d)));
    if repairs.is_empty() {
        lines.push("What is done so that it does not happen again: who, by when.".to_owned());
    }
    let mut all = vec![section_with(&fitting(&lines, limits::SECTION_TEXT), add)];
    if repairs.is_empty() {
        all.push(part(rca, Part::NoRepair, "", d, subject));
    }
    all
}

/// As many lines as have room, and how many have not.
fn fitting(lines: &[String], most: usize) -> String {
    let (mut text, mut left) = (String::new(), 0);
    for line in lines {
        if text.chars().count() + line.chars().count() + 20 > most {
            left += 1;
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
    if left > 0 { format!("{text}\n…and {left} more") } else { text }
}

/// All that is written.
fn whole(rca: &Rca, repairs: &[&Arc<Item>], d: &Directory) -> Vec<SlackBlock> {
    let mut all = Vec::new();
    let part = |part: Part| {
        let text = rca.text(part);
        if text.is_empty() { Vec::new() } else { sections(&format!("*{}*", called(part)), text) }
    };
    if rca.felt == Some(true) {
        all.extend(part(Part::Timeline));
        all.extend(rca.impact.as_ref().map(|impact| section(&format!("*Impact*\n{}", felt(impact)))));
        all.extend(part(Part::Cause));
        all.extend(part(Part::Resolution));
    } else {
        all.extend(part(Part::Summary));
        all.extend((rca.felt == Some(false)).then(|| context("Customers felt nothing.")));
    }
    all.extend(repair_lines(rca, repairs, d));
    all
}

fn repair_lines(rca: &Rca, repairs: &[&Arc<Item>], d: &Directory) -> Option<SlackBlock> {
    let mut lines = vec!["*Repair items*".to_owned()];
    lines.extend(repairs.iter().map(|item| items::line(item, d)));
    if repairs.is_empty() {
        let why = rca.text(Part::NoRepair);
        if why.is_empty() {
            return None;
        }
        lines.push(format!("None: {}", escape_lines(why, limits::NOTE)));
    }
    Some(section(&fitting(&lines, limits::SECTION_TEXT)))
}

/// A long text below its head, in as many sections as it needs, cut between lines where that is possible.
fn sections(head: &str, text: &str) -> Vec<SlackBlock> {
    let (mut all, mut now) = (Vec::new(), head.to_owned());
    for line in text.split('\n') {
        // Escaped, a character is five at most.
        for piece in forms::pieces(line, limits::THREAD_CHARS / 5) {
            let escaped = escape_lines(&piece, limits::RCA_PART);
            if now.chars().count() + escaped.chars().count() + 1 > limits::THREAD_CHARS {
                all.push(section(&std::mem::take(&mut now)));
            }
            if !now.is_empty() {
                now.push('\n');
            }
            now.push_str(&escaped);
        }
    }
    all.extend((!now.trim().is_empty()).then(|| section(&now)));
    all
}

/// What is posted to the channel when it is complete.
pub fn completed(no: IncidentNo, to: &Recipient, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let rca = w.rcas.get(&no)?;
    let channel = match to {
        Recipient::Channel(channel) => Some(channel),
        Recipient::User(_) => None,
    };
    let subject = Subject { store, incident: no };
    if !may_read(rca, d, None, channel) {
        return Some(Message::plain(format!("The RCA of {no} (private): {}", stands(rca, d))));
    }
    let read = press(Elsewhere::OpenRca, "Read it all", subject, None);
    let Stands::Completed(done) = &rca.stands else {
        let words = format!("RCA of {}. {}", title(rca, d), stands(rca, d));
        return Some(Message {
            blocks: vec![section_with(&words, read)],
            text: format!("The RCA of {no}"),
            colored: None,
        });
    };
    let repairs = item::repairs_of(w, no);
    let head = format!(":bookmark_tabs: *RCA* of {}, by {}.", title(rca, d), name(d, &done.by));
    let mut blocks = vec![section_with(&head, read)];
    blocks.extend(whole_in_short(rca, &repairs, d));
    let meetings = w.items.values().filter(|item| item.incident == no && item.kind == item::Kind::Meeting);
    blocks.extend(meetings.map(|item| section(&items::line(item, d))));
    Some(Message { text: format!("RCA of {no}: {}", escape(&rca.title, 120)), blocks, colored: None })
}

/// What matters to whoever was not there: what customers felt, why, and what is done about it.
fn whole_in_short(rca: &Rca, repairs: &[&Arc<Item>], d: &Directory) -> Vec<SlackBlock> {
    let short = |part: Part| escape_lines(rca.text(part), limits::RCA_IN_SHORT);
    if rca.felt != Some(true) {
        return vec![section(&format!("Customers felt nothing. {}", short(Part::Summary)))];
    }
    let felt = rca.impact.as_ref().map(felt).unwrap_or_default();
    let mut all = vec![
        section(&format!("*Impact* {felt}")),
        section(&format!("*{}* {}", called(Part::Cause), short(Part::Cause))),
    ];
    all.extend(repair_lines(rca, repairs, d));
    all
}

/// What somebody owes, for them alone.
pub fn owes(
    whose: &UserId,
    rcas: &[IncidentNo],
    items: &[ItemNo],
    at: At,
    w: &World,
    d: &Directory,
    store: StoreId,
) -> Option<Message> {
    let rcas: Vec<_> = rcas.iter().filter_map(|no| w.rcas.get(no)).collect();
    let items: Vec<_> = items.iter().filter_map(|no| w.items.get(no)).collect();
    if rcas.is_empty() && items.is_empty() {
        return None;
    }
    // Of somebody whom nothing reaches, whoever leads hears.
    let is_reached = |who: &UserId| d.users.get(who).is_some_and(|u| u.slack.is_some() || u.email.is_some());
    let is_owed = |rca: &&&Arc<Rca>| rca.is_owed() && (rca.owner == *whose || !is_reached(&rca.owner));
    let open = rcas.iter().filter(is_owed).count() + items.iter().filter(|item| item.is_open()).count();
    if open == 0 {
        return Some(Message::plain(":white_check_mark: Nothing of this list is left for you."));
    }
    let late = rcas.iter().filter(|rca| is_owed(rca) && rca.is_late(at)).count()
        + items.iter().filter(|item| item.is_late(at)).count();
    let soon = |due: At| due < at.plus_secs(SOON_SECS);
    let soon = rcas.iter().any(|rca| rca.is_owed() && rca.due.is_some_and(soon))
        || items.iter().any(|item| item.is_open() && soon(item.due));
    let givers = rcas.iter().filter(is_owed).filter_map(|rca| rca.giver.as_ref().filter(|by| **by != rca.owner));
    let givers = givers.chain(items.iter().filter(|item| item.is_open()).filter_map(|item| item.giver()));
    let giver = givers.map(|by| name(d, by)).next().filter(|_| open == 1);
    let this = giver.as_ref().map_or("This is yours".to_owned(), |by| format!("{by} gave you this"));
    let head = match (open, late, soon) {
        (1, 0, true) => format!(":pencil: *{this}, and it is due soon.*"),
        (1, 0, false) => format!(":pencil: *{this}.*"),
        (1, _, _) => format!(":pencil: *{this}, and it was due.*"),
        (n, 0, true) => format!(":pencil: *These {n} are yours; some are due soon.*"),
        (n, 0, false) => format!(":pencil: *These {n} are yours.*"),
        (n, 1, _) => format!(":pencil: *These {n} are yours; one was due.*"),
        (n, late, _) => format!(":pencil: *These {n} are yours; {late} were due.*"),
    };
    let mut blocks = vec![section(&head)];
    let reader = (Some(whose), None);
    blocks.extend(rcas.iter().map(|rca| owed_line(rca, at, reader, d, store)));
    blocks.extend(items.iter().map(|item| items::with_button(item, at, d, store)));
    let first = rcas.iter().find(|rca| rca.is_owed()).map(|rca| format!("the RCA of {}", rca.incident));
    let first = first.or_else(|| items.iter().find(|item| item.is_open()).map(|item| items::in_short(item, d)));
    let more = if open > 1 { format!(", and {} more", open - 1) } else { String::new() };
    let from = giver.map_or(String::new(), |by| format!(", from {by}"));
    let text = format!("Yours to do{from}: {}{more}", first.unwrap_or_default());
    Some(Message { text, blocks, colored: None })
}

/// Who reads it, and where.
type Reader<'a> = (Option<&'a UserId>, Option<&'a ChannelId>);

/// What is due within so long is due soon.
const SOON_SECS: i64 = 48 * 60 * 60;

/// One that is owed, with its button.
fn owed_line(rca: &Rca, at: At, reader: Reader<'_>, d: &Directory, store: StoreId) -> SlackBlock {
    let subject = Subject { store, incident: rca.incident };
    let late = if rca.is_late(at) { ":warning: late. " } else { "" };
    let giver = rca.giver.as_ref().filter(|by| rca.is_owed() && **by != rca.owner);
    let giver = giver.map_or(String::new(), |by| format!(" From {}.", name(d, by)));
    let words = format!("{late}RCA of {}. {}{giver}", title_for(rca, d, reader.0, reader.1), stands(rca, d));
    let label = if rca.is_owed() { "Write" } else { "Read" };
    section_with(&words, press(Elsewhere::OpenRca, label, subject, None))
}

/// What is late of the teams that somebody leads.
pub fn late(rcas: &[IncidentNo], to: &Recipient, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let all: Vec<_> = rcas.iter().filter_map(|no| w.rcas.get(no)).collect();
    let owed: Vec<_> = all.iter().filter(|rca| rca.is_owed()).collect();
    if all.is_empty() {
        return None;
    }
    let Some(first) = owed.first() else {
        return Some(Message::plain(":white_check_mark: None of these RCAs is late any more."));
    };
    let (head, reader) = match to {
        Recipient::User(lead) => {
            let head = format!(
                ":hourglass: *RCAs of your teams that are late: {}.* Who owes them is reminded each working day.",
                owed.len()
            );
            (head, (Some(lead), None))
        }
        Recipient::Channel(channel) => {
            let head = ":hourglass: *An RCA is late, and nobody is there who could be told*: whoever owes it left, and its \
                        team has no lead. *Hand over…* in it gives it to somebody.";
            (head.to_owned(), (None, Some(channel)))
        }
    };
    let mut blocks = vec![section(&head)];
    blocks.extend(owed.iter().take(limits::OWES).map(|rca| owed_line(rca, At(i64::MIN), reader, d, store)));
    if owed.len() > limits::OWES {
        blocks.push(context(&format!("…and {} more: `/pager rca list all` has all.", owed.len() - limits::OWES)));
    }
    let text = format!("{} late, the RCA of {} first", owed.len(), first.incident);
    Some(Message { text, blocks, colored: None })
}

/// The answer to `/pager rca` and `/pager rca list`.
pub fn list(
    listed: Listing<'_, Rca>,
    reader: Reader<'_>,
    at: At,
    d: &Directory,
    store: StoreId,
    command: &str,
) -> Message {
    let Listing { all, private, of } = listed;
    let whose = of.map_or("You have".to_owned(), |of| format!("{} has", escape_marked(of, limits::LABEL)));
    let command = escape(command, 40);
    if all.is_empty() && private == 0 {
        return Message::plain(format!("{whose} no RCA to write. `{command} rca status` says how all teams stand."));
    }
    let count = if all.len() == 1 { "one RCA".to_owned() } else { format!("{} RCAs", all.len()) };
    let head = format!("*{whose} {count} to write*");
    let mut blocks = vec![section(&head)];
    blocks.extend(all.iter().take(limits::OWES).map(|rca| owed_line(rca, at, reader, d, store)));
    if all.len() > limits::OWES {
        blocks.push(context(&format!(
            "…and {} more, which are due later: `{command} rca 12` opens any.",
            all.len() - limits::OWES
        )));
    }
    if private > 0 {
        blocks.push(context(&more_private(private)));
    }
    Message { text: head.replace('*', ""), blocks, colored: None }
}

/// Where somebody may not open a window by words: the same by a button.
pub fn to_open(rca: &Rca, at: At, reader: Reader<'_>, d: &Directory, store: StoreId) -> Message {
    let text = format!("The RCA of {}", rca.incident);
    Message { text, blocks: vec![owed_line(rca, at, reader, d, store)], colored: None }
}

/// All teams: what is owed and late, and how the last eight weeks went.
pub fn status(teams: &[Team], weeks: &[Week], since: Option<At>, d: &Directory, command: &str) -> Message {
    let named = |id: &TeamId| escape_marked(d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str()), limits::LABEL);
    let owed: usize = teams.iter().map(|t| t.owed).sum();
    let late: usize = teams.iter().map(|t| t.late).sum();
    let head = format!("*RCAs of all teams*: {owed} owed, {late} of them late.");
    let mut lines = vec![head.clone()];
    for t in teams.iter().take(limits::LIST_BRIEF) {
        let late = if t.late > 0 { format!(" · :warning: {} late", t.late) } else { String::new() };
        let oldest = t.oldest.as_ref().map(|(no, due)| format!(" · oldest {no}, due {}", day_and_time(*due)));
        let done = match t.in_time + t.too_late {
            0 => String::new(),
            all => format!(" · {} of {all} in time", t.in_time),
        };
        lines.push(format!("• *{}*: {} owed{late}{}{done}", named(&t.team), t.owed, oldest.unwrap_or_default()));
    }
    if teams.len() > limits::LIST_BRIEF {
        lines.push(format!("…and {} teams more", teams.len() - limits::LIST_BRIEF));
    }
    let mut blocks = vec![section(&fitting(&lines, limits::SECTION_TEXT))];
    let week = |week: &Week| {
        let all = week.in_time + week.too_late;
        let sign = if week.too_late > 0 { " :warning:" } else { "" };
        format!("{}: {all} completed, {} in time{sign}", day(week.from), week.in_time)
    };
    let weeks: Vec<String> = weeks.iter().filter(|w| w.in_time + w.too_late > 0).map(week).collect();
    if weeks.is_empty() {
        blocks.push(context("None was completed in the last eight weeks."));
    } else {
        blocks.push(section(&format!("*The last eight weeks*, by the day each began\n{}", weeks.join("\n"))));
    }
    if let Some(since) = since {
        blocks
            .push(context(&format!("What was completed before {} is put away, and not counted.", day_and_time(since))));
    }
    blocks.push(context(&format!("`{} rca list all` names those that are owed.", escape(command, 40))));
    Message { text: head.replace('*', ""), blocks, colored: None }
}

/// What came of something that was done to it, where no window shows it.
pub fn told(no: IncidentNo) -> String {
    format!("Saved in the RCA of {no}.")
}

/// It is somebody else's to write now.
pub fn handed_over(rca: &Rca, d: &Directory) -> String {
    let who = name(d, &rca.owner);
    let is_told = d.users.get(&rca.owner).is_some_and(|u| u.slack.is_some() || u.email.is_some());
    match rca.giver.as_ref().is_some_and(|by| *by != rca.owner) && is_told {
        true => {
            format!("{who} writes the RCA of {} now, and hears of it, from you, when they work next.", rca.incident)
        }
        false => format!("{who} writes the RCA of {} now.", rca.incident),
    }
}

/// Nobody knows yet whether it was saved.
pub fn takes_long() -> String {
    "That takes long. What you wrote is still here: press Save again in a moment; nothing is saved twice.".to_owned()
}

/// It is not in memory, or never was owed.
pub fn none(no: IncidentNo, command: &str) -> String {
    format!(
        "{no} needs no RCA. One is needed for what was of high urgency in production, once customers do not feel it any more; \
         `{} rca list all` has all that are to be written. An old one is read by `warridor export rca {}`.",
        escape(command, 40),
        no.0
    )
}

/// May not be read about here.
pub fn private(no: IncidentNo) -> String {
    format!("{no} is private: open its RCA in its own channel.")
}

/// May this reader see what it is about? Whoever owes it may, and whoever leads its team.
pub fn may_read(rca: &Rca, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> bool {
    let is_theirs = |user: &UserId| {
        rca.owner == *user || d.teams.get(&rca.team).is_some_and(|team| team.lead.as_ref() == Some(user))
    };
    user.is_some_and(is_theirs) || may_read_kept(&rca.service, rca.private, d, user, channel)
}

fn press(what: Elsewhere, words: &str, subject: Subject, piece: Option<Piece>) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(words))
        .with_action_id(what.id().into())
        .with_value(OnRca { subject, piece }.value())
}
