//! A Slack with an app that answers as a test wants: what the page does is not what any one bot happens to send.

use super::demo::client;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use warridor::clock::Clock;
use warridor::sandbox::workspace::{Channel, SlashCommand, User};
use warridor::sandbox::{Sandbox, SandboxConfig, Workspace};

/// What the app does about an envelope: the payload of its acknowledgement, and Web API calls.
#[derive(Default)]
pub struct Reaction {
    pub ack: Value,
    pub calls: Vec<(&'static str, Value)>,
}

pub struct App {
    pub sandbox: Sandbox,
    http: reqwest::Client,
    /// Payloads heard, oldest first.
    heard: Arc<Mutex<Vec<Value>>>,
    listening: tokio::task::JoinHandle<()>,
}

impl App {
    /// A workspace with Ana and Ben, `#payments` and `#ops`, `/pager` and `/panic`, a message shortcut, all events.
    pub async fn start(react: impl Fn(&Value) -> Reaction + Send + 'static) -> Self {
        let workspace = Workspace {
            team_name: "Larkspur Books".into(),
            users: vec![User::named("ana"), User::named("ben")],
            channels: vec![Channel::named("payments"), Channel::named("ops")],
            commands: vec![
                SlashCommand {
                    description: "Everything".into(),
                    usage_hint: "[list | help]".into(),
                    ..SlashCommand::named("/pager")
                },
                SlashCommand { description: "Wakes all".into(), ..SlashCommand::named("/panic") },
            ],
            shortcuts: vec!["note".into()],
            shortcut_names: [("note".to_owned(), "Add to the timeline".to_owned())].into(),
            events: vec!["app_home_opened".into(), "reaction_added".into()],
            strict_rates: false,
            ..Workspace::default()
        };
        let listen = "127.0.0.1:0".parse().expect("an address");
        let config = SandboxConfig { listen, clock: Clock::system(0), dir: None, workspace };
        let sandbox = Sandbox::start(config).expect("the local Slack starts");
        let http = client();
        let open: Value = call(&http, &sandbox.api_url(), "apps.connections.open", json!({})).await;
        let (mut socket, _) = connect_async(open["url"].as_str().expect("a url")).await.expect("a socket");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (ears, caller, api) = (heard.clone(), http.clone(), sandbox.api_url());
        let listening = tokio::spawn(async move {
            while let Some(Ok(frame)) = socket.next().await {
                let Message::Text(text) = frame else { continue };
                let envelope: Value = serde_json::from_str(&text).expect("JSON");
                if envelope["envelope_id"].is_null() {
                    continue;
                }
                ears.lock().expect("heard").push(envelope["payload"].clone());
                let reaction = react(&envelope["payload"]);
                let ack = json!({"envelope_id": envelope["envelope_id"], "payload": reaction.ack});
                if socket.send(Message::text(ack.to_string())).await.is_err() {
                    return;
                }
                for (method, body) in reaction.calls {
                    let answer = call(&caller, &api, method, body).await;
                    assert_eq!(answer["ok"], true, "{method}: {answer}");
                }
            }
        });
        Self { sandbox, http, heard, listening }
    }

    /// A Slack whose app acknowledges everything and does nothing.
    pub async fn quiet() -> Self {
        Self::start(|_| Reaction::default()).await
    }

    pub fn page(&self, at: &str) -> String {
        format!("http://{}{at}", self.sandbox.addr())
    }

    /// A call of the Web API that works.
    pub async fn call(&self, method: &str, body: Value) -> Value {
        let answer = call(&self.http, &self.sandbox.api_url(), method, body).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer
    }

    /// A person's id.
    pub fn id(&self, name: &str) -> String {
        self.sandbox.slack().act(|slack, _| slack.directory().user(name).map(|u| u.id.clone())).expect("a person")
    }

    /// The last payload of a type (or event) that was heard.
    pub fn last(&self, kind: &str) -> Value {
        let heard = self.heard.lock().expect("heard");
        let found = heard.iter().rev().find(|p| p["type"] == kind || p["event"]["type"] == kind);
        found.cloned().unwrap_or(Value::Null)
    }

    /// The Home tabs and messages the app was told of.
    pub fn count(&self, kind: &str) -> usize {
        let heard = self.heard.lock().expect("heard");
        heard.iter().filter(|p| p["type"] == kind || p["event"]["type"] == kind).count()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn call(http: &reqwest::Client, api: &str, method: &str, body: Value) -> Value {
    let token = if method == "apps.connections.open" { "xapp-sandbox-app" } else { "xoxb-sandbox-bot" };
    let sent = http.post(format!("{api}{method}")).bearer_auth(token).json(&body).send().await.expect(method);
    sent.json().await.expect(method)
}
