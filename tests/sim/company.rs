//! A small company for the simulation and the scenarios: two services, a primary and a backup, a boss.

use chrono::{NaiveDate, NaiveTime};
use std::collections::BTreeMap;
use warridor::domain::directory::{
    Directory, Method, PersonalRule, Policy, Service, Step, Target, Team, Urgency, User,
};
use warridor::domain::group::Grouping;
use warridor::domain::routing::{AnyOf, Conditions, Destination, Glob, Route};
use warridor::domain::schedule::{Rotation, Schedule};
use warridor::domain::threshold::Threshold;
use warridor::sandbox::workspace::{Channel, SlashCommand, User as Member, Workspace};

const PEOPLE: [&str; 4] = ["ana", "ben", "chen", "mara"];
const CHANNELS: [(&str, &str); 3] = [("payments", "C0PAY"), ("search", "C0SEARCH"), ("admin", "C0ADMIN")];

/// Who is asked: the primary (Ana, by schedule), after 5 minutes the backup (Ben), all that once more, then Mara and
/// the admin channel. Chen carries the pager of search alone, and is asked a second time after two minutes.
pub fn company() -> Directory {
    let person = |id: &str| User {
        id: id.into(),
        name: format!("{}{}", id[..1].to_uppercase(), &id[1..]),
        slack: Some(slack_id(id).into()),
        email: None,
        tz: chrono_tz::Europe::Lisbon,
        admin: id == "mara",
        rules: match id {
            "chen" => vec![rule(0), rule(120)],
            _ => vec![rule(0)],
        },
    };
    let service = |id: &str, channel: &str, policy: &str, urgency| Service {
        urgency,
        ..Service::new(id.into(), "team".into(), policy.into(), channel.into())
    };
    let schedule = |id: &str, who: &[&str]| Schedule {
        id: id.into(),
        name: id.to_owned(),
        team: None,
        tz: chrono_tz::Europe::Lisbon,
        layers: vec![Rotation {
            members: who.iter().map(|w| (*w).into()).collect(),
            days: 1,
            start: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"),
            handoff: NaiveTime::from_hms_opt(18, 0, 0).expect("a time"),
        }],
    };
    let step = |targets: Vec<Target>, delay_secs| Step { targets, delay_secs };
    let policies = [
        Policy {
            id: "payments".into(),
            steps: vec![
                step(vec![Target::Schedule("primary".into())], 300),
                step(vec![Target::User("ben".into())], 300),
            ],
            repeat: 1,
        },
        Policy { id: "search".into(), steps: vec![step(vec![Target::User("chen".into())], 600)], repeat: 0 },
        Policy {
            id: "orphans".into(),
            steps: vec![step(vec![Target::Schedule("empty".into())], 300), step(vec![Target::User("ben".into())], 300)],
            repeat: 0,
        },
    ];
    let services = [
        service("payments", "C0PAY", "payments", Urgency::High),
        service("search", "C0SEARCH", "search", Urgency::High),
        service("reports", "C0SEARCH", "search", Urgency::Low),
        Service { team: "spare".into(), ..service("orphans", "C0PAY", "orphans", Urgency::High) },
        Service { team: "spare".into(), hold_secs: 120, ..service("blips", "C0PAY", "payments", Urgency::High) },
    ];
    let services = services.into_iter().chain([
        Service {
            team: "spare".into(),
            group: Some(Grouping { by: vec!["cluster".to_owned()], window_secs: 600 }),
            ..service("nodes", "C0PAY", "payments", Urgency::High)
        },
        Service {
            team: "spare".into(),
            threshold: Some(Threshold { events: 3, within_secs: 600 }),
            ..service("probes", "C0PAY", "payments", Urgency::High)
        },
        Service { team: "spare".into(), ..service("mixed", "C0PAY", "payments", Urgency::High) },
    ]);
    let schedules = [schedule("primary", &["ana"]), schedule("empty", &[])];
    Directory {
        sha256: "company".to_owned(),
        users: PEOPLE.iter().map(|p| ((*p).into(), person(p))).collect(),
        teams: BTreeMap::from([(
            "team".into(),
            Team {
                id: "team".into(),
                name: "Team".to_owned(),
                tier: 1,
                channel: "C0PAY".into(),
                members: PEOPLE.iter().map(|p| (*p).into()).collect(),
            },
        )]),
        services: services.into_iter().map(|s| (s.id.clone(), s)).collect(),
        policies: policies.into_iter().map(|p| (p.id.clone(), p)).collect(),
        schedules: schedules.into_iter().map(|s| (s.id.clone(), s)).collect(),
        channels: CHANNELS.iter().map(|(name, id)| ((*name).to_owned(), (*id).into())).collect(),
        catch_all: vec![Target::User("mara".into()), Target::Channel("C0ADMIN".into())],
        routes: routes(),
        ..Directory::empty("C0ADMIN".into())
    }
}

/// What comes by the key of `mixed` goes four ways, by its severity; without one, it is its own.
fn routes() -> Vec<Route> {
    let route = |name: &str, severity: &str, to| Route {
        name: name.into(),
        when: Conditions {
            service: Some(AnyOf(vec![Glob("mixed".to_owned())])),
            labels: BTreeMap::from([("severity".to_owned(), AnyOf(vec![Glob(severity.to_owned())]))]),
            ..Conditions::default()
        },
        to,
    };
    vec![
        route("info is no alert", "info", Destination::Fyi { channel: None }),
        route("noise", "debug*", Destination::Nothing),
        route("search watches this", "search", Destination::Service("search".into())),
    ]
}

fn rule(delay_secs: i64) -> PersonalRule {
    PersonalRule { method: Method::Slack, delay_secs }
}

fn slack_id(person: &str) -> String {
    format!("U0{}", person.to_uppercase())
}

/// The bot's token in [`workspace`].
pub fn bot_token() -> &'static str {
    "xoxb-sandbox-bot"
}

/// The company's Slack.
pub fn workspace(directory: &Directory, seed: u64) -> Workspace {
    let members: Vec<String> = PEOPLE.iter().map(|p| slack_id(p)).collect();
    Workspace {
        users: directory
            .users
            .values()
            .map(|u| Member {
                id: slack_id(u.id.as_str()),
                name: u.id.to_string(),
                real_name: u.name.clone(),
                ..Member::default()
            })
            .collect(),
        channels: CHANNELS
            .iter()
            .map(|(name, id)| Channel {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                members: members.clone(),
                bot_is_member: true,
                ..Channel::default()
            })
            .collect(),
        commands: vec![SlashCommand { command: "/pager".to_owned(), ..SlashCommand::default() }],
        seed,
        ..Workspace::default()
    }
}
