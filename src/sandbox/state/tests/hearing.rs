//! What an app hears of channels: only what it subscribed to and may hear, its own words too, in Slack's shapes.

use super::*;

fn hearing(events: &[&str], scopes: Option<&[&str]>) -> World {
    let mut workspace = workspace();
    workspace.events = events.iter().map(|e| (*e).to_owned()).collect();
    if let Some(scopes) = scopes {
        workspace.scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
    }
    let mut w = World { slack: Slack::new(workspace), now: NOON };
    w.connect();
    w
}

impl World {
    /// The events that were just sent, acknowledged.
    fn heard(&mut self) -> Vec<Value> {
        let all: Vec<_> = self.frames().into_iter().filter(|(_, v)| v.get("envelope_id").is_some()).collect();
        all.iter().for_each(|one| self.ack(one, None));
        all.into_iter().map(|(_, v)| v["payload"]["event"].clone()).collect()
    }

    fn says(&mut self, user: &str, channel: &str, text: &str, thread: Option<&str>) -> String {
        let said = self.slack.say(user, channel, text, thread, self.now).unwrap();
        said["ts"].as_str().unwrap().to_owned()
    }
}

const ALL: [&str; 4] = ["message.channels", "message.groups", "message.im", "reaction_added"];

#[test]
fn what_people_and_apps_write_is_told_where_the_app_is() {
    let mut w = hearing(&ALL, None);
    let parent = w.says("ana", "payments", "slow", None);
    w.says("ben", "payments", "indeed", Some(&parent));
    w.says("ana", "secret", "hush", None);
    w.says("ana", "random", "the app is not here", None);
    let heard = w.heard();
    let told: Vec<_> =
        heard.iter().map(|e| (e["text"].as_str().unwrap(), e["channel_type"].as_str().unwrap())).collect();
    assert_eq!(told, [("slow", "channel"), ("indeed", "channel"), ("hush", "group")]);
    assert_eq!((&heard[1]["thread_ts"], &heard[1]["user"]), (&json!(parent), &json!("U-ben")));
    assert!(heard[0].get("bot_id").is_none() && heard[0].get("thread_ts").is_none());
    // What it posts itself comes back, with its bot and its app; what another app posts names nobody.
    w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "card", "thread_ts": parent}));
    let own = w.heard().remove(0);
    assert_eq!((&own["bot_id"], &own["app_id"]), (&json!("B0BOT0000"), &json!("A0SANDBOX")), "{own}");
    assert!(own.get("subtype").is_none() && own.get("client_msg_id").is_none(), "{own}");
    let alarm = json!({"attachments": [{"fallback": "disk full"}], "thread_ts": parent});
    w.slack.say_as_app("Grafana", "payments", &alarm, w.now).unwrap();
    let other = w.heard().remove(0);
    assert_eq!((&other["subtype"], &other["username"]), (&json!("bot_message"), &json!("Grafana")), "{other}");
    assert!(other.get("user").is_none() && other["attachments"][0]["fallback"] == "disk full", "{other}");
    assert!(w.slack.say_as_app("Grafana", "payments", &json!({}), w.now).is_err(), "there is nothing in it");
}

#[test]
fn what_is_changed_or_deleted_is_told_with_what_it_was() {
    let mut w = hearing(&ALL, None);
    let ts = w.says("ana", "payments", "east", None);
    w.heard();
    w.slack.edit("ana", "payments", &ts, "west", w.now).unwrap();
    let changed = w.heard().remove(0);
    assert_eq!((&changed["subtype"], &changed["hidden"]), (&json!("message_changed"), &json!(true)), "{changed}");
    assert_eq!((&changed["message"]["text"], &changed["previous_message"]["text"]), (&json!("west"), &json!("east")));
    assert_eq!((&changed["message"]["ts"], changed.get("user")), (&json!(ts), None));
    assert!(changed["message"]["edited"]["user"] == "U-ana", "{changed}");
    w.slack.unsay("ana", "payments", &ts, w.now).unwrap();
    let gone = w.heard().remove(0);
    assert_eq!((&gone["subtype"], &gone["deleted_ts"]), (&json!("message_deleted"), &json!(ts)), "{gone}");
    assert_eq!(gone["previous_message"]["text"], "west");
    // The app's own, by its methods.
    let own = w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "one"}))["ts"].clone();
    w.heard();
    w.ok("chat.update", json!({"channel": "C-payments", "ts": own, "text": "two"}));
    assert_eq!(w.heard().remove(0)["message"]["text"], "two");
    w.ok("chat.delete", json!({"channel": "C-payments", "ts": own}));
    assert_eq!(w.heard().remove(0)["deleted_ts"], own);
}

#[test]
fn nobody_changes_or_deletes_what_another_wrote() {
    let mut w = hearing(&ALL, None);
    let ts = w.says("ana", "payments", "east", None);
    let own = w.post_buttons();
    w.heard();
    for ts in [&ts, &own, &"1.2".to_owned()] {
        assert_eq!(w.slack.edit("ben", "payments", ts, "west", w.now).unwrap_err().body["error"], "message_not_found");
        assert_eq!(w.slack.unsay("ben", "payments", ts, w.now).unwrap_err().body["error"], "message_not_found");
    }
    assert!(w.heard().is_empty());
}

#[test]
fn what_was_not_subscribed_to_or_may_not_be_heard_is_not_told() {
    let everything = |w: &mut World| {
        let ts = w.says("ana", "payments", "east", None);
        w.slack.edit("ana", "payments", &ts, "west", w.now).unwrap();
        w.slack.react("ben", "payments", &ts, "pushpin", w.now).unwrap();
        w.slack.unsay("ana", "payments", &ts, w.now).unwrap();
        w.says("ana", "secret", "hush", None);
        w.heard().len()
    };
    assert_eq!(everything(&mut hearing(&ALL, None)), 5);
    assert_eq!(everything(&mut hearing(&["message.im", "message.groups"], None)), 1);
    assert_eq!(everything(&mut hearing(&ALL, Some(&["channels:history"]))), 3);
    assert_eq!(everything(&mut hearing(&ALL, Some(&["groups:history", "reactions:read"]))), 2);
    assert_eq!(everything(&mut hearing(&ALL, Some(&[]))), 0);
}
