//! A workspace that fits `config/good.toml` in everything, to be bent by each test.

#![allow(dead_code)] // each test binary uses its part

use std::net::SocketAddr;
use std::path::Path;
use warridor::clock::Clock;
use warridor::config::{self, Loaded, MemoryEnv};
use warridor::sandbox::workspace::{Channel, SlashCommand, User, Workspace};
use warridor::sandbox::{Sandbox, SandboxConfig};
use warridor::slack::methods::{self, Features};

pub const GOOD: &str = include_str!("../config/good.toml");
/// What `good.toml` names, and a key for each.
pub const KEYS: [(&str, &str); 2] = [("KEY_PAYMENTS", "0123456789abcdef"), ("KEY_SEARCH", "fedcba9876543210")];

pub fn fitting() -> Workspace {
    let user = |id: &str, name: &str, tz: &str| User { id: id.into(), tz: tz.into(), ..User::named(name) };
    let channel = |id: &str, name: &str| Channel { id: id.into(), ..Channel::named(name) };
    Workspace {
        team_name: "Acme".into(),
        users: vec![user("U000000001", "ana", "Europe/Lisbon"), user("U000000002", "ben", "Europe/Berlin")],
        channels: vec![
            channel("C000000001", "payments"),
            channel("C000000002", "search"),
            Channel { is_private: true, ..channel("C000000003", "admin") },
        ],
        commands: vec![SlashCommand::named("/pager")],
        scopes: methods::scopes(Features::default()).into_iter().map(|(scope, _)| scope.to_owned()).collect(),
        ..Workspace::default()
    }
}

/// Must be called inside a tokio runtime.
pub fn start(workspace: Workspace) -> Sandbox {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = SandboxConfig { listen, clock: Clock::system(0), dir: None, workspace };
    Sandbox::start(config).expect("the local Slack starts")
}

pub fn load(text: &str) -> Loaded {
    let mut env = MemoryEnv::with_file("config.toml", text);
    env.vars = KEYS.iter().map(|(name, key)| ((*name).to_owned(), (*key).to_owned())).collect();
    config::load(Path::new("config.toml"), &env).unwrap_or_else(|complaints| panic!("{complaints:?}"))
}
