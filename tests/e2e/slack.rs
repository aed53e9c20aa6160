//! The local Slack through its scripts' door, `/sandbox/*`.

use super::http::{self, quote};
use super::{SOON, eventually};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// A message as `conversations.history` gives it.
#[derive(Clone, Debug)]
pub struct Message(pub Value);

impl Message {
    pub fn ts(&self) -> &str {
        self.0["ts"].as_str().unwrap_or_default()
    }

    /// Seconds since 1970.
    pub fn time(&self) -> f64 {
        self.ts().parse().unwrap_or_default()
    }

    /// The plain line, as a lock screen shows it.
    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap_or_default()
    }

    /// Everything a person can read in it.
    pub fn readable(&self) -> String {
        let mut words = Vec::new();
        collect(&self.0, "text", &mut words);
        words.join("\n")
    }

    #[track_caller]
    pub fn must_say(&self, words: &str) -> &Self {
        assert!(self.readable().contains(words), "expected {words:?} in:\n{}", self.readable());
        self
    }

    pub fn color(&self) -> &str {
        self.0["attachments"][0]["color"].as_str().unwrap_or_default()
    }

    /// The `action_id`s of its buttons.
    pub fn buttons(&self) -> Vec<String> {
        let mut ids = Vec::new();
        collect(&self.0, "action_id", &mut ids);
        ids
    }

    /// What this message is to the pager: `("card", 1)`, or `("page", 1)`.
    pub fn identity(&self) -> Option<(&str, u64)> {
        let payload = &self.0["metadata"]["event_payload"];
        Some((payload["kind"].as_str()?, payload["incident"].as_str()?.parse().ok()?))
    }

    /// The number of the page it is.
    pub fn page(&self) -> Option<u64> {
        self.0["metadata"]["event_payload"]["page"].as_str()?.parse().ok()
    }
}

fn collect(v: &Value, key: &str, into: &mut Vec<String>) {
    match v {
        Value::Object(map) => {
            for (k, v) in map {
                match v {
                    Value::String(s) if k == key => into.push(s.clone()),
                    _ => collect(v, key, into),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|v| collect(v, key, into)),
        _ => {}
    }
}

/// One Web API call the pager made.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub body: Value,
    pub status: u64,
    pub answer: Value,
    /// Seconds since 1970, on Slack's clock.
    pub time: f64,
}

impl Call {
    pub fn channel(&self) -> &str {
        self.body["channel"].as_str().unwrap_or_default()
    }

    /// `("card", 1)` for a post that is to become the card of #1.
    pub fn posts(&self) -> Option<(String, u64)> {
        let metadata = match &self.body["metadata"] {
            Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
            other => other.clone(),
        };
        Message(json!({ "metadata": metadata })).identity().map(|(kind, no)| (kind.to_owned(), no))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Slack {
    pub address: SocketAddr,
}

impl Slack {
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let answer = http::get(self.address, path, Duration::from_secs(60)).expect("the local Slack answers");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let bytes = body.to_string();
        let answer =
            http::post(self.address, path, bytes.as_bytes(), Duration::from_secs(60)).expect("the local Slack answers");
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text);
        answer.json()
    }

    /// The messages of a channel or `dm:USER`, newest last.
    #[track_caller]
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        list(&self.get(&format!("/sandbox/messages?channel={}", quote(channel))))
    }

    /// The lines of a thread, without the message it hangs on.
    #[track_caller]
    pub fn thread(&self, channel: &str, parent: &Message) -> Vec<Message> {
        let path = format!("/sandbox/messages?channel={}&thread_ts={}", quote(channel), parent.ts());
        list(&self.get(&path)).into_iter().filter(|m| m.ts() != parent.ts()).collect()
    }

    /// The cards of an incident; one is right.
    #[track_caller]
    pub fn cards(&self, channel: &str, incident: u64) -> Vec<Message> {
        self.messages(channel).into_iter().filter(|m| m.identity() == Some(("card", incident))).collect()
    }

    /// The pages of an incident to somebody.
    #[track_caller]
    pub fn pages(&self, user: &str, incident: u64) -> Vec<Message> {
        let all = self.messages(&format!("dm:{user}"));
        all.into_iter().filter(|m| m.identity() == Some(("page", incident))).collect()
    }

    /// Waits until the card says `words`.
    #[track_caller]
    pub fn card_says(&self, channel: &str, incident: u64, words: &str) -> Message {
        self.card_says_within(SOON, channel, incident, words)
    }

    /// Waits at most `secs` until the card says `words`.
    #[track_caller]
    pub fn card_says_within(&self, secs: u64, channel: &str, incident: u64, words: &str) -> Message {
        eventually(format!("a card of #{incident} in #{channel} that says {words:?}"), secs, || {
            self.cards(channel, incident).into_iter().find(|m| m.readable().contains(words))
        })
    }

    /// Waits until somebody was paged about an incident.
    #[track_caller]
    pub fn page_to(&self, user: &str, incident: u64) -> Message {
        self.page_to_within(SOON, user, incident)
    }

    #[track_caller]
    pub fn page_to_within(&self, secs: u64, user: &str, incident: u64) -> Message {
        eventually(format!("a page of #{incident} to {user}"), secs, || self.pages(user, incident).into_iter().next())
    }

    /// Waits until a message, thread line or private answer in a channel says so. A private one names its reader in
    /// `shown_to`.
    #[track_caller]
    pub fn wait(&self, channel: &str, words: &str) -> Message {
        let path = format!("/sandbox/wait?channel={}&contains={}&seconds={SOON}", quote(channel), quote(words));
        let answer = http::get(self.address, &path, Duration::from_secs(60)).expect("the local Slack answers");
        assert_eq!(answer.status, 200, "{}", answer.text);
        Message(answer.json()["message"].clone())
    }

    /// Presses a button of a message; the answer's `ok` says whether the pager acknowledged in time.
    #[track_caller]
    pub fn press(&self, user: &str, channel: &str, on: &Message, action: &str) -> Value {
        self.post("/sandbox/click", &json!({"user": user, "channel": channel, "ts": on.ts(), "action_id": action}))
    }

    /// Presses a button, and it must have worked.
    #[track_caller]
    pub fn press_well(&self, user: &str, channel: &str, on: &Message, action: &str) {
        let verdict = self.press(user, channel, on, action);
        assert_eq!(verdict["ok"], true, "{user} pressed {action}: {verdict}");
    }

    /// Presses a button if it is there; `None` when the message has none any more.
    pub fn try_press(&self, user: &str, channel: &str, ts: &str, action: &str) -> Option<Value> {
        let body = json!({"user": user, "channel": channel, "ts": ts, "action_id": action}).to_string();
        let answer = http::post(self.address, "/sandbox/click", body.as_bytes(), Duration::from_secs(60)).ok()?;
        (answer.status == 200).then(|| answer.json())
    }

    /// Types a command; the immediate response.
    #[track_caller]
    pub fn slash(&self, user: &str, channel: &str, text: &str) -> Value {
        self.types(user, channel, "/pager", text)
    }

    /// Types another command; the immediate response.
    #[track_caller]
    pub fn types(&self, user: &str, channel: &str, command: &str, text: &str) -> Value {
        self.post("/sandbox/slash", &json!({"user": user, "channel": channel, "command": command, "text": text}))
    }

    /// Orders faults.
    #[track_caller]
    pub fn order(&self, faults: Value) {
        self.post("/sandbox/faults", &faults);
    }

    /// The faults in force.
    #[track_caller]
    pub fn faults(&self) -> Value {
        self.get("/sandbox/faults")
    }

    /// Somebody opens the app's Home tab.
    #[track_caller]
    pub fn open_home(&self, user: &str) {
        self.post("/sandbox/home", &json!({ "user": user }));
    }

    /// What Slack's admins would change about a person.
    #[track_caller]
    pub fn change_user(&self, change: Value) {
        self.post("/sandbox/user", &change);
    }

    /// Everything works again.
    #[track_caller]
    pub fn heal(&self) {
        self.order(json!({"clear": true}));
    }

    /// Moves a demo's clock forward.
    #[track_caller]
    pub fn advance(&self, secs: u64) {
        self.post("/sandbox/advance", &json!({ "seconds": secs }));
    }

    /// Every call the pager made, oldest first.
    #[track_caller]
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.get("/sandbox/calls");
        calls.as_array().into_iter().flatten().map(call).collect()
    }

    #[track_caller]
    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|c| c.method == method).collect()
    }

    /// What to show when a test failed.
    pub fn print(&self) {
        let within = Duration::from_secs(5);
        if let Ok(answer) = http::get(self.address, "/sandbox/calls", within) {
            eprintln!("--- the last calls to Slack");
            let calls: Vec<Call> = answer.json().as_array().into_iter().flatten().map(call).collect();
            for c in calls.iter().skip(calls.len().saturating_sub(60)) {
                let text: String = c.body["text"].as_str().unwrap_or_default().chars().take(80).collect();
                let (error, posts) = (&c.answer["error"], c.posts());
                eprintln!("{:.3} {} {} {} {error} {posts:?} {text}", c.time, c.method, c.channel(), c.status);
            }
        }
        let channels = super::company::CHANNELS.map(str::to_owned);
        let people = super::company::PEOPLE.map(|(id, _)| format!("dm:{id}"));
        for place in channels.iter().chain(&people) {
            let path = format!("/sandbox/messages?channel={}", quote(place));
            let Ok(answer) = http::get(self.address, &path, within) else { continue };
            for m in list(&answer.json()) {
                let text: String = m.text().chars().take(100).collect();
                eprintln!("{place} {} {} {:?} {:?} {text}", m.ts(), m.color(), m.identity(), m.buttons());
            }
        }
    }
}

fn list(v: &Value) -> Vec<Message> {
    v.as_array().into_iter().flatten().cloned().map(Message).collect()
}

fn call(v: &Value) -> Call {
    Call {
        method: v["method"].as_str().unwrap_or_default().to_owned(),
        body: v["body"].clone(),
        status: v["status"].as_u64().unwrap_or_default(),
        answer: v["answer"].clone(),
        time: v["time"].as_f64().unwrap_or_default(),
    }
}
