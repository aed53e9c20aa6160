//! The triage walk: big choices first, then what is felt; beside it, what is going on.

use super::action_id::{Action, Elsewhere, FIELD, Field, Form, OnFixer, Origin, Subject};
use super::card::{name, status, title};
use super::going_on::Beside;
use super::kit::{actions, button, confirm, context, divider, option, plain, plain_option, section, section_with};
use super::modal::{form, input, one_line, optional};
use super::mrkdwn::{day_and_time, escape, names, time};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, ItemNo, StoreId, TeamId, UserId};
use crate::domain::incident::{Happening, Incident, State};
use crate::domain::item::WHAT_CHARS;
use crate::domain::rca::Rca;
use crate::domain::snooze::SnoozeChoice;
use crate::domain::triage::{Affected, Answer, Trend, Triage};
use crate::domain::worked::Worked;
use slack_morphism::prelude::*;
use std::sync::Arc;

/// What the window shows beside the incident itself.
pub struct Around<'a> {
    pub beside: &'a Beside<'a>,
    /// Other open incidents that may have to do with it, the likeliest first.
    pub others: &'a [&'a Incident],
    /// Who fixed what the same alert led to before.
    pub fixed_before: Option<(IncidentNo, UserId)>,
    /// What the same alert led to before, the newest first: at most [`limits::BEFORE`].
    pub before: &'a [Before],
    /// Whom its reader would wake by saying that it is major.
    pub wakes: &'a [UserId],
}

/// An earlier incident of the same alert, and what was written of it, where its reader may read that.
pub struct Before {
    pub incident: Incident,
    pub rca: Option<Arc<Rca>>,
}

/// *Add Ben*
pub(super) fn add_fixer(who: &UserId, d: &Directory, subject: Subject) -> SlackBlockButtonElement {
    let words = format!("Add {}", d.name_of(who).chars().take(30).collect::<String>());
    let value = OnFixer { subject, who: who.clone() }.value();
    SlackBlockButtonElement::new(plain(&words)).with_action_id(Elsewhere::AddFixer.id().into()).with_value(value)
}

/// They left the configuration since the button was drawn.
pub fn fixer_is_gone(no: IncidentNo) -> String {
    format!("They are not here any more. *Add responders…* under *More…* of {no} asks somebody else.")
}

/// Whoever took what is new to them hears who knows it, beside what they hear anyway.
pub fn offer_help(
    message: &mut Message,
    (before, who): (IncidentNo, &UserId),
    no: IncidentNo,
    d: &Directory,
    store: StoreId,
) {
    let words = format!("New to you? {} fixed the same alert before, in {before}.", name(d, who));
    message.text = format!("{} {words}", message.text);
    message.blocks.push(section_with(&words, add_fixer(who, d, Subject { store, incident: no })));
}

/// "#7, Mar 2 03:02: Ben fixed it in 14 min: “restarted the worker”. Playbook “Disk is full”, 6 of 7 steps. RCA: `/pager rca 7`."
fn came_before(before: &Before, d: &Directory) -> String {
    let i = &before.incident;
    let worked = Worked::of(i);
    let took = worked.fixed.map(|fixed| format!(" in {}", super::reply::span((fixed.0 - i.opened.0) / 1_000)));
    let put_off = i.put_off().map(|(by, item)| format!("{} put it off, as item {}", name(d, by), item.0));
    let how = match (worked.fixed_by(), took) {
        _ if put_off.is_some() => put_off.unwrap_or_default(),
        (Some(who), Some(took)) => format!("{} fixed it{took}", name(d, &who)),
        (None, Some(took)) => format!("over{took}"),
        (_, None) => "not over yet".to_owned(),
    };
    let note = i.timeline.iter().rev().find_map(|e| match &e.what {
        Happening::Resolved { note, .. } if !note.is_empty() => Some(note),
        _ => None,
    });
    let note = note.map(|note| format!(": \u{201c}{}\u{201d}", escape(note, limits::TITLE)));
    let playbook = worked.playbook.map(|(title, done, of)| {
        format!(" Playbook \u{201c}{}\u{201d}, {done} of {of} steps.", escape(&title, limits::LABEL))
    });
    let rca = before.rca.as_ref().filter(|rca| !rca.is_blank()).map(|_| format!(" RCA: `/pager rca {}`.", i.no.0));
    format!(
        "• {}, {}: {how}{}.{}{}",
        i.no,
        day_and_time(i.opened),
        note.unwrap_or_default(),
        playbook.unwrap_or_default(),
        rca.unwrap_or_default()
    )
}

/// The window. `told`: what came of what was pressed in it.
pub fn window(i: &Incident, around: &Around<'_>, told: Option<&str>, d: &Directory, origin: &Origin) -> SlackView {
    let subject = origin.subject;
    let mut blocks: Vec<SlackBlock> = told.map(section).into_iter().collect();
    blocks.push(section(&title(i)));
    blocks.push(context(&status(i, d)));
    if i.is_resolved() {
        return super::modal::window(&format!("Triage {}", i.no), blocks, Some(origin));
    }
    let choice =
        |words: &str, then: &str, what: SlackBlockButtonElement| section_with(&format!("*{words}* {then}"), what);
    if i.started.is_none() {
        let start = button(Action::Start, "I'm on it", subject).with_style(SlackBlockButtonStyle::Primary);
        blocks.push(choice("I'm on it.", "You work on it now.", start));
    }
    blocks.push(choice(
        "Not mine.",
        "Pages the right team, until they answer.",
        press(Elsewhere::NotMine, "Not mine…", subject),
    ));
    if i.major.is_none() {
        blocks.push(choice(
            "Not now.",
            "Snoozes it, and lists its alert to be fixed.",
            press(Elsewhere::NotNow, "Not now…", subject),
        ));
    }
    let is_snoozed = matches!(i.state, State::Snoozed { .. });
    blocks.extend((i.major.is_some() || !is_snoozed).then(|| match &i.major {
        Some(done) => {
            let words = format!("*It is major*, said {} at {}.", name(d, &done.by), time(done.at));
            section_with(&words, press(Elsewhere::NotMajor, "Not major", subject))
        }
        None => choice("It is major.", &wakes_now(around.wakes, d), it_is_major(i, around.wakes, d, subject)),
    }));
    if may_wait(i) {
        blocks.push(choice(
            "It can wait.",
            "Somebody does it by a day; it is over for now.",
            press(Elsewhere::CanWait, "It can wait…", subject),
        ));
    }
    blocks.push(choice(
        "The same as another one.",
        "That one takes its alerts.",
        button(Action::Merge, "Same as…", subject),
    ));
    if let Some((earlier, who)) = &around.fixed_before {
        let who_is = name(d, who);
        let words = format!("*{who_is} fixed it before*, in {earlier}.");
        blocks.push(section_with(&words, add_fixer(who, d, subject)));
    }
    if !around.before.is_empty() {
        let lines: Vec<String> = around.before.iter().map(|before| came_before(before, d)).collect();
        blocks.push(section(&format!("*The same alert before*\n{}", lines.join("\n"))));
    }
    blocks.push(divider());
    blocks.extend(questions(i, d, subject));
    blocks.push(divider());
    blocks.extend(around_it(i, around, d));
    super::modal::window(&format!("Triage {}", i.no), blocks, Some(origin))
}

/// What customers feel cannot, nor can what is major.
fn may_wait(i: &Incident) -> bool {
    let felt = i.triage.as_ref().and_then(|triage| triage.affected.as_ref());
    i.major.is_none() && felt.is_none_or(|said| !said.what.is_customers())
}

/// The button that wakes everybody, once its question is answered.
fn it_is_major(i: &Incident, wakes: &[UserId], d: &Directory, subject: Subject) -> SlackBlockButtonElement {
    let owes = d.services.get(&i.service).is_some_and(|s| s.production);
    let rca = if owes { ", and its RCA comes with a meeting" } else { "" };
    let question = format!("{} Only a person ends it then{rca}.", wakes_now(wakes, d));
    press(Elsewhere::Major, "It is major…", subject).with_style(SlackBlockButtonStyle::Danger).with_confirm(confirm(
        "Is it major?",
        &question,
        "It is major",
    ))
}

/// Whom it wakes.
fn wakes_now(wakes: &[UserId], d: &Directory) -> String {
    let all: Vec<&str> = wakes.iter().map(|who| d.name_of(who)).collect();
    match all.as_slice() {
        [] => "Nobody else can be asked now: this wakes nobody more.".to_owned(),
        all => format!("This pages *{}* now.", names(all)),
    }
}

/// What is asked of whoever types that it is major.
pub fn ask_major(i: &Incident, wakes: &[UserId], d: &Directory, store: StoreId) -> Message {
    if i.is_resolved() {
        return Message::plain(format!("{} is over. *Reopen* is on its card.", i.no));
    }
    if let State::Snoozed { by, until, .. } = &i.state {
        let (by, until) = (name(d, by), day_and_time(*until));
        let end = format!("*End snooze* first: `/pager unsnooze {}`.", i.no.0);
        return Message::plain(format!("{by} snoozed {} until {until}. {end}", i.no));
    }
    let words = format!("Is it major? {}\n{}", wakes_now(wakes, d), title(i));
    let button = it_is_major(i, wakes, d, Subject { store, incident: i.no });
    let text = format!("Is {} major?", i.no);
    Message { text, blocks: vec![section(&words), actions(vec![button])], colored: None }
}

/// The answer to whoever said that it is major.
pub fn declared(facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let asked = facts.iter().filter_map(|f| match f {
        Fact::StepStarted(step) => Some(&step.asked),
        _ => None,
    });
    let mut all: Vec<&str> = Vec::new();
    for who in asked.flatten().map(|a| d.name_of(&a.user)) {
        if !all.contains(&who) {
            all.push(who);
        }
    }
    let asked = match all.as_slice() {
        [] => "Everybody who can be asked was before: *Add responders…* asks somebody by name.".to_owned(),
        all => format!("Paged now: {}.", names(all)),
    };
    format!("{} is major. {asked} Only a person ends it.", after.no)
}

fn questions(i: &Incident, d: &Directory, subject: Subject) -> Vec<SlackBlock> {
    let triage = i.triage.as_deref().cloned().unwrap_or_default();
    let by = |who: &UserId, at| format!("{}, {}", name(d, who), time(at));
    let mut all = Vec::new();
    let affected =
        triage.affected.as_ref().map(|said| format!(" *{}* ({})", felt_by(said.what), by(&said.by, said.at)));
    all.push(section(&format!("Who feels it?{}", affected.unwrap_or_default())));
    all.push(actions(
        Affected::ALL.map(|what| press(Elsewhere::of_affected(what), what_is_short(what), subject)).into(),
    ));
    let trend = triage.trend.as_ref().map(|said| format!(" *{}* ({})", getting(said.what), by(&said.by, said.at)));
    all.push(section(&format!("Is it getting worse?{}", trend.unwrap_or_default())));
    all.push(actions(Trend::ALL.map(|what| press(Elsewhere::of_trend(what), getting_short(what), subject)).into()));
    let since = triage.since.as_ref().map(|said| format!(" *{}* ({})", day_and_time(said.what), by(&said.by, said.at)));
    let words =
        format!("Since when?{}", since.unwrap_or_else(|| format!(" Known here since {}.", day_and_time(i.opened))));
    all.push(section_with(&words, press(Elsewhere::TriageSince, "Earlier…", subject)));
    all
}

fn felt_by(what: Affected) -> &'static str {
    match what {
        Affected::AllCustomers => "all customers",
        Affected::SomeCustomers => "some customers",
        Affected::Inside => "colleagues, no customers",
        Affected::Nobody => "nobody",
    }
}

fn what_is_short(what: Affected) -> &'static str {
    match what {
        Affected::AllCustomers => "All customers",
        Affected::SomeCustomers => "Some customers",
        Affected::Inside => "Only colleagues",
        Affected::Nobody => "Nobody",
    }
}

fn getting(what: Trend) -> &'static str {
    match what {
        Trend::Worse => "worse",
        Trend::Same => "no worse, no better",
        Trend::Better => "better",
    }
}

fn getting_short(what: Trend) -> &'static str {
    match what {
        Trend::Worse => "Worse",
        Trend::Same => "The same",
        Trend::Better => "Better",
    }
}

/// What was found, for the card; `None` while nothing was.
pub fn found(triage: &Triage, d: &Directory) -> Option<String> {
    let affected = triage.affected.as_ref().map(|said| match said.what {
        Affected::Nobody => "nobody feels it".to_owned(),
        what => format!("{} feel it", felt_by(what)),
    });
    let trend = triage.trend.as_ref().map(|said| match said.what {
        Trend::Worse => "getting worse".to_owned(),
        Trend::Same => "no worse, no better".to_owned(),
        Trend::Better => "getting better".to_owned(),
    });
    let since = triage.since.as_ref().map(|said| format!("since {}", day_and_time(said.what)));
    let who = [
        triage.affected.as_ref().map(|said| (said.at, &said.by)),
        triage.trend.as_ref().map(|said| (said.at, &said.by)),
        triage.since.as_ref().map(|said| (said.at, &said.by)),
    ];
    let (at, by) = who.into_iter().flatten().max()?;
    let all: Vec<String> = [affected, trend, since].into_iter().flatten().collect();
    Some(format!(":mag: Found: {} ({}, {})", all.join(", "), name(d, by), time(at)))
}

/// What an answer is called in the timeline.
pub fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Affected(Affected::Nobody) => "nobody feels it".to_owned(),
        Answer::Affected(what) => format!("{} feel it", felt_by(*what)),
        Answer::Trend(what) => format!(
            "it is getting {}",
            match what {
                Trend::Worse => "worse",
                Trend::Same => "neither worse nor better",
                Trend::Better => "better",
            }
        ),
        Answer::Since(at) => format!("it began {}", day_and_time(*at)),
    }
}

fn around_it(i: &Incident, around: &Around<'_>, d: &Directory) -> Vec<SlackBlock> {
    let message =
        super::going_on::beside(Message { text: String::new(), blocks: Vec::new(), colored: None }, around.beside, d);
    let mut all = vec![section("*What is going on*")];
    let others: Vec<String> =
        around.others.iter().take(limits::NAMES).map(|o| format!("• {}", super::card::title(o))).collect();
    if !others.is_empty() {
        let more = around.others.len().saturating_sub(limits::NAMES);
        let more = if more > 0 { format!("\n…and {more} more open") } else { String::new() };
        all.push(section(&format!("Open as well:\n{}{more}", others.join("\n"))));
    }
    let room = limits::PLAYBOOK_BLOCKS;
    all.extend(message.blocks.into_iter().take(room));
    if all.len() == 1 {
        all.push(context(&format!(
            "Nothing that is known here: no changes, no maintenance, nothing else open beside {}.",
            i.no
        )));
    }
    all
}

/// Where no window can be opened by words: the same by a button.
pub fn to_open(i: &Incident, d: &Directory, store: StoreId) -> Message {
    let triage = button(Action::Triage, "Triage", Subject { store, incident: i.no });
    let words = format!("{}\n{}", title(i), status(i, d));
    Message { text: format!("Triage {}", i.no), blocks: vec![section_with(&words, triage)], colored: None }
}

/// Whose is it?
pub fn not_mine(i: &Incident, teams: &[(TeamId, String)], d: &Directory, origin: &Origin) -> SlackView {
    let options: Vec<_> = teams
        .iter()
        .take(limits::OPTIONS)
        .map(|(id, now)| {
            let team = d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str());
            plain_option(&format!("{team}: {now}"), id.as_str())
        })
        .collect();
    if options.is_empty() {
        let words = "There is no other team that could be paged. *Add responders…* asks somebody by name.";
        return super::modal::window(&format!("Not mine: {}", i.no), vec![section(&title(i)), section(words)], None);
    }
    let select = SlackBlockStaticSelectElement::new()
        .with_action_id(FIELD.into())
        .with_options(options)
        .with_placeholder(plain("Whoever is on call"));
    let then = "They are paged at once, by their policy, until somebody answers. Nobody here is paged for it any more.";
    let mut blocks = vec![section(&title(i)), context(then)];
    if d.services.get(&i.service).is_some_and(|s| s.private) {
        blocks.push(context(":warning: It is private: whoever is paged reads what it is about."));
    }
    blocks.push(input(Field::Team, "Whose is it?", select.into()));
    form(Form::NotMine, &format!("Not mine: {}", i.no), origin, blocks, "Page them")
}

/// What is to be done later, how bad it is, by whom, by when.
pub fn can_wait(i: &Incident, due: &[SnoozeChoice], owner: Option<&str>, origin: &Origin) -> SlackView {
    let radio = |options: Vec<SlackBlockChoiceItem<SlackBlockText>>, first: usize| {
        let radio = SlackBlockRadioButtonsElement::new(options.clone()).with_action_id(FIELD.into());
        match options.into_iter().nth(first) {
            Some(first) => radio.with_initial_option(first),
            None => radio,
        }
    };
    let severity = ["2: customers may notice", "3: colleagues notice", "4: nobody notices"];
    let severity: Vec<_> = (2..).zip(severity).map(|(n, words)| option(words, &format!("{n}"))).collect();
    let due: Vec<_> = due.iter().map(|c| option(&c.words, &c.until.0.to_string())).collect();
    let what = one_line("What is to be done")
        .with_max_length(WHAT_CHARS as u64)
        .with_initial_value(super::mrkdwn::for_input(&i.title, 200));
    let mut person = SlackBlockUsersSelectElement::new().with_action_id(FIELD.into());
    if let Some(owner) = owner {
        person = person.with_initial_user(owner.to_owned());
    }
    let another = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let then = "It becomes an item of somebody's. The incident is resolved, and its alert listed as not urgent.";
    let blocks = vec![
        section(&title(i)),
        context(then),
        input(Field::What, "What is to be done?", what.into()),
        input(Field::Urgency, "How bad is it?", radio(severity, 1).into()),
        input(Field::Person, "Who does it?", person.into()),
        input(Field::Until, "By when?", radio(due, 0).into()),
        optional(Field::At, "Or by another time", another.into()),
    ];
    form(Form::CanWait, &format!("{} can wait", i.no), origin, blocks, "It can wait")
}

/// Since when is it so?
pub fn since(i: &Incident, origin: &Origin) -> SlackView {
    let when = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let blocks = vec![section(&title(i)), input(Field::At, "When did it begin?", when.into())];
    form(Form::TriageSince, &format!("Since when: {}", i.no), origin, blocks, "Save")
}

fn press(what: Elsewhere, words: &str, subject: Subject) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into()).with_value(subject.value())
}

/// It is nobody's here any more.
pub fn given(i: &Incident, team: &TeamId, d: &Directory) -> String {
    let team = d.teams.get(team).map_or(team.as_str(), |t| t.name.as_str());
    format!("{} belongs to {} now. {}", i.no, escape(team, limits::LABEL), status(i, d))
}

/// It can wait.
pub fn waits(no: IncidentNo, item: ItemNo) -> String {
    format!(
        "{no} can wait: it is item {} now, and over here. Nobody is paged for it, unless its alert clears and fires anew. \
         `/pager items` has the item.",
        item.0
    )
}
