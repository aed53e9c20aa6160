//! Who and what is meant by the words a person wrote: ids, names, first names, beginnings of names.
//!
//! Upper and lower case, and `-`, `_`, `.` and blanks between words, make no difference. The longest name wins, for a
//! name may have several words: "Payments API" is not "Payments" and then "API".

use super::directory::{Directory, Service, Target, Team, User};
use super::id::{ChannelId, ScheduleId, TeamId};
use super::schedule::Schedule;
use std::cmp::Reverse;

/// The most words a name is looked for in.
pub const NAME_WORDS: usize = 8;
/// A shorter beginning of a name means nothing: it would wake somebody by chance.
const BEGINNING_MIN_CHARS: usize = 3;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<'a, T> {
    Found(&'a T),
    /// Two or more, in the order of their ids.
    Ambiguous(Vec<&'a T>),
    Unknown,
}

/// How a name was written, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The id, the name, the e-mail address, the Slack id.
    Whole,
    /// One word of a person's name, or their e-mail address before the `@`.
    Word,
    /// How a team's, service's or schedule's name begins.
    Beginning,
}

/// What stands at the beginning of some words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'a, T> {
    /// How many words the name took; 0 if unknown.
    pub taken: usize,
    pub how: How,
    pub what: Lookup<'a, T>,
}

impl Directory {
    /// The person named at the beginning of `words`. A leading `@` is allowed.
    pub fn user_at(&self, words: &[&str]) -> Named<'_, User> {
        at_start(words, self.users.values().map(|u| (u, keys_of_user(u))))
    }

    /// The team named at the beginning of `words`.
    pub fn team_at(&self, words: &[&str]) -> Named<'_, Team> {
        at_start(words, self.teams.values().map(|t| (t, keys(t.id.as_str(), &t.name))))
    }

    /// The service named at the beginning of `words`.
    pub fn service_at(&self, words: &[&str]) -> Named<'_, Service> {
        at_start(words, self.services.values().map(|s| (s, keys(s.id.as_str(), &s.name))))
    }

    /// The schedule named at the beginning of `words`.
    pub fn schedule_at(&self, words: &[&str]) -> Named<'_, Schedule> {
        at_start(words, self.schedules.values().map(|s| (s, keys(s.id.as_str(), &s.name))))
    }

    /// The team whose channel this is.
    pub fn team_of_channel(&self, channel: &ChannelId) -> Lookup<'_, Team> {
        one(self.teams.values().filter(|t| t.channel == *channel).collect())
    }

    /// The service whose channel this is; else the service of the team whose channel it is.
    pub fn service_of_channel(&self, channel: &ChannelId) -> Lookup<'_, Service> {
        match one(self.services.values().filter(|s| s.channel == *channel).collect()) {
            Lookup::Unknown => {
                let ours = |s: &&Service| self.teams.get(&s.team).is_some_and(|t| t.channel == *channel);
                one(self.services.values().filter(ours).collect())
            }
            found => found,
        }
    }

    /// The schedule meant by a team's name: the one that the lowest level of its services' policies asks, and of these
    /// the one that most services ask. Schedules of other teams are never meant.
    pub fn primary_schedule(&self, team: &TeamId) -> Lookup<'_, Schedule> {
        let mut best = None;
        let mut found = Vec::new();
        for schedule in self.schedules.values() {
            let ours = match &schedule.team {
                Some(of) => of == team,
                None => true,
            };
            let Some(rank) = self.rank(team, &schedule.id).or((schedule.team.as_ref() == Some(team)).then_some(LAST))
            else {
                continue;
            };
            if !ours || best.is_some_and(|best| best < rank) {
                continue;
            }
            if best != Some(rank) {
                found.clear();
                best = Some(rank);
            }
            found.push(schedule);
        }
        one(found)
    }

    /// The lowest level of the team's services' policies that asks this schedule, and how many services ask it there.
    fn rank(&self, team: &TeamId, schedule: &ScheduleId) -> Option<(usize, Reverse<usize>)> {
        let target = Target::Schedule(schedule.clone());
        let policies = self.services.values().filter(|s| s.team == *team).filter_map(|s| self.policies.get(&s.policy));
        let levels: Vec<usize> =
            policies.filter_map(|p| p.steps.iter().position(|s| s.targets.contains(&target))).collect();
        let lowest = levels.iter().min().copied()?;
        Some((lowest, Reverse(levels.iter().filter(|l| **l == lowest).count())))
    }
}

/// Of the team, and asked by none of its policies.
const LAST: (usize, Reverse<usize>) = (usize::MAX, Reverse(0));

/// What something answers to, folded.
struct Keys {
    id: String,
    whole: Vec<String>,
    words: Vec<String>,
    begins: bool,
}

impl Keys {
    fn answers(&self, how: How, written: &str) -> bool {
        match how {
            How::Whole => self.whole.iter().any(|k| k == written),
            How::Word => self.words.iter().any(|k| k == written),
            How::Beginning => {
                self.begins
                    && written.chars().count() >= BEGINNING_MIN_CHARS
                    && self.whole.iter().any(|k| k.starts_with(written))
            }
        }
    }
}

fn keys(id: &str, name: &str) -> Keys {
    Keys { id: fold(id), whole: vec![fold(id), fold(name)], words: Vec::new(), begins: true }
}

fn keys_of_user(u: &User) -> Keys {
    let mut whole = vec![fold(u.id.as_str()), fold(&u.name)];
    whole.extend(u.slack.as_ref().map(|s| fold(s.as_str())));
    whole.extend(u.email.as_deref().map(fold));
    let mut words: Vec<String> = fold(&u.name).split(' ').map(str::to_owned).collect();
    words.extend(u.email.as_deref().and_then(|e| e.split_once('@')).map(|(local, _)| fold(local)));
    Keys { id: fold(u.id.as_str()), whole, words, begins: false }
}

fn at_start<'a, T>(words: &[&str], all: impl Iterator<Item = (&'a T, Keys)>) -> Named<'a, T> {
    let longest = words.len().min(NAME_WORDS);
    let written: Vec<String> = (1..=longest).map(|n| fold(&words[..n].join(" "))).collect();
    let all: Vec<(&T, Keys)> = all.collect();
    for how in [How::Whole, How::Word, How::Beginning] {
        for (n, written) in written.iter().enumerate().rev().filter(|(_, w)| !w.is_empty()) {
            let found: Vec<&(&T, Keys)> = all.iter().filter(|(_, keys)| keys.answers(how, written)).collect();
            // An id is one thing's alone; somebody else may be called the same.
            let by_id = found.iter().find(|(_, keys)| keys.id == *written).map(|(thing, _)| *thing);
            let what = by_id.map_or_else(|| one(found.iter().map(|(thing, _)| *thing).collect()), Lookup::Found);
            if !matches!(what, Lookup::Unknown) {
                return Named { taken: n + 1, how, what };
            }
        }
    }
    Named { taken: 0, how: How::Beginning, what: Lookup::Unknown }
}

fn one<T>(mut found: Vec<&T>) -> Lookup<'_, T> {
    match (found.len(), found.pop()) {
        (1, Some(it)) => Lookup::Found(it),
        (_, Some(last)) => {
            found.push(last);
            Lookup::Ambiguous(found)
        }
        (_, None) => Lookup::Unknown,
    }
}

/// A name as it is compared.
fn fold(name: &str) -> String {
    let name = name.trim_start_matches(['@', '#']).to_lowercase();
    let parts = name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | '.'));
    parts.filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Policy, Step};
    use chrono_tz::Tz;

    /// Schedules with their teams, and for each service of team `a` the schedules its policy asks, level by level.
    fn directory(schedules: &[(&str, Option<&str>)], services: &[&[&[&str]]]) -> Directory {
        let schedule = |(id, team): &(&str, Option<&str>)| Schedule {
            id: (*id).into(),
            name: (*id).to_owned(),
            team: team.map(Into::into),
            tz: Tz::UTC,
            layers: Vec::new(),
            fixed: Vec::new(),
        };
        let service = |n: usize| Service {
            name: format!("Service {n}"),
            ..Service::new(format!("service {n}").into(), "a".into(), format!("policy {n}").into(), "C1".into())
        };
        let step = |level: &&[&str]| {
            let targets = level.iter().map(|id| Target::Schedule((*id).into())).collect();
            Step::all(targets, 60)
        };
        let policy = |(n, levels): (usize, &&[&[&str]])| Policy {
            id: format!("policy {n}").into(),
            steps: levels.iter().map(step).collect(),
            repeat: 0,
        };
        Directory {
            services: (0..services.len()).map(service).map(|s| (s.id.clone(), s)).collect(),
            policies: services.iter().enumerate().map(policy).map(|p| (p.id.clone(), p)).collect(),
            schedules: schedules.iter().map(schedule).map(|s| (s.id.clone(), s)).collect(),
            ..Directory::empty("C1".into())
        }
    }

    fn primary(d: &Directory) -> Vec<&str> {
        match d.primary_schedule(&"a".into()) {
            Lookup::Found(schedule) => vec![schedule.id.as_str()],
            Lookup::Ambiguous(several) => several.into_iter().map(|s| s.id.as_str()).collect(),
            Lookup::Unknown => Vec::new(),
        }
    }

    #[test]
    fn a_team_means_the_schedule_that_is_asked_first() {
        let (a, b, nobodys) = (Some("a"), Some("b"), None);
        let first: &[&[&str]] = &[&["x"], &["y"]];
        let second: &[&[&str]] = &[&["y"], &["x"]];
        assert_eq!(primary(&directory(&[("x", a), ("y", a)], &[first])), ["x"], "level 1 is asked first");
        assert_eq!(primary(&directory(&[("x", a), ("y", a)], &[first, second, second])), ["y"], "by most services");
        assert_eq!(primary(&directory(&[("x", a), ("y", a)], &[first, second])), ["x", "y"], "equally good");
        assert_eq!(primary(&directory(&[("x", b), ("y", a)], &[first])), ["y"], "another team's is never meant");
        assert_eq!(primary(&directory(&[("x", nobodys)], &[first])), ["x"], "nobody's may be");
        assert_eq!(primary(&directory(&[("z", a)], &[first])), ["z"], "its only one, though nothing asks it");
        assert_eq!(primary(&directory(&[("z", nobodys)], &[first])), Vec::<&str>::new());
    }

    #[test]
    fn the_longest_name_wins_and_whole_names_win_over_beginnings() {
        let d = directory(&[("pay", None), ("pay-api", None), ("payroll-eu", None), ("payroll-us", None)], &[]);
        let found = |words: &[&str]| {
            let named = d.schedule_at(words);
            let ids = match named.what {
                Lookup::Found(s) => s.id.to_string(),
                Lookup::Ambiguous(several) => several.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join("|"),
                Lookup::Unknown => "?".to_owned(),
            };
            (named.taken, named.how, ids)
        };
        assert_eq!(found(&["PAY", "API", "2h"]), (2, How::Whole, "pay-api".to_owned()));
        assert_eq!(found(&["pay", "2h"]), (1, How::Whole, "pay".to_owned()));
        assert_eq!(found(&["pay_a"]), (1, How::Beginning, "pay-api".to_owned()));
        assert_eq!(found(&["payroll"]), (1, How::Beginning, "payroll-eu|payroll-us".to_owned()));
        assert_eq!(found(&["pa"]), (0, How::Beginning, "?".to_owned()), "two letters are chance");
        assert_eq!(found(&["-"]), (0, How::Beginning, "?".to_owned()));
        assert_eq!(found(&[]), (0, How::Beginning, "?".to_owned()));
    }
}
