//! Why something was not done, and what to do instead.

use super::card::name;
use super::mrkdwn::{day_and_time, escape, names, time};
use crate::domain::directory::Directory;
use crate::domain::fact::ResolvedBy;
use crate::domain::refusal::Refusal;

/// The words for a refusal; the last sentence says what to do next.
pub fn refusal(r: &Refusal, d: &Directory) -> String {
    match r {
        Refusal::NoSuchIncident(no) => format!("There is no incident {no}. `/pager list` shows the open ones."),
        Refusal::NoSuchService(s) => {
            format!("There is no service `{}` in the configuration. Ask an admin to add it.", escape(s.as_str(), 60))
        }
        Refusal::NoSuchSchedule(s) => {
            format!("There is no schedule `{}` in the configuration. Ask an admin to add it.", escape(s.as_str(), 60))
        }
        Refusal::NoSuchUser(u) => format!("I don't know `{}`. Ask an admin to add them.", escape(u.as_str(), 60)),
        Refusal::AlreadyYours { incident } => format!("You have {incident} already. Nothing changed."),
        Refusal::IsResolved { incident, by, since } => {
            let by = match by {
                ResolvedBy::User(u) => format!("by {}", name(d, u)),
                ResolvedBy::Monitor => "by the monitor".to_owned(),
            };
            format!("{incident} was resolved {by} at {}. Press *Reopen* on its card to go on with it.", time(*since))
        }
        Refusal::IsSnoozed { incident, by, until } => format!(
            "{incident} is snoozed by {} until {}. Press *End snooze* on its card first.",
            name(d, by),
            day_and_time(*until)
        ),
        Refusal::IsNotSnoozed { incident } => {
            format!("{incident} is not snoozed any more. `/pager show {}` says how it stands.", incident.0)
        }
        Refusal::IsNotResolved { incident } => {
            format!("{incident} is open. `/pager show {}` says who has it.", incident.0)
        }
        Refusal::NewerIncident { incident, newer } => {
            format!("{incident} came back as {newer}, which is open. Go on there: `/pager show {}`.", newer.0)
        }
        Refusal::NobodyAbove { incident, asked } if asked.is_empty() => {
            format!("Nobody is above the last level of {incident}. Ask somebody by name in its thread.")
        }
        Refusal::NobodyAbove { incident, asked } => {
            let all: Vec<&str> = asked.iter().map(|u| d.name_of(u)).collect();
            format!("Nobody is above {} for {incident}. Ask somebody by name in its thread.", names(&all))
        }
        Refusal::SnoozeInThePast { until } => {
            format!("{} has passed. Choose a later time.", day_and_time(*until))
        }
        Refusal::SnoozeTooLong { until, latest } => format!(
            "{} is more than 7 days away. Choose a time before {}.",
            day_and_time(*until),
            day_and_time(*latest)
        ),
        Refusal::EmptyNote => "The note is empty. Write `/pager note 12 what you found`.".to_owned(),
        Refusal::OverrideEndsBeforeItStarts => {
            "The override would end before it starts. Swap the two times.".to_owned()
        }
        Refusal::OverrideInThePast { until } => {
            format!("The override would have ended at {} already. Choose a later end.", day_and_time(*until))
        }
    }
}
