//! Windows in which somebody fills something in.

use super::action_id::{Elsewhere, FIELD, Field, Form, Origin, Scoped, Shortcut, WINDOW};
use super::card::{name, plain_title, status, title};
use super::kit::{context, option, plain, plain_option, section};
use super::mrkdwn::{cut, names, truncate};
use super::{Message, limits};
use crate::domain::call::Asked;
use crate::domain::directory::{Directory, Service, Urgency};
use crate::domain::going_on::{ANNOUNCEMENT_CHARS, Scope};
use crate::domain::handoff::WORDS_CHARS;
use crate::domain::id::ServiceId;
use crate::domain::incident::Incident;
use crate::domain::quote::Quote;
use crate::domain::snooze::SnoozeChoice;
use slack_morphism::prelude::*;

/// The reasons for a snooze: their value, and their words.
pub const SNOOZE_WHY: [(&str, &str); 3] = [
    ("not_urgent", "Not urgent: it should not have paged"),
    ("waiting_on", "Waiting on somebody or something"),
    ("known_work", "Known work"),
];

/// "Until when?", with the times spelled out in the reader's zone; and why, in one tap. `why`: the reason that is chosen
/// already.
pub fn snooze(i: &Incident, choices: &[SnoozeChoice], why: Option<&str>, d: &Directory, origin: &Origin) -> SlackView {
    let options: Vec<_> = choices.iter().map(|c| option(&c.words, &c.until.0.to_string())).collect();
    let radio = SlackBlockRadioButtonsElement::new(options.clone()).with_action_id(FIELD.into());
    let radio = match options.into_iter().next() {
        Some(first) => radio.with_initial_option(first),
        None => radio,
    };
    let another = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let reasons: Vec<_> = SNOOZE_WHY.iter().map(|(value, words)| option(words, value)).collect();
    let chosen = reasons.iter().find(|reason| Some(reason.value.as_str()) == why).cloned();
    let mut why = SlackBlockRadioButtonsElement::new(reasons).with_action_id(FIELD.into());
    if let Some(chosen) = chosen {
        why = why.with_initial_option(chosen);
    }
    let blocks = vec![
        section(&title(i)),
        context(&status(i, d)),
        input(Field::Until, "Nobody is paged until", radio.into()),
        optional(Field::At, "Or until another time, at most 7 days away", another.into()),
        optional(Field::Why, "Why?", why.into()),
        optional(Field::Words, "In your words", one_line("waiting for the vendor, ticket 123").into()),
    ];
    form(Form::Snooze, &format!("Snooze {}", i.no), origin, blocks, "Snooze")
}

/// Somebody who can be asked beside people: a team or a schedule, and who that would be now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Askable {
    /// `team:ID` or `schedule:ID`.
    pub value: String,
    /// "Payments, primary".
    pub name: String,
    /// "Ana Silva", or that it is nobody.
    pub now: String,
}

/// People, teams and schedules to ask as well.
pub fn add_responders(i: &Incident, askable: &[Askable], origin: &Origin) -> SlackView {
    let people = SlackBlockMultiUsersSelectElement::new()
        .with_action_id(FIELD.into())
        .with_max_selected_items(limits::ASKED_AT_ONCE)
        .with_placeholder(plain("Ana, Ben…"));
    let mut blocks = vec![
        section(&title(i)),
        context(
            "They are paged at once, and again after 5 and 10 minutes; a team goes up its levels. Whoever has it keeps it.",
        ),
        optional(Field::People, "People", people.into()),
    ];
    let options: Vec<_> = askable
        .iter()
        .take(limits::OPTIONS)
        .map(|a| plain_option(&format!("{}: {}", a.name, a.now), &a.value))
        .collect();
    if !options.is_empty() {
        let teams = SlackBlockMultiStaticSelectElement::new()
            .with_action_id(FIELD.into())
            .with_options(options)
            .with_max_selected_items(limits::ASKED_AT_ONCE)
            .with_placeholder(plain("Whoever is on call"));
        blocks.push(optional(Field::Teams, "Teams and schedules", teams.into()));
    }
    form(Form::AddResponders, &format!("Add to {}", i.no), origin, blocks, "Page them")
}

/// Somebody else takes it.
pub fn reassign(i: &Incident, d: &Directory, origin: &Origin) -> SlackView {
    let person = SlackBlockUsersSelectElement::new().with_action_id(FIELD.into());
    let then = match i.responder() {
        Some(has_it) => format!("They are paged at once. {} has it until they acknowledge.", name(d, has_it)),
        None => "They are paged at once. Whoever is being paged now goes on being paged until somebody acknowledges."
            .to_owned(),
    };
    let blocks = vec![section(&title(i)), context(&then), input(Field::Person, "Who takes it?", person.into())];
    form(Form::Reassign, &format!("Reassign {}", i.no), origin, blocks, "Page them")
}

/// A note, kept with the incident.
pub fn note(i: &Incident, origin: &Origin) -> SlackView {
    let blocks = vec![section(&title(i)), input(Field::Words, "What did you find?", many_lines().into())];
    form(Form::Note, &format!("Note on {}", i.no), origin, blocks, "Keep it")
}

/// What the next one on call should know. `to`: who that is; `words`: what was written before.
pub fn handoff(to: &str, words: &str, origin: &Origin) -> SlackView {
    let mut text = many_lines()
        .with_max_length(WORDS_CHARS as u64)
        .with_placeholder(plain("The disk of db-2 is grown on Tuesday; until then it fills up."));
    if !words.is_empty() {
        text = text.with_initial_value(words.to_owned());
    }
    let blocks = vec![
        context("It goes into the handoff, below the open work."),
        optional(Field::Words, &format!("What should {to} know?"), text.into()),
    ];
    form(Form::Handoff, "Handoff", origin, blocks, "Save")
}

/// Why a step is skipped, in one tap.
pub fn skip_step(i: &Incident, what: &str, origin: &Origin) -> SlackView {
    let why = [("not_needed", "Not needed here"), ("done_before", "Already done"), ("does_not_work", "Does not work")];
    let options: Vec<_> = why.iter().map(|(value, words)| option(words, value)).collect();
    let mut radio = SlackBlockRadioButtonsElement::new(options.clone()).with_action_id(FIELD.into());
    if let Some(first) = options.into_iter().next() {
        radio = radio.with_initial_option(first);
    }
    let blocks = vec![
        section(what),
        input(Field::Why, "Why?", radio.into()),
        optional(Field::Words, "In your own words", one_line("the tool is not installed there").into()),
    ];
    form(Form::SkipStep, &format!("Skip a step of {}", i.no), origin, blocks, "Skip it")
}

/// What ended it.
pub fn resolve(i: &Incident, origin: &Origin) -> SlackView {
    let blocks = vec![section(&title(i)), optional(Field::Words, "What fixed it?", many_lines().into())];
    form(Form::ResolveWithNote, &format!("Resolve {}", i.no), origin, blocks, "Resolve")
}

/// The same problem as another incident, which takes its alerts. `others`: the open ones, the likeliest first.
pub fn merge(i: &Incident, others: &[&Incident], origin: &Origin) -> SlackView {
    let title_line = section(&title(i));
    if others.is_empty() {
        return window(&format!("Merge {}", i.no), vec![title_line, section("No other incident is open.")], None);
    }
    let options = others.iter().take(limits::OPTIONS).map(|o| {
        let words = format!("{} {}", o.no, plain_title(o, limits::TITLE));
        plain_option(&unescaped(&words), &o.no.0.to_string())
    });
    let select = SlackBlockStaticSelectElement::new().with_action_id(FIELD.into()).with_options(options.collect());
    let then = format!(
        "{}'s alerts belong to the other one from then on. Whoever is being paged for {} is not any more.",
        i.no, i.no
    );
    let mut blocks = vec![title_line, context(&then), input(Field::Into, "It is the same problem as", select.into())];
    if others.len() > limits::OPTIONS {
        let more = format!("…and {} more: `/pager merge {} into 12`.", others.len() - limits::OPTIONS, i.no.0);
        blocks.push(context(&more));
    }
    form(Form::Merge, &format!("Merge {}", i.no), origin, blocks, "Merge")
}

/// What a person fills in to page somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RaiseDraft<'a> {
    /// Chosen already.
    pub service: Option<&'a ServiceId>,
    pub what: &'a str,
    /// Whom it would wake, said in a sentence; known once a service is chosen.
    pub wakes: Option<String>,
    /// The message that it is made of.
    pub from: Option<&'a Quote>,
}

/// A person opens an incident: which service, what is wrong, how urgent, and whom that wakes.
pub fn raise(draft: &RaiseDraft<'_>, d: &Directory, origin: &Origin) -> SlackView {
    let words = |s: &Service| plain_option(&s.name, s.id.as_str());
    let mut services: Vec<&Service> = d.services.values().collect();
    services.sort_by_key(|s| s.name.to_lowercase());
    let options: Vec<_> = services.iter().take(limits::OPTIONS).map(|s| words(s)).collect();
    let mut select = SlackBlockStaticSelectElement::new()
        .with_action_id(Elsewhere::RaiseService.id().into())
        .with_options(options)
        .with_placeholder(plain("What is broken?"));
    if let Some(service) = draft.service.and_then(|id| d.services.get(id)) {
        select = select.with_initial_option(words(service));
    }
    let service = SlackInputBlock::new(plain("Service"), select.into())
        .with_block_id(Field::Service.id().into())
        .with_dispatch_action(true);
    let mut what = one_line("Nobody can pay with PayPal").with_max_length(limits::RAISED_TITLE);
    if !draft.what.is_empty() {
        what = what.with_initial_value(draft.what.to_owned());
    }
    let urgencies = [("service", "As the service says"), ("high", "High: wakes people"), ("low", "Low: can wait")];
    let urgencies: Vec<_> = urgencies.iter().map(|(value, words)| option(words, value)).collect();
    let mut urgency = SlackBlockRadioButtonsElement::new(urgencies.clone()).with_action_id(FIELD.into());
    if let Some(first) = urgencies.into_iter().next() {
        urgency = urgency.with_initial_option(first);
    }
    let mut blocks: Vec<SlackBlock> = draft.from.map(super::quote::shown).into_iter().collect();
    if draft.from.is_some() {
        let then = "That goes into its timeline as it stands: whoever reads the incident reads it. To tell less: \
                    `/pager trigger SERVICE what is wrong`.";
        blocks.push(context(then));
    }
    blocks.push(service.into());
    blocks.extend(draft.wakes.as_deref().map(context));
    blocks.push(input(Field::What, "What is wrong?", what.into()));
    blocks.push(input(Field::Urgency, "Urgency", urgency.into()));
    if services.len() > limits::OPTIONS {
        blocks.push(context("Not every service is listed: `/pager trigger SERVICE what is wrong` takes any."));
    }
    form(Form::Raise, "Page somebody", origin, blocks, "Page them")
}

/// Whom opening an incident of this urgency wakes.
pub fn wakes(urgency: Urgency, asked: &[Asked], d: &Directory) -> String {
    let all: Vec<&str> = asked.iter().map(|a| d.name_of(&a.user)).collect();
    let (names, silent) = (names(&all), super::dnd::warning(asked, d));
    match urgency {
        Urgency::High => format!(":rotating_light: This wakes {names} now.{silent}"),
        Urgency::Low => format!("Low urgency: nobody is woken. As high urgency it wakes {names}.{silent}"),
    }
}

/// A window with nothing to submit. With an origin, what is pressed in it is answered there.
pub fn window(title: &str, blocks: Vec<SlackBlock>, origin: Option<&Origin>) -> SlackView {
    let view = closable(title, blocks, "Close");
    SlackView::Modal(match origin {
        Some(origin) => view.with_private_metadata(origin.value()),
        None => view,
    })
}

/// A window on top of another one, only to be read: Slack's close button leads to the one below.
pub fn window_above(title: &str, blocks: Vec<SlackBlock>) -> SlackView {
    SlackView::Modal(closable(title, blocks, "Back"))
}

fn closable(title: &str, blocks: Vec<SlackBlock>, close: &str) -> SlackModalView {
    SlackModalView::new(plain(&truncate(title, limits::MODAL_TITLE)), blocks)
        .with_callback_id(WINDOW.into())
        .with_close(plain(close))
}

/// What came of something that was pressed in a window.
pub fn told(title: &str, message: &Message) -> SlackView {
    window(title, message.blocks.clone(), None)
}

/// The same on top of other windows, which close with it.
pub fn told_on_top(title: &str, message: &Message) -> SlackView {
    SlackView::Modal(closable(title, message.blocks.clone(), "Close").with_clear_on_close(true))
}

/// "Silence what, until when, why?" What a button on a card offers.
pub fn silence(i: &Incident, choices: &[SnoozeChoice], d: &Directory, origin: &Origin) -> SlackView {
    let until: Vec<_> = choices.iter().map(|c| option(&c.words, &c.until.0.to_string())).collect();
    let group = i.joined_group();
    let mut wide = vec![match group {
        Some(group) => option(&format!("All alerts {}", super::routing::plain_values(group)), "group"),
        None => option("This alert only", "alert"),
    }];
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    // Of what joined it, nothing else is known than what it has in common.
    let knows_names = group.is_none_or(|g| g.value("alertname").is_some());
    if knows_names && i.first_alert().is_some() && i.labels.lines().any(|l| l.starts_with("alertname: ")) {
        wide.push(option(&format!("Every alert of this name of {service}"), "name"));
    }
    let radio = |options: Vec<SlackBlockChoiceItem<SlackBlockText>>| {
        let first = options.first().cloned();
        let radio = SlackBlockRadioButtonsElement::new(options).with_action_id(FIELD.into());
        match first {
            Some(first) => radio.with_initial_option(first),
            None => radio,
        }
    };
    let then = "It is recorded and shown, and pages nobody. What still fires at the end pages whoever is on call then.";
    let mut blocks = vec![
        section(&title(i)),
        context(then),
        input(Field::Until, "Until", radio(until).into()),
        input(Field::Wide, "What", radio(wide).into()),
    ];
    // What a group has in common may be common to much more there.
    if group.is_none() && d.alertmanagers.contains_key(&i.service) {
        let both = "Here, and in Alertmanager by its labels, whatever the service";
        let choices = vec![option("Here only", "here"), option(both, "both")];
        blocks.push(input(Field::Elsewhere, "Where", radio(choices).into()));
    }
    blocks.push(input(Field::Words, "Why?", one_line("known, the fix is deployed at 15:00").into()));
    form(Form::Silence, &format!("Silence {}", i.no), origin, blocks, "Silence")
}

/// Maintenance of services, or of a team.
pub fn maintenance(d: &Directory, origin: &Origin) -> SlackView {
    let mut services: Vec<&Service> = d.services.values().collect();
    services.sort_by_key(|s| s.name.to_lowercase());
    let services: Vec<_> =
        services.iter().take(limits::OPTIONS).map(|s| plain_option(&s.name, s.id.as_str())).collect();
    let teams: Vec<_> = d.teams.values().take(limits::OPTIONS).map(|t| plain_option(&t.name, t.id.as_str())).collect();
    let services = SlackBlockMultiStaticSelectElement::new()
        .with_action_id(FIELD.into())
        .with_options(services)
        .with_placeholder(plain("What is worked on?"));
    let team = SlackBlockStaticSelectElement::new()
        .with_action_id(FIELD.into())
        .with_options(teams)
        .with_placeholder(plain("A whole team"));
    let until = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let from = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let blocks = vec![
        context(
            "Its alerts are recorded and shown, and page nobody. What still fires at the end pages whoever is on call then.",
        ),
        optional(Field::Services, "Services", services.into()),
        optional(Field::Team, "Or everything of a team", team.into()),
        optional(Field::From, "From (empty: now)", from.into()),
        input(Field::At, "Until, at most 30 days later", until.into()),
        input(Field::Words, "Why?", one_line("deploy").into()),
    ];
    form(Form::Maintenance, "Maintenance", origin, blocks, "Begin")
}

/// What is offered first: an hour, as a command without a time.
const ANNOUNCED_FIRST: usize = 1;

/// "Announce what, about what, until when?" Filled with what a message says; `is_cut`: with its beginning. `about`:
/// what it is about, if nobody says otherwise.
pub fn announce(
    text: &str,
    is_cut: bool,
    about: Option<&Scope>,
    choices: &[SnoozeChoice],
    d: &Directory,
    command: &str,
    origin: &Origin,
) -> SlackView {
    let mut words = many_lines().with_max_length(ANNOUNCEMENT_CHARS as u64);
    if !text.is_empty() {
        words = words.with_initial_value(text.to_owned());
    }
    let scope = |name: &str, of: Option<Scope>| plain_option(name, &Scoped(of).value());
    let everything = scope("Everything", None);
    let mut teams: Vec<_> = d.teams.values().map(|t| (&t.name, Scope::Team(t.id.clone()))).collect();
    let mut services: Vec<_> = d.services.values().map(|s| (&s.name, Scope::Service(s.id.clone()))).collect();
    let all_fit = teams.len() <= limits::OPTIONS && services.len() <= limits::OPTIONS;
    let mut groups = vec![SlackBlockOptionGroup::new(plain("All"), vec![everything.clone()])];
    for (label, all) in [("Teams", &mut teams), ("Services", &mut services)] {
        all.sort_by_key(|(name, _)| name.to_lowercase());
        let options: Vec<_> = all.drain(..).take(limits::OPTIONS).map(|(name, of)| scope(name, Some(of))).collect();
        if !options.is_empty() {
            groups.push(SlackBlockOptionGroup::new(plain(label), options));
        }
    }
    let offered = groups.iter().flat_map(|group| &group.options);
    let value = about.map(|of| Scoped(Some(of.clone())).value());
    let first = offered.into_iter().find(|o| Some(&o.value) == value.as_ref()).cloned();
    let about = SlackBlockStaticSelectElement::new()
        .with_action_id(FIELD.into())
        .with_option_groups(groups)
        .with_initial_option(first.unwrap_or(everything));
    let until: Vec<_> = choices.iter().map(|c| option(&c.words, &c.until.0.to_string())).collect();
    let first = until.get(ANNOUNCED_FIRST).or(until.first()).cloned();
    let mut radio = SlackBlockRadioButtonsElement::new(until).with_action_id(FIELD.into());
    if let Some(first) = first {
        radio = radio.with_initial_option(first);
    }
    let another = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let mut then = format!(
        "It pages nobody. Whoever types `{command} now` or `{command} why` reads it, also who cannot see the message."
    );
    if is_cut {
        then.push_str(" The message is longer: this is its beginning.");
    }
    let mut blocks = vec![
        context(&then),
        input(Field::Words, "What is going on?", words.into()),
        input(Field::About, "What is it about?", about.into()),
        input(Field::Until, "Until", radio.into()),
        optional(Field::At, "Or until another time, at most 7 days away", another.into()),
    ];
    if !all_fit {
        let more = format!("Not everything is listed: `{command} doing 'what' 1h for SERVICE` takes any.");
        blocks.push(context(&more));
    }
    form(Form::Announce, Shortcut::Announce.name(), origin, blocks, "Announce")
}

pub(super) fn form(form: Form, title: &str, origin: &Origin, blocks: Vec<SlackBlock>, submit: &str) -> SlackView {
    SlackView::Modal(
        SlackModalView::new(plain(&truncate(title, limits::MODAL_TITLE)), blocks)
            .with_callback_id(form.id().into())
            .with_private_metadata(origin.value())
            .with_submit(plain(submit))
            .with_close(plain("Cancel")),
    )
}

pub(super) fn input(field: Field, label: &str, element: SlackInputBlockElement) -> SlackBlock {
    SlackInputBlock::new(plain(label), element).with_block_id(field.id().into()).into()
}

pub(super) fn optional(field: Field, label: &str, element: SlackInputBlockElement) -> SlackBlock {
    SlackInputBlock::new(plain(label), element).with_block_id(field.id().into()).with_optional(true).into()
}

pub(super) fn one_line(example: &str) -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_action_id(FIELD.into())
        .with_placeholder(plain(example))
        .with_max_length(limits::REASON)
}

pub(super) fn many_lines() -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_action_id(FIELD.into())
        .with_multiline(true)
        .with_max_length(limits::NOTE_INPUT)
}

/// For plain words, of which Slack does not say whether they are unescaped: signs that mean nothing either way.
pub(super) fn unescaped(escaped: &str) -> String {
    cut(&escaped.replace("&lt;", "‹").replace("&gt;", "›").replace("&amp;", "&"), 75)
}
