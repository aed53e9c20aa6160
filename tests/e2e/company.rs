//! The company of the tests: two services with a channel each, two people per service, delays of seconds.

use warridor::sandbox::workspace::{Channel, SlashCommand, User, Workspace};
use warridor::views::action_id::Shortcut;

/// The keys of the two services, by environment variable.
pub const KEYS: [(&str, &str); 2] =
    [("E2E_KEY_PAYMENTS", "0123456789abcdef-payments"), ("E2E_KEY_SEARCH", "0123456789abcdef-search")];
pub const PAYMENTS_KEY: &str = KEYS[0].1;
pub const SEARCH_KEY: &str = KEYS[1].1;

pub const PEOPLE: [(&str, &str); 5] = [
    ("ana", "Ana Silva"),
    ("ben", "Ben Okafor"),
    ("chen", "Chen Wei"),
    ("divya", "Divya Rao"),
    ("mara", "Mara Keller"),
];
pub const CHANNELS: [&str; 3] = ["payments", "search", "admin"];

/// How long the levels of each policy wait. Payments asks Ana, Ben and Mara; search asks Chen and Divya.
#[derive(Clone, Debug)]
pub struct Company {
    /// One delay for each level, such as `"2s"`; one to three levels.
    pub delays: Vec<&'static str>,
    /// Further lines of `[settings]`.
    pub settings: &'static str,
}

impl Default for Company {
    /// Nobody but the first level is ever asked while a test runs.
    fn default() -> Self {
        Self { delays: vec!["1h", "1h"], settings: "" }
    }
}

impl Company {
    pub fn waiting(delays: &[&'static str]) -> Self {
        Self { delays: delays.to_vec(), ..Self::default() }
    }

    /// What clears while somebody has it is resolved a second later.
    pub fn impatient(self) -> Self {
        self.set("auto_resolve_after = \"1s\"")
    }

    pub fn set(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    /// The text of `config.toml`.
    pub fn config(&self) -> String {
        let users = PEOPLE.map(|(id, name)| {
            format!("[[user]]\nid = \"{id}\"\nname = \"{name}\"\nslack = \"{}\"\ntz = \"UTC\"\n", user_id(id))
        });
        let channels = CHANNELS.map(|name| format!("[[channel]]\nname = \"{name}\"\nid = \"{}\"\n", channel_id(name)));
        let payments = self.policy("payments", &["ana", "ben", "mara"]);
        let search = self.policy("search", &["chen", "divya", "mara"]);
        format!(
            r#"
workspace = "Larkspur Books"
catch_all = ["user:mara", "channel:admin"]
admin_channel = "admin"

[settings]
exhausted_backoff = ["1h"]
bundle = "0s"
{}

[[command]]
name = "/pager"

[[command]]
name = "/who"
means = "oncall"

[[schedule]]
id = "payments-week"
name = "Payments, by the week"
team = "payments"
tz = "UTC"

[[schedule.layer]]
members = ["ben"]
every = "day"
start = 2024-01-01
handoff = "09:00"

{}{}
[[team]]
id = "payments"
name = "Payments"
tier = 3
channel = "payments"
members = ["ana", "ben", "mara"]

[[team]]
id = "search"
name = "Search"
tier = 3
channel = "search"
members = ["chen", "divya", "mara"]

[[service]]
id = "payments-api"
name = "Payments API"
team = "payments"
policy = "payments"

[[service.key]]
key_env = "E2E_KEY_PAYMENTS"

[[service]]
id = "search-api"
name = "Search API"
team = "search"
policy = "search"

[[service.key]]
key_env = "E2E_KEY_SEARCH"

{payments}{search}"#,
            self.settings,
            users.concat(),
            channels.concat(),
        )
    }

    fn policy(&self, id: &str, people: &[&str]) -> String {
        let steps = self.delays.iter().zip(people);
        let steps = steps.map(|(delay, who)| format!("  {{ targets = [\"user:{who}\"], delay = \"{delay}\" }},\n"));
        format!("[[policy]]\nid = \"{id}\"\nrepeat = 0\nsteps = [\n{}]\n", steps.collect::<String>())
    }
}

/// Search's service is private, as are its channel and the admin channel.
pub fn with_private_search(config: &str) -> String {
    let private = |line: &str| format!("{line}private = true\n");
    let lines = ["id = \"search-api\"\n", "[[channel]]\nname = \"search\"\n", "[[channel]]\nname = \"admin\"\n"];
    lines.iter().fold(config.to_owned(), |config, line| config.replace(line, &private(line)))
}

/// The same company as a Slack workspace.
pub fn workspace() -> Workspace {
    let users = PEOPLE.map(|(id, name)| User {
        id: user_id(id),
        name: id.to_owned(),
        real_name: name.to_owned(),
        ..User::default()
    });
    let channels = CHANNELS.map(|name| Channel {
        id: channel_id(name),
        name: name.to_owned(),
        bot_is_member: true,
        ..Channel::default()
    });
    let commands = ["/pager", "/who"].map(|name| SlashCommand {
        command: name.to_owned(),
        should_escape: true,
        ..SlashCommand::default()
    });
    let shortcuts = Shortcut::ALL.map(|shortcut| shortcut.id().to_owned()).to_vec();
    let (users, channels, commands) = (users.into(), channels.into(), commands.into());
    Workspace { users, channels, commands, shortcuts, ..Workspace::default() }
}

pub fn user_id(id: &str) -> String {
    format!("U0{:A<8}", id.to_uppercase())
}

pub fn channel_id(name: &str) -> String {
    format!("C0{:A<8}", name.to_uppercase())
}
