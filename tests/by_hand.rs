//! *Add to timeline…* and *Make it an incident…*, in the menu of a message in Slack: what was said stands where it was said, once,
//! and nowhere where it must not be read. Each story goes through the whole program, on a clock that stands until the story moves
//! it. Ana carries the pager of payments.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, SEARCH_KEY, channel_id, user_id};
use e2e::{Message, SOON, eventually, eventually_true};
use office::{Office, drawn, plain};
use serde_json::{Value, json};
use warridor::sandbox::workspace::{Channel, User};

const TIMELINE: &str = "message.timeline";
const INCIDENT: &str = "message.incident";

/// The usual company, with a channel of nobody. Zoe is of the workspace, and the configuration does not know her; nor Gus, who
/// is a guest.
fn office() -> Office {
    open(&Company::default().config(), |_| {})
}

/// Search is private.
fn private_office() -> Office {
    open(&company::with_private_search(&Company::default().config()), |channel| {
        channel.is_private = channel.name != "payments" && channel.name != "lunch"
    })
}

fn open(config: &str, how: impl Fn(&mut Channel)) -> Office {
    let mut workspace = company::workspace();
    // As its manifest asks for: see `tests/manifest.rs`.
    if config.contains("timeline_reaction") {
        workspace.events.extend(["message.channels", "message.groups", "reaction_added"].map(str::to_owned));
    }
    for (name, real_name, is_restricted) in [("zoe", "Zoe *Quinn* <!here>", false), ("gus", "Gus Grant", true)] {
        let (name, real_name) = (name.to_owned(), real_name.to_owned());
        workspace.users.push(User { id: user_id(&name), name, real_name, is_restricted, ..User::default() });
    }
    let lunch = Channel { id: channel_id("lunch"), name: "lunch".to_owned(), ..Channel::default() };
    workspace.channels.push(Channel { bot_is_member: false, ..lunch });
    for channel in &mut workspace.channels {
        how(channel);
        if channel.is_private {
            channel.members = ["ana", "ben", "chen", "divya", "mara"].map(user_id).to_vec();
        }
    }
    Office::open(config, workspace)
}

/// A pushpin puts what stands in a thread into the timeline.
fn pinning_office() -> Office {
    let config = Company::default().config();
    open(&format!("timeline_reaction = \":pushpin:\"\n{config}"), |_| {})
}

impl Office {
    fn pins(&self, who: &str, channel: &str, on: &Value, emoji: &str) {
        let body = json!({ "user": who, "channel": channel, "ts": on["ts"], "name": emoji });
        let answer = self.slack.post("/sandbox/react", &body);
        assert_eq!(answer["there"], true, "{answer}");
    }

    /// What is kept on disk of our threads.
    fn kept(&self) -> String {
        std::fs::read_to_string(self.data().join("threads.jsonl")).unwrap_or_default()
    }

    fn keeps(&self, words: &str) {
        eventually_true(format!("{words:?} is kept"), SOON, || self.kept().contains(words));
    }

    fn writes(&self, who: &str, channel: &str, text: &str) -> Value {
        self.says_it(&json!({ "user": who, "channel": channel, "text": text }))
    }

    fn writes_in_thread(&self, who: &str, channel: &str, text: &str, parent: &Message) -> Value {
        self.says_it(&json!({ "user": who, "channel": channel, "text": text, "thread_ts": parent.0["ts"] }))
    }

    fn says_it(&self, body: &Value) -> Value {
        let answer = self.slack.post("/sandbox/say", body);
        assert_eq!(answer["ok"], true, "{answer}");
        answer["message"].clone()
    }

    fn chooses(&self, shortcut: &str, who: &str, channel: &str, on: &Value) {
        let body = json!({ "user": who, "callback_id": shortcut, "channel": channel, "ts": on["ts"] });
        let answer = self.slack.post("/sandbox/shortcut", &body);
        assert_eq!(answer["ok"], true, "{answer}");
    }

    fn window_of(&self, shortcut: &str, who: &str, channel: &str, on: &Value) -> Value {
        self.chooses(shortcut, who, channel, on);
        eventually("the window", SOON, || self.windows(who).pop())
    }

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        let body = json!({ "user": who, "view_id": window["id"], "values": values });
        self.slack.post("/sandbox/submit", &body)
    }

    /// Adds it to the incident that the window offers first.
    fn adds(&self, who: &str, channel: &str, on: &Value) {
        let window = self.window_of(TIMELINE, who, channel, on);
        let answer = self.submit(who, &window, &json!({}));
        assert_eq!(answer["ok"], true, "{answer}");
    }

    fn told_in(&self, who: &str, channel: &str, words: &str) {
        eventually(format!("{who} is told {words:?} in {channel}"), SOON, || {
            self.pass(1);
            let all = self.slack.get(&format!("/sandbox/messages?channel={channel}&user={who}"));
            let all = all.as_array().cloned().unwrap_or_default();
            all.into_iter().map(Message).find(|m| plain(m.text()).contains(words))
        });
    }

    fn told_below(&self, who: &str, channel: &str, card: &Message, words: &str) {
        let ts = card.0["ts"].as_str().expect("a ts");
        eventually(format!("{who} is told {words:?} below the card"), SOON, || {
            self.pass(1);
            let all = self.slack.get(&format!("/sandbox/messages?channel={channel}&user={who}&thread_ts={ts}"));
            let all = all.as_array().cloned().unwrap_or_default();
            all.into_iter().map(Message).find(|m| plain(m.text()).contains(words))
        });
    }

    fn types(&self, who: &str, line: &str) -> String {
        drawn(&self.slack.types(who, "payments", "/pager", line)).join("\n")
    }

    fn card(&self, channel: &str, no: u64, words: &str) -> Message {
        eventually(format!("the card of #{no} says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards(channel, no);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    /// The lines of *What happened*, as the window draws them.
    fn timeline(&self, who: &str, card: &Message) -> Vec<String> {
        self.slack.press_well(who, "payments", card, "incident.more");
        let more = eventually("More…", SOON, || self.windows(who).pop());
        let body = json!({ "user": who, "view_id": more["id"], "action_id": "incident.timeline" });
        assert_eq!(self.slack.post("/sandbox/click", &body)["ok"], true);
        let window = eventually("What happened", SOON, || {
            self.windows(who).into_iter().find(|w| w.to_string().contains("what happened"))
        });
        for open in self.windows(who).into_iter().rev() {
            self.slack.post("/sandbox/close", &json!({ "user": who, "view_id": open["id"] }));
        }
        let sections = window["blocks"].as_array().expect("blocks").iter().skip(1);
        let text: Vec<&str> = sections.filter_map(|b| b["text"]["text"].as_str()).collect();
        text.join("\n").lines().map(str::to_owned).collect()
    }
}

fn prefilled(window: &Value, block: &str) -> Value {
    let all = window["blocks"].as_array().expect("blocks");
    let element = &all.iter().find(|b| b["block_id"] == block).expect("the input")["element"];
    let first = |key: &str| element.get(key).cloned();
    first("initial_value").or_else(|| first("initial_option")).unwrap_or_default()
}

/// What a choice offers.
fn offered(window: &Value) -> Vec<String> {
    let all = window["blocks"].as_array().expect("blocks");
    let element = &all.iter().find(|b| b["block_id"] == "into").expect("the choice")["element"];
    let options = element["options"].as_array().expect("options");
    options.iter().filter_map(|o| o["text"]["text"].as_str()).map(str::to_owned).collect()
}

#[test]
fn what_ben_said_at_night_stands_where_he_said_it_and_counts_once() {
    let mut office = office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let said = office.writes_in_thread("ben", "payments", "the *east* pool\nis full", &card);
    // A while later, and somebody else does other things meanwhile.
    office.pass(20 * 60);
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card("payments", 1, "Ana Silva has it");
    office.pass(8 * 60);
    let window = office.window_of(TIMELINE, "ana", "payments", &said);
    let shown = drawn(&window).join("\n");
    assert!(shown.contains("Ben Okafor") && shown.contains("the east pool is full"), "{shown}");
    assert_eq!(prefilled(&window, "into")["value"], "1", "it stands in the thread of its card");
    assert_eq!(office.submit("ana", &window, &json!({}))["ok"], true);
    office.told_below("ana", "payments", &card, "It is in the timeline of #1, at Mar 2 03:0");
    // Ben's words come before Ana's acknowledgement, which was first to be heard of here.
    let lines = office.timeline("ana", &card);
    let at =
        |words: &str| lines.iter().position(|l| l.contains(words)).unwrap_or_else(|| panic!("{words}: {lines:#?}"));
    assert!(at("the *east* pool is full") < at("Ana Silva has it"), "{lines:#?}");
    let link = format!("/archives/{}/p{}", channel_id("payments"), said["ts"].as_str().unwrap().replace('.', ""));
    assert!(lines.iter().any(|l| l.contains(&link) && l.contains("added by Ana Silva")), "{lines:#?}");
    eventually("the log says it", SOON, || {
        office.pass(1);
        let ts = card.0["ts"].as_str().expect("a ts");
        let all = office.slack.get(&format!("/sandbox/messages?channel=payments&thread_ts={ts}"));
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().find(|m| {
            let text = m.to_string();
            text.contains("Log of #1") && text.contains("pool is full") && text.contains("added by")
        })
    });
    // Once, also after a restart, whoever says it.
    office.restart();
    office.slack.open_home("ben");
    let again = office.window_of(TIMELINE, "ben", "payments", &said);
    let refused = office.submit("ben", &again, &json!({}));
    let why = refused["errors"]["into"].as_str().unwrap_or_default();
    assert!(why.starts_with("That message is in the timeline of #1 already, and counts once."), "{refused}");
    office.slack.post("/sandbox/close", &json!({ "user": "ben", "view_id": again["id"] }));
    let lines = office.timeline("ana", &card);
    assert_eq!(lines.iter().filter(|l| l.contains("pool is full")).count(), 1, "{lines:#?}");
}

#[test]
fn the_rcas_timeline_is_filled_with_it_also_when_the_incident_is_closed() {
    let mut office = office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let early = office.writes("ben", "payments", "I stopped the batch");
    office.pass(10 * 60);
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card("payments", 1, "Ana Silva has it");
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    office.slack.press_well("ana", "payments", &card, "incident.resolve");
    office.card("payments", 1, "RCA due");
    // Resolved: it is the only one of this channel, and not chosen for her.
    let window = office.window_of(TIMELINE, "ana", "payments", &early);
    assert_eq!((offered(&window).len(), prefilled(&window, "into")), (1, Value::Null), "{window}");
    assert!(offered(&window)[0].starts_with("#1 (resolved) "), "{:?}", offered(&window));
    assert_eq!(office.submit("ana", &window, &json!({ "into": "1" }))["ok"], true);
    office.told_in("ana", "payments", "It is in the timeline of #1");
    // Two days later it is closed, and Ben remembers something.
    for _ in 0..48 {
        office.pass(3_600);
    }
    office.restart();
    eventually_true("the pager hears Slack", SOON, || {
        office.pass(1);
        office.slack.types("mara", "admin", "/pager", "help")["error"] != "app_not_connected"
    });
    let window = office.window_of(TIMELINE, "ben", "payments", &office.writes("chen", "payments", "it was our batch"));
    assert!(offered(&window)[0].starts_with("#1 (closed) "), "{:?}", offered(&window));
    assert_eq!(office.submit("ben", &window, &json!({ "into": "1" }))["ok"], true);
    office.told_in("ben", "payments", "It is in the timeline of #1");
    // The window of the RCA has both, each at its time, the earlier first.
    office.slack.slash("ana", "payments", "rca 1");
    let rca = eventually("the RCA's window", SOON, || office.windows("ana").pop());
    let body = json!({ "user": "ana", "view_id": rca["id"], "action_id": "rca.felt" });
    assert_eq!(office.slack.post("/sandbox/click", &body)["ok"], true);
    let rca = eventually("its parts", SOON, || {
        office.windows("ana").pop().filter(|w| w.to_string().contains("/rca/timeline"))
    });
    let text = rca.to_string();
    let end = text.find("/rca/timeline").expect("the part") + "/rca/timeline".len();
    let begin = text[..end].rfind('"').expect("a value") + 1;
    let body = json!({ "user": "ana", "view_id": rca["id"], "action_id": "rca.piece", "value": &text[begin..end] });
    assert_eq!(office.slack.post("/sandbox/click", &body)["ok"], true);
    let form = eventually("the timeline's form", SOON, || {
        office.windows("ana").pop().filter(|w| w.to_string().contains("All times are UTC"))
    });
    let words = prefilled(&form, "words");
    let words = words.as_str().expect("words");
    let at = |part: &str| words.find(part).unwrap_or_else(|| panic!("{part}: {words}"));
    assert!(at("Ben Okafor: “I stopped the batch”") < at("Ana Silva has it"), "{words}");
    assert!(at("resolved it") < at("Chen Wei: “it was our batch”"), "{words}");
    assert!(words.contains("2026-03-02 03:02 Ben Okafor: "), "{words}");
    // Once it is written, whoever adds something hears that it is theirs to add there.
    assert_eq!(office.submit("ana", &form, &json!({ "words": "all of it" })), json!({ "ok": true }));
    let late = office.writes("chen", "payments", "and a cache");
    let window = office.window_of(TIMELINE, "ben", "payments", &late);
    assert_eq!(office.submit("ben", &window, &json!({ "into": "1" }))["ok"], true);
    office.told_in("ben", "payments", "is written already: add it there too, `/pager rca 1`");
    // What a person writes in its place is what `export` has; see tests/rca.rs.
    office.stop();
}

#[test]
fn another_apps_message_becomes_an_incident_and_only_one() {
    let office = office();
    let alarm = json!({ "app": "Grafana", "channel": "payments", "attachments": [{
        "fallback": "Disk full", "title": "[FIRING] Disk full on db-1", "text": "97 % <!channel>",
        "blocks": [], "color": "#f00" }] });
    let said = office.says_it(&alarm);
    office.pass(60);
    let window = office.window_of(INCIDENT, "ben", "payments", &said);
    assert_eq!(prefilled(&window, "what"), "[FIRING] Disk full on db-1 97 % @channel");
    assert_eq!(prefilled(&window, "service")["value"], "payments-api", "whose channel it is");
    let shown = drawn(&window).join("\n");
    assert!(shown.contains("Grafana (app), Mar 2 03:02") && shown.contains("This wakes Ana Silva now."), "{shown}");
    // It says whom another service wakes, and does not forget where it comes from.
    let body = json!({ "user": "ben", "view_id": window["id"], "action_id": "raise.service", "value": "search-api" });
    let answer = office.slack.post("/sandbox/click", &body);
    assert_eq!(answer["ok"], true, "{answer}");
    let window = eventually("the other service", SOON, || {
        office.windows("ben").pop().filter(|w| drawn(w).join("\n").contains("This wakes Chen Wei now."))
    });
    assert!(drawn(&window).join("\n").contains("Grafana (app), Mar 2 03:02"), "{window}");
    let answer = office.submit("ben", &window, &json!({ "service": "payments-api", "what": "Disk full on db-1" }));
    assert_eq!(answer["ok"], true, "{answer}");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let link = format!("/archives/{}/p{}", channel_id("payments"), said["ts"].as_str().unwrap().replace('.', ""));
    assert!(card.0.to_string().contains(&link), "its title links to the message: {}", card.0);
    let lines = office.timeline("ana", &card);
    assert!(lines[0].contains("Grafana (app): “[FIRING] Disk full on db-1 97 % @channel”"), "{lines:#?}");
    // Not a second time, by nobody: not from a window that stood open, and not after it is closed.
    let late = office.window_of(INCIDENT, "chen", "search", &office.writes("chen", "search", "slow"));
    office.slack.post("/sandbox/close", &json!({ "user": "chen", "view_id": late["id"] }));
    office.chooses(INCIDENT, "chen", "payments", &said);
    office.told_in("chen", "payments", "#1 was opened from that message already.");
    assert!(office.windows("chen").is_empty());
    // Nor of the card itself.
    office.chooses(INCIDENT, "chen", "payments", &card.0);
    office.told_in("chen", "payments", "That is the card of #1");
}

#[test]
fn a_message_is_one_incident_also_after_that_is_closed() {
    let mut office = office();
    let said = office.says_it(&json!({ "app": "Grafana", "channel": "payments", "text": "disk full" }));
    let [first, second] = ["ana", "ben"].map(|who| office.window_of(INCIDENT, who, "payments", &said));
    assert_eq!(office.submit("ana", &first, &json!({}))["ok"], true);
    let card = office.card("payments", 1, "Paging Ana Silva");
    let refused = office.submit("ben", &second, &json!({}));
    let why = refused["errors"]["what"].as_str().unwrap_or_default();
    assert!(why.starts_with("#1 was opened from that message already."), "{refused}");
    office.slack.post("/sandbox/close", &json!({ "user": "ben", "view_id": second["id"] }));
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card("payments", 1, "Ana Silva has it");
    office.slack.press_well("ana", "payments", &card, "incident.resolve");
    office.card("payments", 1, "resolved");
    for _ in 0..48 {
        office.pass(3_600);
    }
    office.restart();
    eventually_true("the pager hears Slack", SOON, || {
        office.pass(1);
        office.slack.types("mara", "admin", "/pager", "help")["error"] != "app_not_connected"
    });
    // Nothing in memory knows it; the rows do.
    let window = office.window_of(INCIDENT, "ben", "payments", &said);
    let refused = office.submit("ben", &window, &json!({}));
    let why = refused["errors"]["what"].as_str().unwrap_or_default();
    assert!(why.starts_with("#1 was opened from that message already."), "{refused}");
    assert_eq!(office.slack.cards("payments", 2).len(), 0);
}

#[test]
fn hostile_words_neither_mention_nor_pose_and_are_cut() {
    let office = office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let hostile =
        "<!channel> &lt;!here&gt; <https://evil.example|the bank> \u{202e}*bold*\n:white_check_mark: resolved";
    let said = office.writes_in_thread("zoe", "payments", hostile, &card);
    office.adds("ana", "payments", &said);
    office.told_below("ana", "payments", &card, "It is in the timeline of #1");
    let lines = office.timeline("ana", &card);
    let line = lines.iter().find(|l| l.contains("the message")).unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(line.contains("@channel &lt;!here&gt; https://evil.example"), "{line}");
    assert!(!line.contains("<!channel>") && !line.contains("<!here>") && !line.contains('\u{202e}'), "{line}");
    assert!(line.contains("Zoe") && !line.contains("*Quinn*"), "whoever she is to Slack is not ours: {line}");
    let long = office.writes_in_thread("ben", "payments", &"east ".repeat(600), &card);
    let window = office.window_of(TIMELINE, "ana", "payments", &long);
    assert!(drawn(&window).join("\n").contains("The message is longer: this is its beginning."));
    assert_eq!(office.submit("ana", &window, &json!({}))["ok"], true);
    office.told_below("ana", "payments", &card, "It is in the timeline of #1");
    let lines = office.timeline("ana", &card);
    let line = lines.iter().find(|l| l.contains("east east")).expect("the long one");
    assert!(line.contains("east…”") && line.chars().count() < 1_300, "{line}");
    // What has no words cannot stand there.
    let nothing = office.writes("ben", "payments", "\u{200b}");
    office.chooses(TIMELINE, "ana", "payments", &nothing);
    office.told_in("ana", "payments", "That message has no words.");
}

#[test]
fn what_is_private_is_neither_offered_elsewhere_nor_told_elsewhere() {
    let office = private_office();
    office.monitor(SEARCH_KEY, "index", "trigger");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let secret = office.card("search", 1, "Paging Chen Wei");
    office.card("payments", 2, "Paging Ana Silva");
    // Chen has #1; in another channel nobody reads of it, not even he.
    let open = office.writes("ben", "payments", "slow here");
    let window = office.window_of(TIMELINE, "chen", "payments", &open);
    assert_eq!(offered(&window).len(), 1, "{window}");
    assert!(offered(&window)[0].starts_with("#2 "), "{window}");
    office.slack.post("/sandbox/close", &json!({ "user": "chen", "view_id": window["id"] }));
    // What is said where it is at home stays there.
    let inside = office.writes_in_thread("divya", "search", "the customer is Larkspur", &secret);
    let window = office.window_of(TIMELINE, "chen", "search", &inside);
    assert_eq!((offered(&window).len(), prefilled(&window, "into")["value"].clone()), (1, json!("1")), "{window}");
    assert_eq!(office.submit("chen", &window, &json!({}))["ok"], true);
    office.told_below("chen", "search", &secret, "It is in the timeline of #1");
    // Nor does it become an incident that others read of.
    let window = office.window_of(INCIDENT, "chen", "search", &inside);
    let refused = office.submit("chen", &window, &json!({ "service": "payments-api" }));
    let why = refused["errors"]["service"].as_str().unwrap_or_default();
    assert!(why.starts_with("That was said in private"), "{refused}");
    let all = office.slack.get("/sandbox/messages?channel=payments").to_string();
    assert!(!all.contains("Larkspur"), "{all}");
}

#[test]
fn what_is_said_in_the_admin_channel_stays_with_what_is_private() {
    let office = private_office();
    office.monitor(SEARCH_KEY, "index", "trigger");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.card("search", 1, "Paging Chen Wei");
    office.card("payments", 2, "Paging Ana Silva");
    let said = office.writes("mara", "admin", "the customer is Larkspur");
    // Mara is of both teams; #2 is read by everybody.
    let window = office.window_of(TIMELINE, "mara", "admin", &said);
    assert!(offered(&window).len() == 1 && offered(&window)[0].starts_with("#1 "), "{window}");
    assert_eq!(office.submit("mara", &window, &json!({ "into": "1" }))["ok"], true);
    let window = office.window_of(INCIDENT, "mara", "admin", &said);
    let refused = office.submit("mara", &window, &json!({ "service": "payments-api" }));
    let why = refused["errors"]["service"].as_str().unwrap_or_default();
    assert!(why.starts_with("That was said in private"), "{refused}");
    assert!(why.contains("/pager trigger SERVICE what is wrong pages"), "it says how to page: {refused}");
}

#[test]
fn which_incident_is_a_choice_where_nobody_can_know() {
    let office = office();
    let said = office.writes("ben", "lunch", "the VPN is down");
    office.chooses(TIMELINE, "ana", "lunch", &said);
    office.told_in("ana", "lunch", "No incident is open");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.card("payments", 1, "Paging Ana Silva");
    let window = office.window_of(TIMELINE, "ana", "lunch", &said);
    assert_eq!(prefilled(&window, "into")["value"], "1", "her only one");
    office.slack.post("/sandbox/close", &json!({ "user": "ana", "view_id": window["id"] }));
    // Of others: those of the channel first, and none is chosen.
    office.monitor(SEARCH_KEY, "index", "trigger");
    office.card("search", 2, "Paging Chen Wei");
    office.monitor(SEARCH_KEY, "slow", "trigger");
    office.card("search", 3, "Paging Chen Wei");
    let here = office.writes("ben", "search", "same");
    let window = office.window_of(TIMELINE, "ben", "search", &here);
    let all = offered(&window);
    let numbers: Vec<&str> = all.iter().filter_map(|o| o.split(' ').next()).collect();
    assert_eq!((numbers, prefilled(&window, "into")), (vec!["#3", "#2", "#1"], Value::Null), "{window}");
    // Whoever is merged away is not offered: the other one is.
    office.types("chen", "merge 3 into 2");
    office.slack.post("/sandbox/close", &json!({ "user": "ben", "view_id": window["id"] }));
    let merged = eventually("the card of #3", SOON, || {
        office.pass(1);
        office.slack.cards("search", 3).pop()
    });
    let below = office.writes_in_thread("ben", "search", "here too", &merged);
    let window = office.window_of(TIMELINE, "ben", "search", &below);
    assert_eq!(prefilled(&window, "into")["value"], "2", "{window}");
}

#[test]
fn whoever_is_unknown_or_a_guest_is_told_what_to_do() {
    let office = office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let said = office.writes("ben", "payments", "the east pool is full");
    for shortcut in [TIMELINE, INCIDENT] {
        office.chooses(shortcut, "zoe", "payments", &said);
        office.told_in("zoe", "payments", "I don't know you yet");
        assert!(office.windows("zoe").is_empty());
    }
    let is_there = || office.timeline("ana", &card).iter().any(|line| line.contains("east pool"));
    assert!(!is_there());
    office.adds("ana", "payments", &said);
    office.told_in("ana", "payments", "It is in the timeline of #1");
    assert!(is_there(), "where Ana adds it, it stands");
    assert!(office.slack.cards("payments", 2).is_empty(), "and nothing was opened for it");
}

#[test]
fn sent_twice_and_over_a_restart_it_is_added_once() {
    let mut office = office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let said = office.writes("ben", "payments", "the east pool is full");
    let window = office.window_of(TIMELINE, "ana", "payments", &said);
    office.slack.order(json!({ "fault": "swallow_acks", "count": 1 }));
    let lost = std::thread::scope(|s| {
        let (slack, body) = (office.slack, json!({ "user": "ana", "view_id": window["id"], "values": {} }));
        let sent = s.spawn(move || slack.post("/sandbox/submit", &body));
        eventually_true("Slack gives up waiting", SOON, || {
            office.pass(1);
            sent.is_finished()
        });
        sent.join().expect("an answer")
    });
    assert_ne!(lost["ok"], true, "{lost}");
    office.restart();
    let again = office.submit("ana", &window, &json!({}));
    assert_eq!(again["ok"], true, "{again}");
    let lines = office.timeline("ana", &card);
    assert_eq!(lines.iter().filter(|l| l.contains("east pool")).count(), 1, "{lines:#?}");
}

#[test]
fn a_pushpin_puts_what_stands_in_the_thread_into_the_timeline() {
    let mut office = pinning_office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card("payments", 1, "Ana Silva has it");
    office.pass(10 * 60);
    let said = office.writes_in_thread("ben", "payments", "the *east* pool <!channel>\nis full", &card);
    office.keeps("pool @channel is full");
    let other = office.writes_in_thread("zoe", "payments", "lunch?", &card);
    office.keeps("lunch?");
    // Also over a restart; and half an hour later.
    office.pass(30 * 60);
    office.restart();
    office.pins("ana", "payments", &said, "pushpin::skin-tone-2");
    office.told_below("ana", "payments", &card, "It is in the timeline of #1");
    let lines = office.timeline("ana", &card);
    let line = lines.iter().find(|l| l.contains("pool")).expect("it is there");
    assert!(
        line.contains("Ben Okafor: “the *east* pool @channel is full”") && line.contains("added by Ana Silva"),
        "{line}"
    );
    let link = format!("/archives/{}/p{}", channel_id("payments"), said["ts"].as_str().unwrap().replace('.', ""));
    assert!(line.contains(&link) && line.contains("03:1"), "when it was said, and where: {line}");
    // Another one on the same message is told that it counts once; other emoji, and other messages, say nothing to us.
    office.pins("ben", "payments", &said, "pushpin");
    office.told_below("ben", "payments", &card, "That message is in the timeline of #1 already, and counts once.");
    office.pins("ben", "payments", &other, "eyes");
    let elsewhere = office.writes("ben", "payments", "not in a thread");
    office.pins("ben", "payments", &elsewhere, "pushpin");
    office.pins("zoe", "payments", &other, "pushpin");
    office.told_below("zoe", "payments", &card, "I don't know you yet");
    let lines = office.timeline("ana", &card);
    assert!(!lines.iter().any(|l| l.contains("lunch") || l.contains("not in a thread")), "{lines:#?}");
    // What is not in a thread of ours, and what we write ourselves, is not kept.
    let kept = office.kept();
    assert!(!kept.contains("not in a thread") && !kept.contains("has it"), "{kept}");
}

#[test]
fn a_pushpin_on_what_a_stranger_said_says_who_that_is() {
    let office = pinning_office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let said = office.writes_in_thread("zoe", "payments", "the east pool is full", &card);
    office.keeps("east pool");
    assert!(!office.kept().contains("Zoe"), "nobody was asked until somebody points at it: {}", office.kept());
    office.pins("ana", "payments", &said, "pushpin");
    office.told_below("ana", "payments", &card, "It is in the timeline of #1");
    let lines = office.timeline("ana", &card);
    assert!(lines.iter().any(|l| l.contains("Zoe") && l.contains("the east pool is full")), "{lines:#?}");
}

#[test]
fn what_is_changed_or_deleted_in_slack_is_so_here_and_on_disk() {
    let office = pinning_office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let secret = office.writes_in_thread("ben", "payments", "password: hunter2", &card);
    let wrong = office.writes_in_thread("ben", "payments", "the west pool", &card);
    office.keeps("hunter2");
    office.keeps("west pool");
    let of = |m: &Value| json!({ "user": "ben", "channel": "payments", "ts": m["ts"], "text": "the east pool" });
    assert_eq!(office.slack.post("/sandbox/unsay", &of(&secret))["ok"], true);
    assert_eq!(office.slack.post("/sandbox/edit", &of(&wrong))["ok"], true);
    office.keeps("east pool");
    eventually_true("what was deleted is gone", SOON, || !office.kept().contains("hunter2"));
    assert!(!office.kept().contains("west pool"), "{}", office.kept());
    office.pins("ana", "payments", &wrong, "pushpin");
    office.told_below("ana", "payments", &card, "It is in the timeline of #1");
    let lines = office.timeline("ana", &card);
    assert!(lines.iter().any(|l| l.contains("“the east pool”")), "{lines:#?}");
}

#[test]
fn after_seven_days_nothing_of_a_thread_is_left_and_without_the_setting_at_once() {
    let mut office = pinning_office();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card("payments", 1, "Paging Ana Silva");
    let said = office.writes_in_thread("ben", "payments", "the east pool is full", &card);
    office.keeps("east pool");
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card("payments", 1, "Ana Silva has it");
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    office.slack.press_well("ana", "payments", &card, "incident.resolve");
    // Closed after a day, and still kept: two days later Ana pins it.
    for _ in 0..72 {
        office.pass(3_600);
    }
    office.restart();
    let changed = json!({ "user": "ben", "channel": "payments", "ts": said["ts"], "text": "the east pool, I think" });
    assert_eq!(office.slack.post("/sandbox/edit", &changed)["ok"], true);
    office.keeps("I think");
    office.pins("ana", "payments", &said, "pushpin");
    office.told_below("ana", "payments", &card, "It is in the timeline of #1");
    assert!(office.kept().contains("east pool"));
    for _ in 0..24 * 4 + 2 {
        office.pass(3_600);
    }
    eventually_true("it is forgotten", SOON, || {
        office.pass(3_600);
        !office.kept().contains("east pool")
    });
    office.restart();
    let again = office.writes_in_thread("ben", "payments", "and again", &card);
    office.pins("ana", "payments", &again, "pushpin");
    // What Chen types is heard after it.
    office.types("chen", "list");
    office.settle();
    assert_eq!(office.kept(), "", "the incident is closed, and its thread is not listened to");
    // Without the setting nothing is kept, and what was is removed.
    office.stop();
    std::fs::write(office.data().join("threads.jsonl"), "left").expect("written");
    office.configure(&Company::default().config());
    office.restart();
    assert!(!office.data().join("threads.jsonl").exists());
}
