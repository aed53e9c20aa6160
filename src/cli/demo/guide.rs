//! What the demo's page tells the person in front of it: who they are, when the next handoff is, what to try, and how to
//! go on in a real workspace. The words come from here because the sandbox knows nothing of pagers.

use crate::clock::Clock;
use crate::domain::directory::{Directory, Policy, Target};
use crate::domain::duty::{asked_only, can_ask};
use crate::domain::id::{AlertKey, ServiceId, UserId};
use crate::domain::schedule::{Override, Schedule, resolve, takeover};
use crate::domain::stamp::At;
use crate::outbox::driver::OutboxHandle;
use crate::pump::driver::Board;
use crate::sandbox::Guide;
use crate::sandbox::guide::{Deed, Moment, Step};
use crate::slack::methods::APP_TOKEN_SCOPE;
use crate::views::action_id::Action;
use crate::views::why::only;
use chrono_tz::Tz;
use std::sync::Arc;

/// The dedup key of the alert the demo begins with.
pub const SAMPLE_KEY: &str = "demo-payment-errors";
/// Duties named on the banner.
const DUTIES: usize = 2;

/// Everything the page asks. As it is in force now: people known by e-mail have their ids there, and a file that changed
/// counts.
struct Company {
    board: Arc<Board>,
}

/// See the module. `first` is the service the demo's story is about.
pub fn guide(board: Arc<Board>, outbox: OutboxHandle, clock: Clock, first: Option<&str>) -> Guide {
    let company = Arc::new(Company { board: board.clone() });
    let (who, said, change) = (company.clone(), company.clone(), company);
    let (wakes, alerts) = (board.clone(), board.clone());
    Guide {
        opens_as: first.map(ServiceId::from).map(|first| -> crate::sandbox::guide::Ask<Option<String>> {
            Box::new(move |now| {
                let d = who.directory();
                let policy = d.policies.get(&d.services.get(&first)?.policy)?;
                let user = who.asked(&d, policy, 0, now)?;
                d.users.get(&user)?.slack.as_ref().map(ToString::to_string)
            })
        }),
        banner: Some(Box::new(move |slack, now| said.banner(slack, now))),
        moments: vec![Moment {
            label: "to the next handoff".to_owned(),
            next: Box::new(move |now| change.next_handoff(now)),
        }],
        due: Some(Box::new(move |_| wakes.snapshot().world.next_wake())),
        busy: Some(Box::new(move |now| {
            let due = board.snapshot().world.next_wake().is_some_and(|at| at <= now);
            due || !board.is_taken() || !outbox.is_quiet(clock.steady_ms())
        })),
        open: Some(Box::new(move |service, dedup| {
            let key = AlertKey { service: ServiceId::from(service), dedup: dedup.into() };
            alerts.snapshot().world.incident_of(&key).map(|incident| !incident.is_resolved())
        })),
        steps: steps(),
        afterwards: afterwards(),
        sample_keys: vec![SAMPLE_KEY.to_owned(), super::CURL_KEY.to_owned()],
    }
}

impl Company {
    fn directory(&self) -> Arc<Directory> {
        self.board.snapshot().directory.clone()
    }

    fn resolved<T>(&self, ask: impl FnOnce(&[&Override]) -> T) -> T {
        let snapshot = self.board.snapshot();
        ask(&snapshot.world.overrides.values().collect::<Vec<_>>())
    }

    /// Whoever a policy asks first at a step.
    fn asked(&self, d: &Directory, policy: &Policy, step: usize, now: At) -> Option<UserId> {
        let target = policy.steps.get(step)?.targets.first()?;
        match target {
            Target::User(user) => Some(user.clone()),
            Target::Schedule(id) => {
                let schedule = d.schedules.get(id)?;
                self.resolved(|overrides| resolve(schedule, overrides.iter().copied(), now).who)
            }
            Target::Channel(_) => None,
        }
    }

    /// "You are Ana, on call for payments until 18:00 · backup Ben"; without an end where nobody follows.
    fn banner(&self, slack: &str, now: At) -> String {
        let d = &*self.directory();
        let Some(me) = d.users.values().find(|u| u.slack.as_ref().is_some_and(|s| s.as_str() == slack)) else {
            return "You are somebody the pager does not know".to_owned();
        };
        let duties: Vec<String> = d.schedules.values().filter_map(|s| self.duty(d, s, &me.id, me.tz, now)).collect();
        match duties.len() {
            0 => format!("You are {}, not on call", me.name),
            n if n > DUTIES => {
                format!("You are {}, {} · and {} more", me.name, duties[..DUTIES].join("; "), n - DUTIES)
            }
            _ => format!("You are {}, {}", me.name, duties.join("; ")),
        }
    }

    fn duty(&self, d: &Directory, schedule: &Schedule, me: &UserId, tz: Tz, now: At) -> Option<String> {
        let who = self.resolved(|overrides| resolve(schedule, overrides.iter().copied(), now).who);
        if who.as_ref() != Some(me) {
            return None;
        }
        let team = schedule.team.as_ref().and_then(|t| d.teams.get(t));
        let what = team.map_or(schedule.name.as_str(), |t| t.name.as_str());
        let target = Target::Schedule(schedule.id.clone());
        // The policy that asks this schedule earliest says whether it is the first to be asked or a backup.
        let can_ask = |p: &Policy, n: &usize| p.steps.get(*n).is_some_and(|s| can_ask(d, p, s));
        let levels = |p: &Policy| (0..p.steps.len()).filter(|n| can_ask(p, n)).collect::<Vec<_>>();
        let asks = |p: &Policy, n: usize| p.steps.get(n).is_some_and(|s| s.targets.contains(&target));
        let level = |p: &Policy| levels(p).into_iter().position(|n| asks(p, n));
        let found = d.policies.values().filter_map(|p| Some((level(p)?, p))).min_by_key(|(level, _)| *level);
        let others = |p: &Policy, from: usize| {
            let all = levels(p).into_iter().skip(from);
            all.filter_map(|n| self.asked(d, p, n, now)).find(|who| who != me)
        };
        let only = asked_only(d, &schedule.id).and_then(|when| only(&when));
        let only = only.map(|only| format!(", {}", only.replace('`', ""))).unwrap_or_default();
        let takeover = self.resolved(|overrides| takeover(schedule, overrides, now));
        let until = takeover.map(|takeover| until(takeover.at, tz, now)).unwrap_or_default();
        Some(match found {
            Some((0, policy)) => {
                let backup = others(policy, 1).map(|b| format!(" · backup {}", d.name_of(&b)));
                format!("on call for {what}{until}{only}{}", backup.unwrap_or_default())
            }
            Some((_, policy)) => {
                let first = levels(policy).first().and_then(|n| self.asked(d, policy, *n, now)).filter(|p| p != me);
                let first = first.map(|p| format!(" · {} is asked first", d.name_of(&p)));
                format!("backup for {what}{until}{only}{}", first.unwrap_or_default())
            }
            None => format!("on call for {what}{until}"),
        })
    }

    /// When the pager next changes hands anywhere.
    fn next_handoff(&self, now: At) -> Option<At> {
        let of = |schedule: &Schedule| self.resolved(|overrides| takeover(schedule, overrides, now));
        self.directory().schedules.values().filter_map(of).map(|takeover| takeover.at).min()
    }
}

/// The end of a shift on the person's own clock.
fn until(end: At, tz: Tz, now: At) -> String {
    let (end, today) = (end.utc().with_timezone(&tz), now.utc().with_timezone(&tz).date_naive());
    let format = if end.date_naive() == today { "%H:%M" } else { "%a %-d %b, %H:%M" };
    format!(" until {}", end.format(format))
}

fn steps() -> Vec<Step> {
    let action = |a: Action| Deed::Action(a.id().to_owned());
    let command = |text: &str| Deed::Command(text.to_owned());
    vec![
        Step { text: "Press *Acknowledge*: the paging stops".to_owned(), done_by: vec![action(Action::Acknowledge)] },
        Step {
            text: "Break something, then *+5 min*: the next level is paged".to_owned(),
            done_by: vec![Deed::Advance],
        },
        Step {
            text: "Try *Snooze…* or *More…*, or type `/pager oncall`".to_owned(),
            done_by: vec![action(Action::More), action(Action::Snooze), command("/pager"), command("/oncall")],
        },
    ]
}

/// The way to a real workspace; the same steps as in the README.
fn afterwards() -> Vec<String> {
    vec![
        "Write your people, channels and services into `config.toml`; `warridor check` says what is wrong with it, line by \
         line."
            .to_owned(),
        "`warridor setup` walks through the rest, one question a line:".to_owned(),
        "…the *app*, from the manifest it prints, at <https://api.slack.com/apps|api.slack.com/apps>".to_owned(),
        format!("…the *app-level token* with `{APP_TOKEN_SCOPE}`, and the *bot token* after you installed the app"),
        "…your *channels* (`/invite @warridor` in the private ones) and your *people*".to_owned(),
        "Point a monitor at it and start: `warridor run`.".to_owned(),
    ]
}
