//! The Slack app manifest: what we ask of a workspace, by our own words and, where Slack's schema is at hand, by it.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use warridor::config::{self, MemoryEnv, manifest};
use warridor::slack::methods::{self, Features};
use warridor::views::action_id::Shortcut;

const SHIPPED: &str = include_str!("../config.toml");

fn built(config: &str) -> Value {
    let env = MemoryEnv::with_file("config.toml", config);
    let loaded = config::load(Path::new("config.toml"), &env).unwrap_or_else(|complaints| panic!("{complaints:?}"));
    manifest::build(&loaded.app)
}

#[test]
fn it_speaks_socket_mode_and_shows_pages() {
    let manifest = built(SHIPPED);
    let settings = &manifest["settings"];
    assert_eq!(settings["socket_mode_enabled"], true);
    assert_eq!(settings["interactivity"]["is_enabled"], true);
    assert_eq!(
        settings["event_subscriptions"]["bot_events"],
        serde_json::json!(["app_home_opened", "dnd_updated_user", "message.im"])
    );
    let home = &manifest["features"]["app_home"];
    assert_eq!(home["home_tab_enabled"], true);
    assert_eq!(home["messages_tab_enabled"], true);
    assert_eq!(home["messages_tab_read_only_enabled"], false);
    // With sockets, no address of ours may be asked for.
    assert!(!manifest.to_string().contains("url"));
}

#[test]
fn its_commands_are_the_configured_ones_and_tell_people_apart() {
    let names = |manifest: &Value| -> Vec<String> {
        let commands = manifest["features"]["slash_commands"].as_array().unwrap();
        for command in commands {
            assert_eq!(command["should_escape"], true, "{command}");
            for key in ["description", "usage_hint"] {
                assert!(command[key].as_str().is_some_and(|text| !text.is_empty()), "{command}");
            }
        }
        commands.iter().map(|command| command["command"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&built(SHIPPED)), ["/pager", "/oncall"]);
    let renamed = SHIPPED.replace("name = \"/oncall\"", "name = \"/who\"\nmeans = \"oncall\"");
    assert_eq!(names(&built(&renamed)), ["/pager", "/who"]);
    let default =
        SHIPPED.replace("[[command]]\nname = \"/pager\"\n", "").replace("[[command]]\nname = \"/oncall\"\n", "");
    assert_eq!(names(&built(&default)), ["/pager", "/oncall"]);
}

#[test]
fn it_asks_for_the_scopes_of_the_methods_that_are_called_and_for_no_other() {
    let called = methods_called();
    assert!(called.len() >= 10, "{called:?}");
    let mut needed = BTreeSet::from([methods::COMMANDS_SCOPE]);
    needed.extend(methods::EVENTS.iter().filter_map(|(_, scope)| *scope));
    for (method, places) in &called {
        let mut listed = methods::METHODS.iter().chain(Features::ALL.methods());
        let listed = listed.find(|(name, _)| name == method);
        let (_, scopes) =
            listed.unwrap_or_else(|| panic!("{method} is called in {places:?}: list it in slack/methods.rs"));
        needed.extend(*scopes);
    }
    let manifest = built(&SHIPPED.replace(
        "tier = 1\nchannel = \"payments\"",
        "tier = 1\nusergroup = \"S07ONCALL\"\ntopic = \"On call: {oncall}\"\nchannel = \"payments\"",
    ));
    let asked = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
    assert_eq!(asked.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>(), needed);
    assert_eq!(asked.len(), needed.len(), "none twice");
    assert!(methods::scopes(Features::ALL).iter().all(|(_, why)| !why.is_empty() && !why.contains('\n')));
    assert_eq!(manifest["oauth_config"]["scopes"].as_object().unwrap().len(), 1, "nothing in anybody's name");
}

#[test]
fn a_scope_that_no_team_needs_is_not_asked_for() {
    let manifest = built(SHIPPED);
    let asked = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
    for scope in ["channels:manage", "groups:write", "usergroups:read", "usergroups:write"] {
        assert!(!asked.iter().any(|s| s == scope), "{scope} is asked for, and nothing needs it");
    }
}

/// Every literal in the sources that names a method of Slack's Web API, with the files it stands in.
fn methods_called() -> BTreeMap<String, Vec<String>> {
    // The local Slack has methods of its own; the lanes only know which methods post; tests call what they like.
    let apart =
        |path: &str| path.contains("/sandbox/") || path.ends_with("slack/methods.rs") || path.contains("slack/lanes");
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut called: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files.iter().filter(|path| !apart(&path.to_string_lossy())) {
        let text = std::fs::read_to_string(path).unwrap();
        for literal in text.split('"').filter(|literal| is_method(literal)) {
            called.entry(literal.to_owned()).or_default().push(path.display().to_string());
        }
    }
    called
}

fn is_method(literal: &str) -> bool {
    const FAMILIES: [&str; 22] = [
        "admin",
        "api",
        "apps",
        "assistant",
        "auth",
        "bookmarks",
        "bots",
        "calls",
        "canvases",
        "chat",
        "conversations",
        "dnd",
        "emoji",
        "files",
        "pins",
        "reactions",
        "reminders",
        "team",
        "usergroups",
        "users",
        "views",
        "workflows",
    ];
    let mut words = literal.split('.');
    let family = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    // `users.info`; not `message.im`, which is an event, nor `users.rs`, which is a file.
    FAMILIES.contains(&family)
        && (1..=3).contains(&rest.len())
        && rest.iter().all(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_alphabetic()))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn what_is_not_a_method_is_not_taken_for_one() {
    for (literal, want) in [
        ("chat.postMessage", true),
        ("usergroups.users.update", true),
        ("users.rs", false),
        ("message.im", false),
        ("chat:write", false),
        ("team", false),
        ("apps.connections.open to fail", false),
    ] {
        assert_eq!(is_method(literal), want, "{literal}");
    }
}

#[test]
fn it_promises_nothing_that_is_not_there() {
    let text = built(SHIPPED)["display_information"].to_string().to_lowercase();
    for word in ["walk", "playbook", "phone call", "sms", "rca", "war room", "triage"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn its_texts_fit() {
    let manifest = built(SHIPPED);
    let about = &manifest["display_information"];
    for (text, min, max) in [
        (&about["name"], 1, 35),
        (&about["description"], 1, 140),
        (&about["long_description"], 175, 4_000),
        (&manifest["features"]["bot_user"]["display_name"], 1, 80),
    ] {
        let length = text.as_str().unwrap().chars().count();
        assert!((min..=max).contains(&length), "{text}: {length}");
    }
    for command in manifest["features"]["slash_commands"].as_array().unwrap() {
        let length = |key: &str| command[key].as_str().unwrap().chars().count();
        assert!(
            (2..=32).contains(&length("command")) && length("description") <= 2_000 && length("usage_hint") <= 1_000
        );
    }
    let color = about["background_color"].as_str().unwrap();
    assert!(color.len() == 7 && color.starts_with('#') && color[1..].chars().all(|c| c.is_ascii_hexdigit()));
}

#[test]
fn threads_are_heard_only_where_a_reaction_is_configured() {
    let listed = |manifest: &Value, at: &str| -> BTreeSet<String> {
        let all = manifest.pointer(at).and_then(Value::as_array).expect("a list");
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (events, scopes) = ("/settings/event_subscriptions/bot_events", "/oauth_config/scopes/bot");
    let (without, with) = (built(SHIPPED), built(&format!("timeline_reaction = \"pushpin\"\n{SHIPPED}")));
    let more = |at: &str| -> Vec<String> { listed(&with, at).difference(&listed(&without, at)).cloned().collect() };
    assert_eq!(more(events), ["message.channels", "message.groups", "reaction_added"]);
    assert_eq!(more(scopes), ["reactions:read"]);
    assert!(listed(&with, scopes).is_superset(&["channels:history", "groups:history"].map(str::to_owned).into()));
    assert!(
        listed(&without, events)
            .is_disjoint(&listed(&with, events).difference(&listed(&without, events)).cloned().collect())
    );
}

#[test]
fn every_entry_of_a_messages_menu_fits_and_is_understood() {
    let manifest = built(SHIPPED);
    let shortcuts = manifest["features"]["shortcuts"].as_array().unwrap();
    assert_eq!(shortcuts.len(), Shortcut::ALL.len());
    for shortcut in shortcuts {
        assert_eq!(shortcut["type"], "message", "a global one has no message to read");
        let text = |key: &str| shortcut[key].as_str().unwrap();
        assert!((1..=24).contains(&text("name").chars().count()), "{shortcut}");
        assert!((1..=150).contains(&text("description").chars().count()), "{shortcut}");
        assert!(Shortcut::parse(text("callback_id")).is_some(), "{shortcut}");
    }
}

/// Slack's own schemas are not ours to ship: they are looked for in `$WARRIDOR_SHARED/schemas`, then beside the project.
#[test]
fn it_is_valid_by_slacks_schemas_where_they_are_at_hand() {
    let shared = std::env::var_os("WARRIDOR_SHARED").map_or_else(beside, PathBuf::from);
    for version in ["1.0.0", "2.0.0"] {
        let path = shared.join(format!("schemas/manifest.schema.{version}.json"));
        let Ok(schema) = std::fs::read(&path) else {
            eprintln!("not judged by Slack's schema {version}: no {}", path.display());
            continue;
        };
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let manifest = built(SHIPPED);
        let errors: Vec<String> = validator.iter_errors(&manifest).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{version}: {errors:#?}");
        // The schema is one that refuses.
        let mut wrong = manifest;
        wrong["features"]["slash_commands"][0]["command"] = "pager".into();
        assert!(!validator.is_valid(&wrong));
    }
}

fn beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared")
}
