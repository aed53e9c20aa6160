//! Why something was not done, and what to do instead.

use super::Message;
use super::action_id::{Action, Subject};
use super::card::name;
use super::kit::{actions, button};
use super::mrkdwn::{day_and_time, escape, names, time};
use super::thread::called;
use crate::domain::directory::{Directory, Urgency};
use crate::domain::fact::ResolvedBy;
use crate::domain::id::TeamId;
use crate::domain::quiet::Kind;
use crate::domain::refusal::{NotElsewhere, Refusal};

/// A refusal, with the button that helps where there is one.
pub fn message(r: &Refusal, d: &Directory, subject: Subject) -> Message {
    let text = refusal(r, d);
    let mut message = Message::plain(text);
    match r {
        Refusal::NobodyAbove { .. } => {
            message.blocks.push(actions(vec![button(Action::AddResponders, "Add responders…", subject)]));
        }
        Refusal::RanToItsEnd { playbook, .. } => {
            message.blocks.push(actions(vec![super::playbook::begin_again(playbook, subject)]));
        }
        _ => {}
    }
    message
}

/// The words for a refusal; the last sentence says what to do next.
pub fn refusal(r: &Refusal, d: &Directory) -> String {
    match r {
        Refusal::KnownAlready => "I know you already: you may act on every incident. Do again what you wanted to do.".to_owned(),
        Refusal::AskAgainLater { again_at } => format!(
            "An admin declined, or took you out. You may ask again from {} on; if it cannot wait, talk to an admin.",
            day_and_time(*again_at)
        ),
        Refusal::TooManyAsk { most } => format!(
            "{most} people wait for an admin already, so nobody was asked for you. Talk to an admin: they can decide about \
             those in the admin channel, or write you into `config.toml`."
        ),
        Refusal::TooManyAdded { most } => format!(
            "{most} people were added by button already. An admin can move them into `config.toml`: `warridor export \
             people` prints them."
        ),
        Refusal::NotAnAdmin => {
            "Only people with `admin = true` in `config.toml` decide who is added. Nothing was done: ask one of them.".to_owned()
        }
        Refusal::NobodyAsks => {
            "They do not ask any more: the configuration knows them by now, or they were forgotten. There is nothing to \
             decide; if they read \u{201c}I don't know you yet\u{201d}, let them press *Add me* again."
                .to_owned()
        }
        Refusal::DecidedAlready { by, at, approved } => {
            let what = if *approved { "approved" } else { "declined" };
            format!("{} {what} this at {}. Nothing changed.", name(d, by), time(*at))
        }
        Refusal::NotAdded => {
            "They were not added by button, or are in the configuration by now, so nothing was done. Whom `config.toml` \
             names is taken out there."
                .to_owned()
        }
        Refusal::RemovedAlready { by, at } => {
            format!("{} took them out at {}. Nothing changed; they may press *Add me* again a day later.", name(d, by), time(*at))
        }
        Refusal::NoSuchIncident(no) => format!("There is no incident {no}. `/pager list` shows the open ones."),
        Refusal::NoSuchService(s) => {
            format!("There is no service `{}` in the configuration. Ask an admin to add it.", escape(s.as_str(), 60))
        }
        Refusal::NoSuchSchedule(s) => {
            format!("There is no schedule `{}` in the configuration. Ask an admin to add it.", escape(s.as_str(), 60))
        }
        Refusal::NoSuchUser(u) => format!("I don't know `{}`. Ask an admin to add them.", escape(u.as_str(), 60)),
        Refusal::NoSuchTeam(t) => {
            format!("There is no team `{}` in the configuration. `/pager oncall` lists them.", escape(t.as_str(), 60))
        }
        Refusal::CannotBeReached { user } => format!(
            "{} has no method by which they could be paged. Choose somebody else, or ask an admin to correct their rules.",
            name(d, user)
        ),
        Refusal::NobodyNamed { .. } => "Nobody was named. Choose a person, a team or a schedule.".to_owned(),
        Refusal::NobodyToAsk { whom, .. } => format!(
            "Asking {} would reach nobody but you right now. Choose a person by name.",
            names(&[&called(whom, d)])
        ),
        Refusal::AskedAlready { incident, whom } => format!(
            "{} is being asked about {incident} already. `/pager show {}` says how far that is.",
            names(&[&called(whom, d)]),
            incident.0
        ),
        Refusal::HasItAlready { incident, user } => {
            format!("{} has {incident} already. Nothing changed.", name(d, user))
        }
        Refusal::TooManyCalls { incident, most } => format!(
            "{most} people and teams are being asked about {incident} already. Wait for an answer, or open a second \
             incident: `/pager trigger`."
        ),
        Refusal::StartedAlready { incident } => format!("You are on {incident} already. Nothing changed."),
        Refusal::MitigatedAlready { incident, by, at } => {
            format!("{} said at {} that {incident} is mitigated. Nothing changed.", name(d, by), time(*at))
        }
        Refusal::MarkedAlready { incident, by, at } => format!(
            "{} said at {} that nothing had to be done for {incident}. Nothing changed.",
            name(d, by),
            time(*at)
        ),
        Refusal::MajorAlready { incident, by, at } => {
            format!("{} called {incident} major at {}. Nothing changed.", name(d, by), time(*at))
        }
        Refusal::IsNotMajor { incident } => format!("{incident} is not major. Nothing changed."),
        Refusal::IsMajor { incident, by, at } => format!(
            "{} called {incident} major at {}: it neither waits nor is dropped. If it is not major, press *Not major* in \
             *Triage* first.",
            name(d, by),
            time(*at)
        ),
        Refusal::HasThatUrgency { incident, urgency } => {
            let word = match urgency {
                Urgency::High => "high",
                Urgency::Low => "low",
            };
            format!("{incident} is {word} urgency already. Nothing changed.")
        }
        Refusal::IsMerged { incident, into } => {
            format!("{incident} is part of {into} now. Go on there: `/pager show {}`.", into.0)
        }
        Refusal::MergeIntoItself { incident } => {
            format!("{incident} cannot be merged into itself. Name another incident.")
        }
        Refusal::TooManyAlerts { incident, most } => {
            format!("{incident} would have more than {most} alerts. Merge into another incident.")
        }
        Refusal::EmptyTitle { service } => {
            format!("What is wrong? Type `/pager trigger {} nobody can pay`.", escape(service.as_str(), 60))
        }
        Refusal::IsATest { incident, of } => format!(
            "{incident} is a test page of {}: only they answer it, by its button or with 1, and nothing else is done to it.",
            name(d, of)
        ),
        Refusal::TestUnderWay { incident } => format!(
            "A test page of yours waits for your answer already: press its button, or type `/pager ack {}`.",
            incident.0
        ),
        Refusal::AlreadyYours { incident } => format!("You have {incident} already. Nothing changed."),
        Refusal::IsResolved { incident, by, since } => {
            let by = match by {
                ResolvedBy::User(u) => format!("by {}", name(d, u)),
                ResolvedBy::Monitor => "by the monitor".to_owned(),
                ResolvedBy::Unanswered => "without an answer".to_owned(),
            };
            format!("{incident} was resolved {by} at {}. Press *Reopen* on its card to go on with it.", time(*since))
        }
        Refusal::IsSnoozed { incident, by, until } => format!(
            "{incident} is snoozed by {} until {}. Press *End snooze* on its card first: you have it then, and nobody is \
             paged.",
            name(d, by),
            day_and_time(*until)
        ),
        Refusal::IsOfThatTeam { incident, team } => format!(
            "{incident} is of {} already. *Escalate* asks their next level.",
            team_name(team, d)
        ),
        Refusal::CustomersFeelIt { incident, by, at } => format!(
            "{} said at {} that customers feel {incident}: it cannot wait. If that is not so any more, say first that nobody \
             feels it; to look later, snooze it.",
            name(d, by),
            time(*at)
        ),
        Refusal::TakeItFirst { incident, asked } => {
            let all: Vec<&str> = asked.iter().map(|who| d.name_of(who)).collect();
            format!("{} is being paged for {incident}. Press *Acknowledge* first: then it is yours to decide.", names(&all))
        }
        Refusal::BeganThen { since } => {
            format!("{} is ahead, or more than 30 days ago. Choose when it began.", day_and_time(*since))
        }
        Refusal::OwesNoRca { incident } => super::rca::none(*incident, "/pager"),
        Refusal::RcaIsCompleted { incident, by, at } => format!(
            "The RCA of {incident} was completed by {}, {}. Press *Write on* in it to change it.",
            name(d, by),
            day_and_time(*at)
        ),
        Refusal::RcaLacks { missing } => format!("Still missing: {}.", super::rca::lacks(missing)),
        Refusal::StillFelt { incident } => format!(
            "{incident} was opened again. Complete its RCA once customers do not feel it any more: press *Mitigated* or \
             *Resolve* on its card first."
        ),
        Refusal::WrittenMeanwhile { part, by, at } => format!(
            "{} saved \u{201c}{}\u{201d} at {}, after you opened it. Open it again: nothing of theirs is lost.",
            name(d, by),
            super::rca::called(*part),
            time(*at)
        ),
        Refusal::ImpactToldMeanwhile { by, at } => {
            format!("{} saved the impact at {}, after you opened it. Open it again.", name(d, by), time(*at))
        }
        Refusal::TooMuchWritten { chars, most } => format!(
            "That is {chars} characters; {most} fit. Put the details into a document, and its link here."
        ),
        Refusal::NothingWritten => "Write something first: a few words are enough.".to_owned(),
        Refusal::OwesItAlready { incident, who } => {
            format!("{} owes the RCA of {incident} already. Nothing changed.", name(d, who))
        }
        Refusal::DueThen { due } => {
            format!("{} is past, or more than a year away. Choose a time within the next year.", day_and_time(*due))
        }
        Refusal::TooManyItems { most } => {
            format!("{most} open items are the most. Say of some that they are done first: `/pager items`.")
        }
        Refusal::NoSuchItem(no) => super::items::none(*no, "/pager"),
        Refusal::ItemIsDone { item, by, at } => {
            format!(
                "Item {} was done by {}, {}. Nothing changed. `/pager items reopen {}` opens it again.",
                item.0,
                name(d, by),
                day_and_time(*at),
                item.0
            )
        }
        Refusal::ItemIsOpen { item, owner, due } => {
            format!("Item {} is open: {} does it, by {}. Nothing changed.", item.0, name(d, owner), day_and_time(*due))
        }
        Refusal::ItemIsSo { item, owner, due } => {
            format!("Item {} is {}'s already, by {}. Nothing changed.", item.0, name(d, owner), day_and_time(*due))
        }
        Refusal::NotYourShift { schedule } => super::prepare::not_yours(schedule, d),
        Refusal::NoSuchHandoff => {
            "That handoff is too long ago, or is not ahead any more. `/pager handoff` shows how things stand.".to_owned()
        }
        Refusal::HandedOverAlready { at } => format!(
            "It was handed over at {}, so that stays as it is. Write it into the thread of the handoff.",
            time(*at)
        ),
        Refusal::HandoffIsOf { by: Some(by), team } => format!(
            "Only {} can hand over {}. To give away what you have: `/pager reassign 12 @ben`.",
            name(d, by),
            team_name(team, d)
        ),
        Refusal::HandoffIsOf { by: None, team } => format!(
            "Nobody was on call for {} before, so there is nothing to hand over. To give away what you have: `/pager \
             reassign 12 @ben`.",
            team_name(team, d)
        ),
        Refusal::HandoffIsFor { by: Some(by), team } => format!(
            "Only {0} can accept: {0} is on call for {1} now. To go on call yourself: `/pager oncall take {2} 2h`.",
            name(d, by),
            team_name(team, d),
            escape(team.as_str(), 60)
        ),
        Refusal::HandoffIsFor { by: None, team } => format!(
            "Nobody is on call for {} now, so nobody can accept. To go on call yourself: `/pager oncall take {} 2h`.",
            team_name(team, d),
            escape(team.as_str(), 60)
        ),
        Refusal::HandoffAcceptedAlready { by, at } => format!(
            "{} accepted it {}. Nothing changed. To hand over another incident: `/pager reassign 12 @ben`.",
            name(d, by),
            day_and_time(*at)
        ),
        Refusal::NobodyTakesOver { team } => format!(
            "Nobody is on call for {} after that, so nobody could take it. To ask somebody: `/pager reassign 12 @ben`.",
            team_name(team, d)
        ),
        Refusal::HandoffIsAhead { at } => {
            format!("Too early: accept it from {} on.", day_and_time(*at))
        }
        Refusal::HandoffIsOver => {
            "The next handoff came since. Nothing changed: `/pager handoff` shows how things stand.".to_owned()
        }
        Refusal::TooManyNotes { team, most } => format!(
            "Not saved: the next handoff of {} has {most} notes already. Write it into the channel.",
            team_name(team, d)
        ),
        Refusal::NoSuchPlaybook(id) => {
            format!("There is no playbook `{}` any more. `/pager playbook list` has all there are.", escape(id.as_str(), 60))
        }
        Refusal::RunsAlready { incident, by, begun, step } => format!(
            "{} began it at {}: go on at step {step}, in the thread of {incident} or by *Show step* on its card.",
            name(d, by),
            time(*begun)
        ),
        Refusal::RanToItsEnd { incident, by, at, .. } => format!(
            "It was followed to its end at {}, by {}. Begun again, it starts at its first step; what was done then stays in the \
             log of {incident} only.",
            time(*at),
            name(d, by)
        ),
        Refusal::NothingRuns { incident } => {
            format!("No playbook is followed for {incident}. `/pager playbook {}` offers one.", incident.0)
        }
        Refusal::StepIsPast { incident, by, at } => format!(
            "{} was first, at {}, and your tap changed nothing: `/pager playbook {}` has the step that is next.",
            name(d, by),
            time(*at),
            incident.0
        ),
        Refusal::NothingBefore { incident } => {
            format!("You are at its first step. `/pager playbook {}` shows it.", incident.0)
        }
        Refusal::IsNotSnoozed { incident } => {
            format!("{incident} is not snoozed. `/pager show {}` says how it stands.", incident.0)
        }
        Refusal::IsNotResolved { incident } => {
            format!("{incident} is open. `/pager show {}` says who has it.", incident.0)
        }
        Refusal::NewerIncident { incident, newer } => {
            format!("{incident} came back as {newer}, which is open. Go on there: `/pager show {}`.", newer.0)
        }
        Refusal::NobodyAbove { incident, asked } if asked.is_empty() => {
            format!(
                "Nobody is above the last level of {incident}. Add a responder: `/pager add {} @somebody`.",
                incident.0
            )
        }
        Refusal::NobodyAbove { incident, asked } => {
            let all: Vec<&str> = asked.iter().map(|u| d.name_of(u)).collect();
            format!(
                "Nobody is above {} for {incident}. Add a responder: `/pager add {} @somebody`.",
                names(&all),
                incident.0
            )
        }
        Refusal::SnoozeInThePast { until } => {
            format!("{} has passed. Choose a later time.", day_and_time(*until))
        }
        Refusal::SnoozeTooLong { until, latest } => format!(
            "{} is more than 7 days away. Choose a time before {}.",
            day_and_time(*until),
            day_and_time(*latest)
        ),
        Refusal::PagesNobodyAgain { incident } => format!(
            "{incident} pages nobody again by itself. Nothing changed; `/pager show {}` says how it stands.",
            incident.0
        ),
        Refusal::NothingSaid => {
            "That message has no words. Write down what it shows: `/pager note 12 …`.".to_owned()
        }
        Refusal::SaidInPrivate => "That was said in private, and would be read elsewhere. Choose what belongs to that channel, or \
             say in your own words what everybody may read: `/pager note 12 …` keeps it, `/pager trigger SERVICE what is wrong` \
             pages."
            .to_owned(),
        Refusal::QuotedAlready { incident } => format!(
            "That message is in the timeline of {incident} already, and counts once. `/pager show {}` says how it stands.",
            incident.0
        ),
        Refusal::TooManyQuotes { incident, most } => format!(
            "{most} messages are in the timeline of {incident} already. Write down what else matters: `/pager note {} …`.",
            incident.0
        ),
        Refusal::OpenedAlready { incident } => format!(
            "{incident} was opened from that message already. `/pager show {}` says how it stands. Is it over, and wrong again? \
             *Reopen* is on its card, and `/pager trigger SERVICE what is wrong` pages now.",
            incident.0
        ),
        Refusal::EmptyNote => "The note is empty. Write `/pager note 12 what you found`.".to_owned(),
        Refusal::EmptyAnnouncement => {
            "What are you doing? Type `/pager doing 'draining east, may cause alerts' 1h`.".to_owned()
        }
        Refusal::AnnouncementInThePast { until } => {
            format!("{} has passed. Choose a later end.", day_and_time(*until))
        }
        Refusal::AnnouncementTooLong { until, latest } => format!(
            "{} is more than 7 days away. Choose an end before {}, and announce it again then.",
            day_and_time(*until),
            day_and_time(*latest)
        ),
        Refusal::NoSuchAnnouncement(no) => {
            format!("There is no announcement {}, or it is over. `/pager doing` lists them.", no.0)
        }
        Refusal::TooManyAnnouncements { most } => {
            format!("{most} announcements stand already. End one first: `/pager doing` lists them with their numbers.")
        }
        Refusal::NoSuchMisconfigured(no) => format!(
            "There is no alert {} to fix, or it is off the list already. `/pager misconfigured` lists them.",
            no.0
        ),
        Refusal::OverrideEndsBeforeItStarts => {
            "The override would end before it starts. Swap the two times.".to_owned()
        }
        Refusal::NoSuchOverride(id) => {
            format!("There is no override {}, or it is over. `/pager oncall overrides` lists them.", id.0)
        }
        Refusal::OverrideInThePast { until } => {
            format!("The override would have ended already, {}. Choose a later end.", day_and_time(*until))
        }
        Refusal::QuietWithoutReason => {
            "Say why: `because deploy` at the end. It stands on the card of everything it holds back.".to_owned()
        }
        Refusal::QuietEndsBeforeItStarts => "It would end before it begins. Swap the two times.".to_owned(),
        Refusal::QuietInThePast { until } => {
            format!("It would have ended already, {}. Choose a later end.", day_and_time(*until))
        }
        Refusal::QuietTooLong { kind: Kind::Silence, latest } => {
            format!("A silence lasts 7 days at most. Choose an end before {}.", day_and_time(*latest))
        }
        Refusal::QuietTooLong { kind: Kind::Maintenance, latest } => {
            format!("A maintenance window lasts 30 days at most. Choose an end before {}.", day_and_time(*latest))
        }
        Refusal::QuietNames { most } => format!("Name at least one, and {most} at most."),
        Refusal::TooManyQuiets { most } => format!(
            "{most} silences and maintenance windows are in force or ahead already. `/pager silences` lists them: end one."
        ),
        Refusal::NotElsewhere(NotElsewhere::None) => {
            "No Alertmanager is named for it: `api_url` at the service's key in the configuration. Nothing was silenced."
                .to_owned()
        }
        Refusal::NotElsewhere(NotElsewhere::Several) => {
            "Its alerts come from several Alertmanagers: silence one service. Nothing was silenced.".to_owned()
        }
        Refusal::NotElsewhere(NotElsewhere::NoLabels) => {
            "I don't know by which labels Alertmanager would know it: silence by labels. Nothing was silenced.".to_owned()
        }
        Refusal::NoSuchQuiet(id) => format!(
            "There is no silence and no maintenance window {}, or it is over. `/pager silences` lists them.",
            id.0
        ),
        Refusal::QuietLastsAsLong { until } => format!("It lasts until {} already. Nothing changed.", day_and_time(*until)),
    }
}

fn team_name(id: &TeamId, d: &Directory) -> String {
    escape(d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str()), 60)
}
