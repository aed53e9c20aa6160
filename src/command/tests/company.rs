//! Three teams. Payments is as most teams are; Data has two schedules at level 1; Search has a schedule of its own name.

use crate::domain::directory::{Directory, PersonalRule, Policy, Service, Step, Target, Team, User};
use crate::domain::id::ChannelId;
use crate::domain::playbook::Playbook;
use crate::domain::schedule::Schedule;
use chrono_tz::Tz;
use std::sync::Arc;

pub fn company() -> Directory {
    let users = [
        user("ana", "Ana Silva"),
        user("ben", "Ben Okafor"),
        user("cleo", "Cleo Wong"),
        user("dcho", "Dan Cho"),
        user("droe", "Dan Roe"),
    ];
    let teams = [
        team("payments", "Payments", &["ana", "ben"]),
        team("search", "Search", &["ben", "cleo"]),
        team("data", "Data Platform", &["dcho", "droe"]),
    ];
    let services = [
        service("payments-api", "Payments API", "payments"),
        service("checkout", "Checkout", "payments"),
        service("search-api", "Search", "search"),
        service("etl", "Nightly ETL", "data"),
    ];
    let schedules = [
        schedule("payments-primary", "Payments primary", "payments"),
        schedule("payments-backup", "Payments backup", "payments"),
        schedule("search", "Search", "search"),
        schedule("data-eu", "Data Europe", "data"),
        schedule("data-us", "Data America", "data"),
    ];
    let policies = [
        policy("payments", &[&["payments-primary"], &["payments-backup"]]),
        policy("search", &[&["search"]]),
        policy("data", &[&["data-eu", "data-us"]]),
    ];
    Directory {
        users: users.into_iter().map(|u| (u.id.clone(), u)).collect(),
        teams: teams.into_iter().map(|t| (t.id.clone(), t)).collect(),
        services: services.into_iter().map(|s| (s.id.clone(), s)).collect(),
        policies: policies.into_iter().map(|p| (p.id.clone(), p)).collect(),
        schedules: schedules.into_iter().map(|s| (s.id.clone(), s)).collect(),
        playbooks: ["disk-filling-up", "disk-slow", "payments-down"].map(|id| (id.into(), playbook(id))).into(),
        channels: ["payments", "search", "data"].map(|name| (name.to_owned(), channel(name))).into(),
        ..Directory::empty(channel("payments"))
    }
}

/// `#payments` is `CPAYMENTS`, and Ana is `UANA`.
fn channel(name: &str) -> ChannelId {
    format!("C{}", name.to_uppercase()).into()
}

fn playbook(id: &str) -> Arc<Playbook> {
    Arc::new(Playbook {
        id: id.into(),
        title: "Look".into(),
        matches: Vec::new(),
        tier: None,
        owner: "data".into(),
        last_reviewed: Default::default(),
        aim: Vec::new(),
        sections: Vec::new(),
    })
}

fn user(id: &str, name: &str) -> User {
    User {
        id: id.into(),
        name: name.to_owned(),
        slack: Some(format!("U{}", id.to_uppercase()).into()),
        email: Some(format!("{}@example.com", name.to_lowercase().replace(' ', "."))),
        phone: None,
        tz: Tz::UTC,
        admin: false,
        rules: vec![PersonalRule::slack(0)],
    }
}

fn team(id: &str, name: &str, members: &[&str]) -> Team {
    let members = members.iter().map(|m| (*m).into()).collect();
    Team { name: name.to_owned(), ..Team::new(id.into(), channel(id), members) }
}

fn service(id: &str, name: &str, team: &str) -> Service {
    Service { name: name.to_owned(), ..Service::new(id.into(), team.into(), team.into(), channel(team)) }
}

fn schedule(id: &str, name: &str, team: &str) -> Schedule {
    Schedule {
        id: id.into(),
        name: name.to_owned(),
        team: Some(team.into()),
        tz: Tz::UTC,
        layers: Vec::new(),
        fixed: Vec::new(),
    }
}

fn policy(id: &str, levels: &[&[&str]]) -> Policy {
    let step = |names: &&[&str]| {
        let targets = names.iter().map(|name| Target::Schedule((*name).into())).collect();
        Step::all(targets, 300)
    };
    Policy { id: id.into(), steps: levels.iter().map(step).collect(), repeat: 0 }
}
