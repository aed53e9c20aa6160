//! `check --online` against a local Slack that is wrong in one way at a time: the whole of what is told, word for word.

mod workspace;

use secrecy::SecretString;
use serde_json::json;
use std::process::{Command, Output};
use std::sync::Arc;
use warridor::clock::Clock;
use warridor::domain::stamp::At;
use warridor::methods::Methods;
use warridor::online::{self, Access};
use warridor::sandbox::Sandbox;
use warridor::sandbox::faults::Fault;
use warridor::sandbox::telephone::Account;
use warridor::sandbox::workspace::{DndWindow, Usergroup, Workspace};
use workspace::{GOOD, KEYS, fitting, load, start};

const BOT: &str = "xoxb-sandbox-bot";
const APP: &str = "xapp-sandbox-app";
const REINSTALL: &str = "paste the output of `warridor manifest` at api.slack.com/apps: your app, App Manifest; then Install \
                         App, Reinstall to Workspace";
const COMMANDS: &str = "Slack does not tell which slash commands an app has: type `/pager help` there; if Slack does not \
                        know /pager, paste the output of `warridor manifest` into the app's manifest again (note)";
/// Monday 2026-01-05, noon.
const NOW: At = At(1_767_614_400_000);

fn access(sandbox: &Sandbox, bot: &str, app: &str) -> Access {
    let secret = |token: &str| SecretString::from(token.to_owned());
    Access { api: sandbox.api_url().parse().unwrap(), bot_token: secret(bot), app_token: secret(app) }
}

async fn told_by(sandbox: &Sandbox, config: &str) -> Vec<String> {
    let workspace = fitting();
    let access = access(sandbox, &workspace.bot_token, &workspace.app_token);
    let findings = online::check(&load(config), &access, NOW).await.unwrap();
    let mut told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(told.pop().as_deref(), Some(COMMANDS), "what was not looked at is said");
    told
}

/// What is told of a workspace that was bent, with the configuration that fits it but for these edits.
async fn told(bend: impl FnOnce(&mut Workspace), edits: &[(&str, &str)]) -> Vec<String> {
    let mut workspace = fitting();
    bend(&mut workspace);
    let config = edits.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    });
    told_by(&start(workspace), &config).await
}

#[tokio::test]
async fn a_workspace_that_fits_is_told_nothing_of() {
    assert_eq!(told(|_| (), &[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_scope_that_is_missing_is_named_with_what_it_is_for_and_told_once() {
    let lacking =
        |lost: &'static [&'static str]| told(move |ws| ws.scopes.retain(|s| !lost.contains(&s.as_str())), &[]);
    assert_eq!(
        lacking(&["dnd:read"]).await,
        [format!(
            "the app lacks the scope dnd:read, by which it pages the next level too while somebody's Do Not Disturb may \
             swallow their only page; {REINSTALL}"
        )]
    );
    let several = lacking(&["channels:read", "groups:read", "users:read", "im:write"]).await;
    let scopes: Vec<&str> = several.iter().filter_map(|t| t.strip_prefix("the app lacks the scope ")).collect();
    assert_eq!(scopes.len(), 4, "{several:#?}");
    assert_eq!(several.len(), 4, "what follows from them is not told again: {several:#?}");
    assert_eq!(
        told(|ws| ws.scopes.push("pins:write".into()), &[]).await,
        [format!("the app has scopes nothing here needs: pins:write; {REINSTALL} (note)")]
    );
}

#[tokio::test]
async fn tokens_of_the_wrong_kind_are_told_without_asking_slack_and_dead_ones_by_it() {
    let sandbox = start(fitting());
    let loaded = load(GOOD);
    let bot_there = "put the bot token there (xoxb-…, at api.slack.com/apps: your app, OAuth & Permissions, Bot User OAuth \
                     Token)";
    let app_where =
        "at api.slack.com/apps: your app, Basic Information, App-Level Tokens, with the scope connections:write";
    for (bot, app, want) in [
        (
            "xapp-sandbox-app",
            "xoxb-sandbox-bot",
            "SLACK_BOT_TOKEN holds an app-level token (xapp-…) and SLACK_APP_TOKEN a bot token (xoxb-…); exchange the two"
                .to_owned(),
        ),
        ("xoxp-me", "xapp-sandbox-app", format!("SLACK_BOT_TOKEN holds a user token (xoxp-…); {bot_there}")),
        ("hunter2", "xapp-sandbox-app", format!("SLACK_BOT_TOKEN holds no token of Slack's; {bot_there}")),
        (
            "xoxb-sandbox-bot",
            "xoxb-sandbox-bot",
            format!("SLACK_APP_TOKEN holds a bot token (xoxb-…); put the app-level token there (xapp-…, {app_where})"),
        ),
        (
            "xoxb-revoked",
            "xapp-sandbox-app",
            "SLACK_BOT_TOKEN is refused by Slack (invalid_auth); copy it again (at api.slack.com/apps: your app, OAuth & \
             Permissions, Bot User OAuth Token), or reinstall the app there"
                .to_owned(),
        ),
    ] {
        let findings = online::check(&loaded, &access(&sandbox, bot, app), NOW).await.unwrap();
        assert_eq!(findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [want]);
    }
    let dead = access(&sandbox, "xoxb-sandbox-bot", "xapp-revoked");
    let findings = online::check(&loaded, &dead, NOW).await.unwrap();
    assert_eq!(
        findings[0].to_string(),
        format!("SLACK_APP_TOKEN is refused by Slack (invalid_auth); make a new one ({app_where})")
    );
    assert_eq!(findings.len(), 2, "and the rest was looked at: {findings:#?}");
}

#[tokio::test]
async fn socket_mode_that_is_off_and_a_token_without_its_scope_each_have_their_mend() {
    let loaded = load(GOOD);
    for (error, want) in [
        (
            "socket_mode_not_enabled",
            "Socket Mode cannot be opened (socket_mode_not_enabled); turn it on at api.slack.com/apps: your app, Socket Mode, \
             Enable",
        ),
        (
            "missing_scope",
            "SLACK_APP_TOKEN may not open sockets (missing_scope); make a new one (at api.slack.com/apps: your app, Basic \
             Information, App-Level Tokens, with the scope connections:write)",
        ),
    ] {
        let sandbox = start(fitting());
        let fault = json!({"fault": "error", "method": "apps.connections.open", "error": error});
        sandbox.slack().act(|slack, _| slack.order(Fault::parse(&fault).unwrap()));
        let findings = online::check(&loaded, &access(&sandbox, BOT, APP), NOW).await.unwrap();
        assert_eq!(findings[0].to_string(), want);
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_not_told() {
    let sandbox = start(fitting());
    let fault = json!({"fault": "429", "method": "conversations.info", "retry_after": 1, "count": 2});
    sandbox.slack().act(|slack, _| slack.order(Fault::parse(&fault).unwrap()));
    assert_eq!(told_by(&sandbox, GOOD).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_channel_that_cannot_be_used_is_told_with_its_line() {
    let id = "config.toml:14: [channel.payments] id = \"C000000001\"";
    let about = "compare it with the bottom of the channel's About in Slack";
    assert_eq!(
        told(|ws| ws.channels[0].is_archived = true, &[]).await,
        [format!("{id} is archived in Slack; unarchive it there, or put another channel in its place")]
    );
    assert_eq!(
        told(|ws| ws.channels[0].id = "C000000009".into(), &[]).await,
        [format!("{id} is no channel of this workspace, or a private one the bot is not in; {about}")]
    );
    assert_eq!(
        told(|ws| ws.channels[0].name = "money".into(), &[]).await,
        [
            "config.toml:13: [channel.payments] name = \"payments\" is called #money in Slack; write name = \"money\" and \
          wherever it is named, or compare the id (warning)"
        ]
    );
    assert_eq!(
        told(|ws| ws.channels[0].is_private = true, &[]).await,
        [format!("{id} is a private channel in Slack, and not here; add private = true (warning)")]
    );
    assert_eq!(
        told(|ws| ws.channels[2].is_private = false, &[]).await,
        [
            "config.toml:23: [channel.admin] private = true and in Slack everybody can read it; make it private in Slack, or \
          leave private = true out"
        ]
    );
}

#[tokio::test]
async fn a_channel_other_organisations_read_is_refused_unless_it_is_allowed() {
    assert_eq!(
        told(|ws| ws.channels[0].is_ext_shared = true, &[]).await,
        [
            "config.toml:14: [channel.payments] id = \"C000000001\" is shared with another organisation, who would read every \
          incident; put another channel in its place, or write allow_shared = true if they may"
        ]
    );
    let allowed = ("id = \"C000000001\"", "id = \"C000000001\"\nallow_shared = true");
    assert_eq!(told(|ws| ws.channels[0].is_ext_shared = true, &[allowed]).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_bot_joins_a_public_channel_and_asks_to_be_invited_to_a_private_one() {
    let mut workspace = fitting();
    workspace.channels[0].bot_is_member = false;
    let sandbox = start(workspace);
    assert_eq!(told_by(&sandbox, GOOD).await, ["joined #payments (note)"]);
    assert_eq!(told_by(&sandbox, GOOD).await, Vec::<String>::new(), "it is in there now");
    assert_eq!(
        told(|ws| ws.channels[2].bot_is_member = false, &[]).await,
        [
            "config.toml:22: [channel.admin] id = \"C000000003\" is no channel the bot can see, as every private channel it is \
          not in; type `/invite @warridor` in #admin; if that does not help, compare it with the bottom of the channel's \
          About in Slack"
        ]
    );
}

#[tokio::test]
async fn a_person_who_cannot_answer_a_page_is_told_with_their_line() {
    let ana = "config.toml:27: [user.ana] slack = \"U000000001\"";
    let elsewhere = "put somebody else in their place, here and in rotations";
    assert_eq!(
        told(|ws| ws.users[0].deleted = true, &[]).await,
        [format!("{ana} is deactivated in Slack: no page reaches them; {elsewhere}")]
    );
    assert_eq!(
        told(|ws| ws.users[0].id = "U000000009".into(), &[]).await,
        [format!("{ana} is nobody in this workspace; copy it again: their Slack profile, ⋮, Copy member ID")]
    );
    assert_eq!(
        told(|ws| ws.users[0].is_bot = true, &[]).await,
        [format!("{ana} is a bot, not a person; write the id of a person")]
    );
    let guest = format!(
        "{ana} is a guest in Slack, and guests may look and note, not acknowledge; make them a member in Slack, or put \
         somebody else in their place"
    );
    assert_eq!(told(|ws| ws.users[0].is_restricted = true, &[]).await, std::slice::from_ref(&guest));
    assert_eq!(told(|ws| ws.users[0].is_ultra_restricted = true, &[]).await, [guest]);
    assert_eq!(
        told(|ws| ws.users[0].is_stranger = true, &[]).await,
        [format!("{ana} belongs to another organisation, whose people may look and note only; {elsewhere}")]
    );
}

#[tokio::test]
async fn people_are_found_by_e_mail_where_the_file_has_no_id() {
    let by_email = |email: &'static str| ("slack = \"U000000001\"", email);
    assert_eq!(told(|_| (), &[by_email("email = \"ANA@example.com\"")]).await, Vec::<String>::new());
    assert_eq!(
        told(|_| (), &[by_email("email = \"anna@example.com\"")]).await,
        [
            "config.toml:27: [user.ana] email = \"anna@example.com\" is the address of nobody who is active in this workspace; \
          write the address of their Slack account, or slack = \"U…\""
        ]
    );
    assert_eq!(
        told(|ws| ws.users[0].deleted = true, &[by_email("email = \"ana@example.com\"")]).await.len(),
        1,
        "somebody who left is not found by their address"
    );
    assert_eq!(
        told(|_| (), &[by_email("email = \"ben@example.com\"")]).await,
        [
            "config.toml:28: [user.ana] tz = \"Europe/Lisbon\" differs from Slack, which says Europe/Berlin; write tz = \
             \"Europe/Berlin\", or correct it in Slack (warning)"
                .to_owned(),
            "config.toml:35: [user.ben] is the same person in Slack (U000000002) as [user.ana]; leave one of the two out"
                .to_owned(),
        ]
    );
    assert_eq!(
        told(|_| (), &[("slack = \"U000000001\"", "slack = \"U000000001\"\nemail = \"else@example.com\"")]).await,
        ["config.toml:28: [user.ana] email = \"else@example.com\" is not the address Slack has for this person \
          (ana@example.com); is `slack` somebody else's? (warning)"]
    );
}

#[tokio::test]
async fn a_time_zone_that_differs_is_told_and_another_name_for_the_same_is_not() {
    assert_eq!(
        told(|ws| ws.users[0].tz = "America/New_York".into(), &[]).await,
        [
            "config.toml:28: [user.ana] tz = \"Europe/Lisbon\" differs from Slack, which says America/New_York; write tz = \
          \"America/New_York\", or correct it in Slack (warning)"
        ]
    );
    assert_eq!(told(|ws| ws.users[0].tz = "Europe/London".into(), &[]).await, Vec::<String>::new());
    // The same in winter only.
    assert_eq!(told(|ws| ws.users[0].tz = "Africa/Abidjan".into(), &[]).await.len(), 1);
}

#[tokio::test]
async fn a_person_with_slack_only_and_a_quiet_night_will_not_wake() {
    let night = || Some(DndWindow { start: "22:00".into(), end: "08:00".into() });
    assert_eq!(
        told(|ws| ws.users[0].dnd = night(), &[("id = \"ana\"", "id = \"ana\"\nname = \"Ana Silva\"")]).await,
        [
            "config.toml:31: [user.ana] Ana Silva's only method is Slack, and their DND is 22:00-08:00: they will not wake; have \
             them change its hours in Slack, or have somebody else on call then (warning)"
        ]
    );
}

#[tokio::test]
async fn a_slack_that_is_not_there_is_told_as_such() {
    let sandbox = start(fitting());
    let workspace = fitting();
    let mut access = access(&sandbox, &workspace.bot_token, &workspace.app_token);
    access.api = "http://127.0.0.1:1/api/".parse().unwrap();
    let findings = online::check(&load(GOOD), &access, NOW).await.unwrap();
    assert_eq!(findings.len(), 2, "{findings:#?}");
    for finding in findings {
        let text = finding.to_string();
        assert!(
            text.starts_with("Slack cannot be reached at 127.0.0.1 (") && text.contains("is this machine"),
            "{text}"
        );
    }
}

/// The binary's `check --online` beside a workspace; `tokens` false: without any.
fn binary(sandbox: &Sandbox, config: &str, tokens: bool) -> Output {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_warridor"));
    command.current_dir(dir.path()).args(["check", "--online"]).envs(KEYS).env("SLACK_API_URL", sandbox.api_url());
    command.env_remove("SLACK_BOT_TOKEN").env_remove("SLACK_APP_TOKEN");
    if tokens {
        let workspace = fitting();
        command.env("SLACK_BOT_TOKEN", workspace.bot_token).env("SLACK_APP_TOKEN", workspace.app_token);
    }
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_0_when_slack_agrees_1_when_it_does_not_and_2_when_it_could_not_be_asked() {
    let now = Clock::system(0).now();
    assert!(now > NOW, "the rotation of the configuration has begun");
    let fine = start(fitting());
    let mut bent = fitting();
    bent.users[1].deleted = true;
    let bent = start(bent);
    for (sandbox, config, tokens, code, words) in [
        (&fine, GOOD.to_owned(), true, 0, " above; Slack agrees"),
        (&bent, GOOD.to_owned(), true, 1, "config.toml:36: [user.ben] slack = \"U000000002\" is deactivated in Slack"),
        (&fine, GOOD.to_owned(), false, 2, "SLACK_BOT_TOKEN is not set"),
        (&fine, GOOD.replace("tier = 1", "tier = 7"), true, 1, "Slack was not asked: mend these first"),
    ] {
        let out = tokio::task::block_in_place(|| binary(sandbox, &config, tokens));
        let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("xoxb-sandbox") && !text.contains("xapp-sandbox"), "a token was shown: {text}");
    }
}

#[tokio::test]
async fn a_user_group_that_cannot_follow_is_told_with_its_line() {
    let follows = ("tier = 1\n", "tier = 1\nusergroup = \"S000000001\"\ntopic = \"On call: {oncall}\"\n");
    let with = |id: &str, is_disabled| Usergroup {
        id: id.into(),
        handle: "payments-oncall".into(),
        is_disabled,
        ..Usergroup::default()
    };
    let bent = |groups: Vec<Usergroup>| {
        move |ws: &mut Workspace| {
            ws.scopes
                .extend(["channels:manage", "groups:write", "usergroups:read", "usergroups:write"].map(String::from));
            ws.usergroups = groups;
        }
    };
    assert_eq!(told(bent(vec![with("S000000001", false)]), &[follows]).await, Vec::<String>::new());
    let found = "config.toml:47: [team.payments] usergroup = \"S000000001\"";
    assert_eq!(
        told(bent(vec![with("S000000002", false)]), &[follows]).await,
        [format!("{found} is no user group of this workspace; write one of: S000000002 (@payments-oncall)")]
    );
    assert_eq!(
        told(bent(Vec::new()), &[follows]).await,
        [format!(
            "{found} is no user group of this workspace; make one in Slack (People, User groups), and write its id"
        )]
    );
    assert_eq!(
        told(bent(vec![with("S000000001", true)]), &[follows]).await,
        [format!("{found} is disabled in Slack; enable it there (People, User groups), or leave it out")]
    );
    let lacking = told(|_| (), &[follows]).await;
    let scopes: Vec<&str> = lacking.iter().filter_map(|t| t.strip_prefix("the app lacks the scope ")).collect();
    assert_eq!(scopes.len(), 4, "of both features, and what follows from them is not told again: {lacking:#?}");
}

#[tokio::test]
async fn a_reaction_that_is_configured_needs_its_scope() {
    let reaction = ("catch_all = ", "timeline_reaction = \"pushpin\"\ncatch_all = ");
    let lacking = told(|_| (), &[reaction]).await;
    assert_eq!(lacking.len(), 1, "{lacking:#?}");
    assert!(lacking[0].starts_with("the app lacks the scope reactions:read"), "{lacking:#?}");
    assert!(lacking[0].contains("puts a message in the thread of a card into the timeline"), "{lacking:#?}");
    let granted = |ws: &mut Workspace| ws.scopes.push("reactions:read".to_owned());
    assert_eq!(told(granted, &[reaction]).await, Vec::<String>::new());
    // Nor does it work without hearing what people write.
    let deaf = |ws: &mut Workspace| {
        granted(ws);
        ws.scopes.retain(|scope| scope != "channels:history");
    };
    let lacking = told(deaf, &[reaction]).await;
    assert!(lacking[0].starts_with("the app lacks the scope channels:history"), "{lacking:#?}");
    assert!(lacking[0].contains("hears what is written in the threads of cards"), "{lacking:#?}");
}

#[tokio::test]
async fn an_alertmanager_that_does_not_answer_is_told_with_its_line() {
    let nobody = ("key_env = \"KEY_PAYMENTS\"\n", "key_env = \"KEY_PAYMENTS\"\napi_url = \"http://127.0.0.1:9/\"\n");
    let found = told(|_| (), &[nobody]).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    let wrong =
        "api_url = \"http://127.0.0.1:9\" is of no Alertmanager that takes silences: it cannot be reached; write";
    assert!(found[0].contains(wrong), "{found:#?}");
}

/// What is told of an account at Twilio, with this token.
async fn told_of_twilio(account: Account, token: &str, edits: &[(&str, &str)]) -> Vec<String> {
    let sandbox = start(fitting());
    sandbox.telephone().set_account(account);
    let mine = format!(
        "public_url = \"https://pager.example.com\"\n\n[twilio]\naccount_sid = \"{SID}\"\nauth_token_env = \"TOKEN\"\nfrom = \
         \"+15550000000\"\napi_url = \"{}\"\n\n[[user]]\nid = \"tel\"\nemail = \"tel@example.com\"\ntz = \"UTC\"\nphone = \
         \"+15550000001\"\n\n[[user.rule]]\nmethod = \"sms\"\ndelay = \"0s\"\n\n[[user]]",
        sandbox.twilio_url()
    );
    let config = GOOD.replacen("[[user]]", &mine, 1);
    let config = edits.iter().fold(config, |text, (from, to)| text.replace(from, to));
    // The top of the file is above its tables.
    let config = config.replace("public_url = \"https://pager.example.com\"\n\n[twilio]", "[twilio]");
    let config = format!("public_url = \"https://pager.example.com\"\n{config}");
    let token = token.to_owned();
    let methods = Methods::new(Arc::new(move |_: &str| Some(token.clone())));
    online::twilio(&load(&config), &methods).await.iter().map(ToString::to_string).collect()
}

const SID: &str = "AC0123456789abcdef0123456789abcdef";

fn account() -> Account {
    Account {
        sid: SID.to_owned(),
        token: "good".to_owned(),
        number: "+15550000000".to_owned(),
        can_text: true,
        sms_url: "https://pager.example.com/twilio/sms".to_owned(),
    }
}

#[tokio::test]
async fn an_account_at_twilio_is_asked_for_what_people_need_of_it() {
    assert_eq!(told_of_twilio(account(), "good", &[]).await, Vec::<String>::new());
    let only = |found: Vec<String>, words: &str| {
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains(words), "{found:#?}");
    };
    only(told_of_twilio(account(), "bad", &[]).await, "account_sid is refused: Twilio says 20003: Authenticate; write");
    only(
        told_of_twilio(Account { number: "+15559999999".to_owned(), ..account() }, "good", &[]).await,
        "from = \"+15550000000\" is no number of this account; write a number that the account has",
    );
    only(
        told_of_twilio(Account { can_text: false, ..account() }, "good", &[]).await,
        "from = \"+15550000000\" cannot text; take",
    );
    only(
        told_of_twilio(Account { sms_url: String::new(), ..account() }, "good", &[]).await,
        "tells nobody of the texts that it gets, so replies are lost; set, in Twilio's console at the number, \"A message \
         comes in\": https://pager.example.com/twilio/sms, HTTP POST",
    );
    only(
        told_of_twilio(Account { sms_url: "https://demo.twilio.com/welcome".to_owned(), ..account() }, "good", &[])
            .await,
        "tells somebody else of the texts",
    );
    only(
        told_of_twilio(account(), "good", &[("api_url = \"http", "api_url = \"http://127.0.0.1:9\"\n#\"")]).await,
        "account_sid was not looked at: Twilio cannot be reached",
    );
}
