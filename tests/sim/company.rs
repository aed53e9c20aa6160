//! Small companies for the simulation and the scenarios: a few services, a primary and a backup, a boss.

use chrono::{NaiveDate, NaiveTime};
use std::collections::{BTreeMap, BTreeSet};
use warridor::config::playbook::of_text;
use warridor::domain::condition::When;
use warridor::domain::directory::{
    Alertmanager, Directory, Method, PersonalRule, Policy, Service, Step, Target, Team, Twilio, Urgency, User,
};
use warridor::domain::group::Grouping;
use warridor::domain::heartbeat::Heartbeat;
use warridor::domain::hours::{Hours, Span, Weekdays};
use warridor::domain::id::UserId;
use warridor::domain::routing::{AnyOf, Conditions, Destination, Glob, Route, Routes};
use warridor::domain::schedule::{FixedShift, Layer, Member, Rotation, Schedule};
use warridor::domain::sla::{StartWithin, Tiers};
use warridor::domain::threshold::Threshold;
use warridor::domain::urgency::{Severities, UrgencyBy};
use warridor::sandbox::telephone::{Account, Exchange};
use warridor::sandbox::workspace::{Channel, SlashCommand, User as Person, Usergroup, Workspace};

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
        phone: None,
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
        layers: vec![Layer::always(chrono_tz::Europe::Lisbon, rotation(who, 24, 18))],
        fixed: Vec::new(),
    };
    let step = Step::all;
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
            id: "in-turn".into(),
            steps: vec![
                Step {
                    round_robin: true,
                    ..step(
                        vec![Target::User("ana".into()), Target::Schedule("empty".into()), Target::User("chen".into())],
                        300,
                    )
                },
                step(vec![Target::User("ben".into()), Target::User("mara".into())], 300),
            ],
            repeat: 1,
        },
        Policy {
            id: "orphans".into(),
            steps: vec![step(vec![Target::Schedule("empty".into())], 300), step(vec![Target::User("ben".into())], 300)],
            repeat: 0,
        },
    ];
    let policies = policies.into_iter().chain([desk_policy(), picky_policy()]);
    let services = [
        service("payments", "C0PAY", "payments", Urgency::High),
        service("search", "C0SEARCH", "search", Urgency::High),
        // What searches the logs never says that something is over.
        Service { resolve_after_secs: Some(2 * 60 * 60), ..service("logs", "C0SEARCH", "search", Urgency::High) },
        service("reports", "C0SEARCH", "search", Urgency::Low),
        Service { team: "spare".into(), ..service("orphans", "C0PAY", "orphans", Urgency::High) },
        Service { team: "spare".into(), ..service("in-turn", "C0SEARCH", "in-turn", Urgency::High) },
        Service { team: "pay".into(), hold_secs: 120, ..service("blips", "C0PAY", "payments", Urgency::High) },
        // High in support hours, low outside; by severity; and one that must be started within a quarter of an hour.
        Service {
            team: "spare".into(),
            urgency_by: UrgencyBy::Hours("office".into()),
            ..service("shop", "C0PAY", "payments", Urgency::High)
        },
        Service {
            team: "spare".into(),
            urgency_by: UrgencyBy::Severity(Severities::default()),
            ..service("lights", "C0SEARCH", "search", Urgency::High)
        },
        Service { team: "spare".into(), tier: 2, ..service("vault", "C0PAY", "payments", Urgency::High) },
        service("desk", "C0SEARCH", "desk", Urgency::High),
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
        Service { team: "spare".into(), ..service("picky", "C0PAY", "picky", Urgency::High) },
    ]);
    let schedules = [schedule("primary", &["ana"]), schedule("empty", &[]), desk()];
    let services: BTreeMap<_, _> = services.map(|s| (s.id.clone(), s)).collect();
    Directory {
        sha256: "company".to_owned(),
        users: PEOPLE.iter().map(|p| ((*p).into(), person(p))).collect(),
        teams: [
            Team {
                name: "Team".to_owned(),
                ..Team::new("team".into(), "C0PAY".into(), PEOPLE.iter().map(|p| (*p).into()).collect())
            },
            Team {
                usergroup: Some("S0ONCALL".to_owned()),
                topic: Some("On call: {oncall}, then {next}.".to_owned()),
                ..Team::new("pay".into(), "C0PAY".into(), vec!["ana".into(), "ben".into()])
            },
        ]
        .map(|t| (t.id.clone(), t))
        .into(),
        routes: Routes::new(routes(), services.keys()),
        services,
        policies: policies.into_iter().map(|p| (p.id.clone(), p)).collect(),
        schedules: schedules.into_iter().map(|s| (s.id.clone(), s)).collect(),
        channels: CHANNELS.iter().map(|(name, id)| ((*name).to_owned(), (*id).into())).collect(),
        hours: BTreeMap::from([("office".into(), Hours::usual(chrono_tz::Europe::Lisbon))]),
        // Long enough to stay out of stories about something else.
        alertmanagers: [("payments".into(), Alertmanager { url: "http://am.example".into(), token_env: None })].into(),
        tiers: Tiers(BTreeMap::from([(1, StartWithin::Secs(4 * 60 * 60)), (2, StartWithin::Secs(15 * 60))])),
        catch_all: vec![Target::User("mara".into()), Target::Channel("C0ADMIN".into())],
        ..Directory::empty("C0ADMIN".into())
    }
}

/// Asks whoever carries payments for what is in Europe, then Ben in office hours and Mara outside them, and Chen for tier
/// 2 only.
fn picky_policy() -> Policy {
    let user = |id: &str| vec![Target::User(id.into())];
    let step = |targets, when| Step { when, ..Step::all(targets, 300) };
    let always = When::default;
    let europe = BTreeMap::from([("region".to_owned(), AnyOf(vec![Glob("eu-*".to_owned())]))]);
    let steps = vec![
        step(vec![Target::Schedule("primary".into())], When { labels: europe, ..always() }),
        step(user("ben"), When { during: Some("office".into()), ..always() }),
        step(user("mara"), When { outside: Some("office".into()), ..always() }),
        step(user("chen"), When { tiers: vec![2], ..always() }),
    ];
    Policy { id: "picky".into(), steps, repeat: 1 }
}

/// Restricted to hours, with turns of hours, in two zones; nobody at night.
fn desk() -> Schedule {
    let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
    let early = Layer {
        hours: vec![hours(Weekdays::ALL, 9, 13)],
        ..Layer::always(chrono_tz::Europe::Lisbon, rotation(&["ben", "chen", "ana"], 2, 9))
    };
    let mut late = Layer {
        hours: vec![hours(Weekdays::ALL, 7, 10), hours(Weekdays::ALL, 12, 1)],
        ..Layer::always(chrono_tz::America::New_York, rotation(&["chen", "ben"], 3, 7))
    };
    late.rotation.members.push(Member { user: "mara".into(), from: Some(day), until: None });
    late.rotation.turn_hours = vec![3, 1];
    let shift = day.and_hms_opt(10, 15, 0).expect("a time");
    Schedule {
        id: "desk".into(),
        name: "desk".to_owned(),
        team: Some("spare".into()),
        tz: chrono_tz::Europe::Lisbon,
        layers: vec![early, late],
        fixed: vec![FixedShift { user: "ana".into(), from: shift, until: shift + chrono::TimeDelta::minutes(45) }],
    }
}

/// Without the schedule that changes hands by the hour, and what it says of each.
pub fn without_desk(mut d: Directory) -> Directory {
    d.policies.remove(&"desk".into());
    d.services.remove(&"desk".into());
    d.schedules.remove(&"desk".into());
    d
}

fn desk_policy() -> Policy {
    let step = |target, delay_secs| Step::all(vec![target], delay_secs);
    let steps = vec![step(Target::Schedule("desk".into()), 300), step(Target::User("mara".into()), 300)];
    Policy { id: "desk".into(), steps, repeat: 0 }
}

/// Payments is carried from Berlin, by turns of 12 hours at 09:00 and 21:00. Search is carried from New York, from 08:00
/// to 20:00 and on working days only. Above both is Mara.
pub fn two_zones() -> Directory {
    let mut d = company();
    let (berlin, new_york) = (chrono_tz::Europe::Berlin, chrono_tz::America::New_York);
    let by_day =
        Layer { hours: vec![hours(Weekdays::MON_FRI, 8, 20)], ..Layer::always(new_york, rotation(&["chen"], 24, 8)) };
    let schedule = |id: &str, tz, layer| Schedule {
        id: id.into(),
        name: id.to_owned(),
        team: None,
        tz,
        layers: vec![layer],
        fixed: Vec::new(),
    };
    let schedules = [
        schedule("berlin", berlin, Layer::always(berlin, rotation(&["ana", "ben"], 12, 9))),
        schedule("new-york", new_york, by_day),
    ];
    d.schedules = schedules.into_iter().map(|s| (s.id.clone(), s)).collect();
    for (policy, schedule) in [("payments", "berlin"), ("search", "new-york")] {
        let step = |target, delay_secs| Step::all(vec![target], delay_secs);
        let first = step(Target::Schedule(schedule.into()), 300);
        let steps = vec![first, step(Target::User("mara".into()), 600)];
        d.policies.insert(policy.into(), Policy { id: policy.into(), steps, repeat: 0 });
    }
    without_desk(d)
}

fn hours(days: Weekdays, from: u32, until: u32) -> Span {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("a time");
    Span { days, from: time(from), until: time(until) }
}

fn rotation(who: &[&str], turn_hours: u32, handoff: u32) -> Rotation {
    Rotation {
        members: who.iter().map(|w| Member::always(*w)).collect(),
        turn_hours: vec![turn_hours],
        start: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"),
        handoff: NaiveTime::from_hms_opt(handoff, 0, 0).expect("a time"),
    }
}

/// What comes by the key of `mixed` goes four ways, by its severity; without one, it is its own.
fn routes() -> Vec<Route> {
    let route = |number, name: &str, severity: &str, to| Route {
        number,
        name: Some(name.into()),
        when: Conditions {
            service: Some(AnyOf(vec![Glob("mixed".to_owned())])),
            labels: BTreeMap::from([("severity".to_owned(), AnyOf(vec![Glob(severity.to_owned())]))]),
            ..Conditions::default()
        },
        to,
    };
    vec![
        route(1, "info is no alert", "info", Destination::Fyi { channel: None }),
        route(2, "noise", "debug*", Destination::Nothing),
        route(3, "search watches this", "search", Destination::Service("search".into())),
    ]
}

/// The same, and some of it by telephone: Ana is texted after a minute and called after two, Ben is called at once.
pub fn company_with_telephones() -> Directory {
    let mut company = company();
    let account = exchange().account().clone();
    let (account, from) = (account.sid.as_str().into(), account.number.as_str().into());
    company.twilio = Some(Twilio { account, token_envs: Vec::new(), from, api: "http://twilio.example".into() });
    let high = |method, delay_secs| PersonalRule { method, delay_secs, only: Some(Urgency::High) };
    let rules = [
        ("ana", "+15550000001", vec![high(Method::Sms, 60), high(Method::Voice, 120)]),
        ("ben", "+15550000002", vec![high(Method::Voice, 0)]),
    ];
    for (who, phone, more) in rules {
        let user = company.users.get_mut(&UserId::from(who)).expect("a person");
        user.phone = Some(phone.into());
        user.rules.extend(more);
    }
    company
}

/// The same, and some of it must be heard of every so often.
pub fn company_with_heartbeats() -> Directory {
    let mut company = company_with_telephones();
    let one = |id: &str, service: &str, urgency, minutes: i64, grace: i64| Heartbeat {
        id: id.into(),
        name: format!("The <!channel> {id}"),
        service: service.into(),
        urgency,
        every_secs: minutes * 60,
        grace_secs: grace * 60,
        watched: true,
    };
    let all = [
        one("backup", "payments", None, 60, 10),
        one("watchdog", "nodes", None, 5, 1),
        one("reports", "search", Some(Urgency::Low), 20, 0),
        one("probes", "probes", None, 30, 5),
        one("unheard", "mixed", None, 12 * 60, 60),
        Heartbeat { watched: false, ..one("keyless", "payments", None, 1, 1) },
    ];
    // Two take turns.
    if let Some(primary) = company.schedules.get_mut(&"primary".into()) {
        primary.layers[0].rotation.members = vec![Member::always("ana"), Member::always("ben")];
    }
    company.heartbeats = all.into_iter().map(|h| (h.id.clone(), h)).collect();
    let walk = "## One\n\n- [ ] Look \\<!here>. (2m, then ask for help)\n- [ ] Choose [three](#three).\n\n\
                ## Two\n\n- [ ] Ask [them](page:pay).\n\n## Three\n\n- [ ] Wait. (20m)\n- [ ] Look again.\n";
    for (name, of, body) in
        [("walk", "services = [\"payments\"]", walk), ("wait", "titles = [\"*wrong*\"]", "- [ ] Wait. (2m)\n")]
    {
        let text = format!(
            "+++\ntitle = \"The {name}\"\nowner = \"pay\"\nlast_reviewed = 2026-01-05\n[[match]]\n{of}\n+++\n{body}"
        );
        let path = format!("playbooks/{name}.md");
        let playbook = of_text(std::path::Path::new(&path), &text, &company).expect("a good playbook");
        company.playbooks.insert(playbook.id.clone(), playbook);
    }
    company
}

/// The account at Twilio.
pub fn exchange() -> Exchange {
    let mut exchange = Exchange::default();
    exchange.set_account(Account {
        sid: "AC0123456789abcdef0123456789abcdef".to_owned(),
        token: "a token".to_owned(),
        number: "+15550000000".to_owned(),
        can_text: true,
        sms_url: String::new(),
    });
    exchange
}

fn rule(delay_secs: i64) -> PersonalRule {
    PersonalRule::slack(delay_secs)
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
    let known = |id: &str| CHANNELS.iter().any(|(_, known)| *known == id);
    let more: BTreeSet<&str> =
        directory.services.values().map(|s| s.channel.as_str()).filter(|id| !known(id)).collect();
    let more = more.into_iter().map(|id| (id, id));
    Workspace {
        users: directory
            .users
            .values()
            .map(|u| Person {
                id: slack_id(u.id.as_str()),
                name: u.id.to_string(),
                real_name: u.name.clone(),
                ..Person::default()
            })
            .collect(),
        channels: CHANNELS
            .into_iter()
            .chain(more)
            .map(|(name, id)| Channel {
                id: id.to_owned(),
                name: name.to_lowercase(),
                members: members.clone(),
                bot_is_member: true,
                ..Channel::default()
            })
            .collect(),
        usergroups: vec![Usergroup {
            id: "S0ONCALL".to_owned(),
            handle: "team-oncall".to_owned(),
            users: vec![slack_id("mara")],
            ..Usergroup::default()
        }],
        commands: vec![SlashCommand { command: "/pager".to_owned(), ..SlashCommand::default() }],
        seed,
        ..Workspace::default()
    }
}
