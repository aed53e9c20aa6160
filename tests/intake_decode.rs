//! What each decoder makes of good, odd and hostile bodies. A row is a sentence, a body, and what comes of it.

#[path = "intake_decode/monitors.rs"]
mod monitors;

use proptest::prelude::*;
use warridor::domain::input::{Event, EventAction};
use warridor::ingest::sources::{
    DecodeError, Decoded, alertmanager, generic, grafana, nagios, newrelic, pagerduty, pagerduty_webhook, splunk,
};
use warridor::ingest::{limits, unreadable};

/// One line an event: what a person would want to know of it. No line where nobody is asked to act.
fn told(decoded: Result<Decoded, DecodeError>) -> String {
    match decoded {
        Ok(d) => d.events.iter().map(line).collect::<Vec<_>>().join("\n"),
        Err(e) => format!("refused: {e}"),
    }
}

fn line(e: &Event) -> String {
    let action = match e.action {
        EventAction::Trigger => "trigger",
        EventAction::Acknowledge => "acknowledge",
        EventAction::Resolve => "resolve",
    };
    let labels: Vec<String> = e.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let time = |at: Option<warridor::domain::stamp::At>| {
        at.map_or("-".to_owned(), |at| at.utc().format("%FT%T%.3fZ").to_string())
    };
    let times = match (e.starts_at, e.ends_at) {
        (None, None) => String::new(),
        (from, to) => format!(" {}..{}", time(from), time(to)),
    };
    format!("{action} [{}] {} <{}> {{{}}}{times}", e.dedup_key, e.title, e.link, labels.join(", "))
}

#[test]
fn alertmanager_bodies() {
    let rows = [
        (
            "An alert is an event, named by its fingerprint",
            r#"{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"severity":"page","zone":"b","alertname":"DiskFull","instance":"db-1"},
               "annotations":{"summary":"Disk full on db-1","description":"92% used","runbook_url":"https://wiki/rb","internal":"x"},
               "startsAt":"2026-03-01T10:00:00.483Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://prom/graph?g0=a&b","fingerprint":"c9c08a7315321f3c"}],
               "externalURL":"https://am"}"#,
            "trigger [c9c08a7315321f3c] Disk full on db-1 <https://prom/graph?g0=a&b> {alertname=DiskFull, severity=page, instance=db-1, zone=b, description=92% used, runbook_url=https://wiki/rb} 2026-03-01T10:00:00.483Z..-",
        ),
        (
            "A group that fires may hold an alert that does not; each speaks for itself",
            r#"{"status":"firing","alerts":[
               {"status":"resolved","labels":{"alertname":"A"},"startsAt":"2026-03-01T10:00:00Z","endsAt":"2026-03-01T10:00:01.123456789Z","fingerprint":"a"},
               {"status":"firing","labels":{"alertname":"B","instance":"h:9100"},"startsAt":"2026-03-01T11:00:00+01:00","fingerprint":"b"}],"externalURL":"http://am"}"#,
            "resolve [a] A <http://am> {alertname=A} 2026-03-01T10:00:00.000Z..2026-03-01T10:00:01.123Z\n\
             trigger [b] B h:9100 <http://am> {alertname=B, instance=h:9100} 2026-03-01T10:00:00.000Z..-",
        ),
        (
            "A name of nothing but NUL is no name",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"\u0000"},"fingerprint":"f"}]}"#,
            "trigger [f] alert f <> {}",
        ),
        (
            "Without summary the description is the title, on one line, and not told twice",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"X"},"annotations":{"description":" first\n\n second\u0000 "},"fingerprint":"f"}]}"#,
            "trigger [f] first second <> {alertname=X}",
        ),
        (
            "Text that means something in Slack is kept as it is: the views escape",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"<!channel> \u202e@here"},"annotations":{"summary":"<@U1> *x* & y"},"fingerprint":"f"}]}"#,
            "trigger [f] <@U1> *x* & y <> {alertname=<!channel> \u{202e}@here}",
        ),
        (
            "A key's text in a label is a text",
            r#"{"alerts":[{"status":"firing","labels":{"routing_key":"0123456789abcdef0123456789abcdef"},"fingerprint":"f"}]}"#,
            "trigger [f] alert f <> {routing_key=0123456789abcdef0123456789abcdef}",
        ),
        (
            "A link that is none is no link; the Alertmanager's own stands in",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"X"},"fingerprint":"f","generatorURL":"javascript:alert(1)"}],"externalURL":"http://am"}"#,
            "trigger [f] X <http://am> {alertname=X}",
        ),
        (
            "A field sent twice counts as its last",
            r#"{"alerts":[],"alerts":[{"status":"firing","status":"resolved","labels":{"alertname":"X","alertname":"Y"},"fingerprint":"f"}]}"#,
            "resolve [f] Y <> {alertname=Y}",
        ),
        (
            "Labels of odd kinds are shown as they stand; empty ones are not",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"X","n":5,"big":1e999,"no":null,"t":true,"l":[1,{"a":2}],"e":""},"fingerprint":"f"}]}"#,
            "trigger [f] X <> {alertname=X, n=5, big=1e999, t=true, l=[1,{\"a\":2}]}",
        ),
        (
            "Half of a surrogate pair, from a sender that cuts by UTF-16, loses that half and no more",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"fire \ud83d","ok":"\ud83d\udd25"},"fingerprint":"f"}]}"#,
            "trigger [f] fire \u{fffd} <> {alertname=fire \u{fffd}, ok=🔥}",
        ),
        (
            "A time nobody can read is no time",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"X"},"fingerprint":"f","startsAt":"yesterday","endsAt":{}}]}"#,
            "trigger [f] X <> {alertname=X}",
        ),
        (
            "A byte order mark is no harm",
            "\u{feff}{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"X\"},\"fingerprint\":\"f\"}]}",
            "trigger [f] X <> {alertname=X}",
        ),
        ("No body", "", "refused: the body: found nothing; send a JSON body; see the sender's webhook settings"),
        (
            "Not JSON",
            "disk full",
            "refused: the body: found no JSON (expected value at line 1 column 1); send one JSON value in UTF-8, complete, with nothing after it",
        ),
        (
            "Cut off",
            r#"{"alerts":[{"status":"firing"#,
            "refused: the body: found JSON that breaks off (EOF while parsing a string at line 1 column 28); send one JSON value in UTF-8, complete, with nothing after it",
        ),
        (
            "Something behind it",
            r#"{"alerts":[]} x"#,
            "refused: the body: found no JSON (trailing characters at line 1 column 15); send one JSON value in UTF-8, complete, with nothing after it",
        ),
        ("A list", "[1]", "refused: the body: found a list; send Alertmanager's JSON object with `alerts`"),
        ("No alerts", r#"{"status":"firing"}"#, "refused: alerts: found nothing; send a list of alerts"),
        ("An empty list", r#"{"alerts":[]}"#, "refused: alerts: found an empty list; send at least one alert"),
        ("Alerts that are no list", r#"{"alerts":{"a":1}}"#, "refused: alerts: found an object; send a list of alerts"),
        (
            "An alert that is no object",
            r#"{"alerts":["x"]}"#,
            "refused: alerts[0].labels: found a text; send each alert as an object with `status` and `labels`",
        ),
        (
            "One status nobody knows: all or none",
            r#"{"alerts":[{"status":"firing","labels":{"a":"1"}},{"status":"purple","labels":{"a":"1"}}]}"#,
            "refused: alerts[1].status: found \"purple\"; send \"firing\" or \"resolved\"",
        ),
        (
            "No status",
            r#"{"alerts":[{"labels":{"a":"1"}}]}"#,
            "refused: alerts[0].status: found nothing; send \"firing\" or \"resolved\"",
        ),
        (
            "Neither labels nor fingerprint",
            r#"{"alerts":[{"status":"firing","annotations":{"summary":"x"}}]}"#,
            "refused: alerts[0].labels: found neither labels nor a fingerprint; send at least the label `alertname`",
        ),
        (
            "Labels that are a list",
            r#"{"alerts":[{"status":"firing","labels":["a"],"fingerprint":"f"}]}"#,
            "refused: alerts[0].labels: found a list; send an object of label names and values",
        ),
    ];
    for (sentence, body, expected) in rows {
        assert_eq!(told(alertmanager::decode(body.as_bytes())), expected, "{sentence}");
    }
}

#[test]
fn without_a_fingerprint_the_labels_name_the_alert_in_any_order() {
    let key = |labels: &str| {
        let body = format!(r#"{{"alerts":[{{"status":"firing","labels":{labels}}}]}}"#);
        alertmanager::decode(body.as_bytes()).unwrap().events[0].dedup_key.clone()
    };
    let one = key(r#"{"a":"1","b":"2"}"#);
    assert_eq!(one.len(), 32);
    assert_eq!(one, key(r#"{"b":"2","a":"1"}"#));
    for other in [r#"{"a":"1"}"#, r#"{"a":"2","b":"1"}"#, r#"{"a":"1","b":"2","c":"3"}"#, r#"{"a":"1b","":"2"}"#] {
        assert_ne!(one, key(other), "{other}");
    }
}

#[test]
fn alertmanager_says_what_it_left_out() {
    let body = br#"{"alerts":[{"status":"firing","labels":{"a":"1"}}],"truncatedAlerts":7}"#;
    assert_eq!(alertmanager::decode(body).unwrap().left_out_by_sender, 7);
}

#[test]
fn pagerduty_bodies() {
    let told = |body: &str| match pagerduty::decode(body.as_bytes(), "generated") {
        Ok(event) => line(&event),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "),
    };
    let rows = [
        (
            "A trigger with everything",
            r#"{"routing_key":"k","event_action":"trigger","dedup_key":"srv/HTTP","client":"Monitoring","client_url":"https://mon",
               "payload":{"summary":"Down ","source":"srv01","severity":"critical","timestamp":"2026-01-01T00:00:00.000+0000","component":"nginx",
               "group":"prod","class":"deploy","custom_details":{"ping":"1500ms","load":0.75,"severity":"no","deep":{"a":[1]}}},
               "links":[{"href":"https://wiki","text":"runbook"}],"images":[{"src":"https://img","alt":"graph"}]}"#,
            "trigger [srv/HTTP] Down <https://mon> {severity=critical, source=srv01, component=nginx, group=prod, class=deploy, client=Monitoring, ping=1500ms, load=0.75, deep={\"a\":[1]}, runbook=https://wiki, graph=https://img}",
        ),
        (
            "The least a trigger says; its key is generated, its link the first there is",
            r#"{"routing_key":"k","event_action":"trigger","payload":{"summary":"s","source":"h","severity":"INFO"},"links":[{"href":"ftp://x"},{"href":"http://y"}]}"#,
            "trigger [generated] s <http://y> {severity=INFO, source=h}",
        ),
        (
            "An acknowledge needs a key and nothing else",
            r#"{"event_action":"acknowledge","dedup_key":"a"}"#,
            "acknowledge [a]  <> {}",
        ),
        (
            "A resolve too; an odd payload does no harm",
            r#"{"event_action":"resolve","dedup_key":5,"payload":"x"}"#,
            "resolve [5]  <> {}",
        ),
        (
            "Details that are a text",
            r#"{"event_action":"resolve","dedup_key":"a","payload":{"custom_details":"said"}}"#,
            "resolve [a]  <> {custom_details=said}",
        ),
        (
            "A severity nobody knows",
            r#"{"event_action":"trigger","payload":{"summary":"x","source":"y","severity":"purple"}}"#,
            "payload.severity: found \"purple\"; send one of \"critical\", \"error\", \"warning\", \"info\"",
        ),
        (
            "Everything wrong at once, each named",
            r#"{"event_action":"page","payload":{}}"#,
            "event_action: found \"page\"; send one of \"trigger\", \"acknowledge\", \"resolve\"",
        ),
        (
            "A trigger without payload",
            r#"{"event_action":"trigger"}"#,
            "payload.summary: found nothing; send what is wrong, in one line | payload.source: found nothing; send what is affected: a host, a service | payload.severity: found nothing; send one of \"critical\", \"error\", \"warning\", \"info\"",
        ),
        (
            "A summary of nothing but NUL says nothing",
            r#"{"event_action":"trigger","payload":{"summary":"\u0000","source":"y","severity":"info"}}"#,
            "payload.summary: found \"\\u0000\"; send what is wrong, in one line",
        ),
        (
            "A payload that is a list",
            r#"{"event_action":"trigger","payload":[1]}"#,
            "payload: found a list; send an object with `summary`, `source` and `severity`",
        ),
        (
            "A resolve of nothing",
            r#"{"event_action":"resolve","dedup_key":" "}"#,
            "dedup_key: found \" \"; send the dedup_key that the trigger had or was answered with",
        ),
        (
            "Events API v1",
            r#"{"service_key":"k","event_type":"trigger"}"#,
            "event_action: found nothing; send one of \"trigger\", \"acknowledge\", \"resolve\"; this looks like Events API v1, which is not spoken here",
        ),
        ("A list", "[]", "the body: found a list; send one event as a JSON object"),
    ];
    for (sentence, body, expected) in rows {
        assert_eq!(told(body), expected, "{sentence}");
    }
}

#[test]
fn generic_bodies() {
    let rows = [
        (
            "Everything the documentation names",
            r#"{"action":"trigger","dedup_key":"backup/db-1","title":"Backup failed","link":"https://ci/42","labels":{"job":"backup","severity":"critical"},
               "starts_at":"2026-03-01T10:00:00Z","ends_at":null}"#,
            "trigger [backup/db-1] Backup failed <https://ci/42> {severity=critical, job=backup} 2026-03-01T10:00:00.000Z..-",
        ),
        (
            "A title is enough, and names the problem",
            r#"{"title":"Backup failed"}"#,
            "trigger [HASH] Backup failed <> {}",
        ),
        (
            "The same title ends it",
            r#"{"title":"Backup  failed ","status":"OK"}"#,
            "resolve [HASH] Backup failed <> {}",
        ),
        ("An acknowledge by another name", r#"{"state":"ACK","key":"k"}"#, "acknowledge [k]  <> {}"),
        (
            "Other names for the same",
            r#"{"status":"firing","id":7,"message":"m","url":"http://u","severity":"high","host":"h","description":"d","startsAt":"1772359200","endsAt":1772359260000}"#,
            "trigger [7] m <http://u> {severity=high, host=h, description=d} 2026-03-01T10:00:00.000Z..2026-03-01T10:01:00.000Z",
        ),
        (
            "An array",
            r#"[{"key":"a","title":"A"},{"key":"b","status":"up"}]"#,
            "trigger [a] A <> {}\nresolve [b]  <> {}",
        ),
        ("An object of events", r#"{"events":[{"key":"a","title":"A"}],"title":"ignored"}"#, "trigger [a] A <> {}"),
        ("No events, but an event", r#"{"events":null,"key":"a","title":"A"}"#, "trigger [a] A <> {}"),
        (
            "A name that is null is no name",
            r#"{"title":null,"summary":"s","dedup_key":"","key":"k"}"#,
            "trigger [k] s <> {}",
        ),
        ("Nothing", "{}", "refused: title: found neither dedup_key nor title; send what is wrong, in one line"),
        ("A trigger of nothing", r#"{"key":"k"}"#, "refused: title: found nothing; send what is wrong, in one line"),
        (
            "An action nobody knows",
            r#"{"action":"explode","title":"x"}"#,
            "refused: action: found \"explode\"; send one of \"trigger\", \"acknowledge\", \"resolve\"; or leave it out",
        ),
        ("An empty array", "[]", "refused: events: found an empty list; send at least one alert"),
        (
            "One bad event: all or none",
            r#"[{"title":"a"},5]"#,
            "refused: events[1].title: found a number; send each event as an object with at least `title`",
        ),
        (
            "Alertmanager's body on the wrong path",
            r#"{"alerts":[{"status":"firing"}],"status":"firing"}"#,
            "refused: alerts: found a field of Alertmanager's webhook; send Alertmanager's body to /integrations/alertmanager/KEY, or events in `events`",
        ),
        ("A text", "\"x\"", "refused: title: found a text; send each event as an object with at least `title`"),
    ];
    let hash = warridor::ingest::text::short_hash(["Backup failed"]);
    for (sentence, body, expected) in rows {
        assert_eq!(told(generic::decode(body.as_bytes())), expected.replace("HASH", &hash), "{sentence}");
    }
}

#[test]
fn everything_is_bounded() {
    let long = "é".repeat(5000);
    let labels: String = (0..1000).map(|n| format!(r#""label{n}{long}":"{long}","#)).collect();
    let body = format!(
        r#"{{"alerts":[{{"status":"firing","labels":{{{labels}"z":""}},"annotations":{{"summary":"{long}"}},"fingerprint":"{long}","generatorURL":"http://{long}"}}]}}"#
    );
    let event = &alertmanager::decode(body.as_bytes()).unwrap().events[0];
    assert_eq!(event.title.chars().count(), limits::TITLE_CHARS);
    assert!(event.title.ends_with("é…"));
    assert_eq!(event.dedup_key.chars().count(), limits::DEDUP_KEY_CHARS);
    assert_eq!(event.labels.len(), limits::LABELS_KEPT);
    assert_eq!(event.labels[0].0.chars().count(), limits::LABEL_NAME_CHARS);
    assert_eq!(event.labels[0].1.chars().count(), limits::LABEL_VALUE_CHARS);
    assert_eq!(event.link, "");
    // A long key is the same key every time, and another long key another.
    let key = |k: &str| {
        generic::decode(format!(r#"{{"key":"{k}","title":"t"}}"#).as_bytes()).unwrap().events[0].dedup_key.clone()
    };
    assert_eq!(key(&long), event.dedup_key);
    assert_ne!(key(&format!("{long}2")), event.dedup_key);
    assert_eq!(&*key(&event.dedup_key), &*event.dedup_key);
}

#[test]
fn ten_thousand_events_pass_and_one_more_does_not() {
    let body = |n: usize| format!("[{}]", vec![r#"{"title":"t"}"#; n].join(","));
    assert_eq!(
        generic::decode(body(limits::EVENTS_PER_BODY).as_bytes()).unwrap().events.len(),
        limits::EVENTS_PER_BODY
    );
    let error = generic::decode(body(limits::EVENTS_PER_BODY + 5).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "events: found 10005 alerts; send at most 10000 alerts in one body");
}

#[test]
fn depth_and_size_do_no_harm() {
    let deep = 3_000_000;
    let nested = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(1_000_000), "}".repeat(1_000_000));
    for hostile in
        [nested.as_str(), objects.as_str(), &"9".repeat(1_000_000), "-1e99999", "1E400", "[".repeat(deep).as_str()]
    {
        let bodies = [
            hostile.to_owned(),
            format!(r#"{{"alerts":{hostile}}}"#),
            format!(
                r#"{{"alerts":[{{"status":"firing","fingerprint":"f","labels":{{"a":{hostile}}},"annotations":{hostile}}}]}}"#
            ),
            format!(
                r#"{{"event_action":"trigger","payload":{{"summary":"s","source":"s","severity":"info","custom_details":{hostile}}}}}"#
            ),
            format!(r#"{{"title":"t","labels":{hostile},"events":{hostile}}}"#),
            format!(r#"{{"alerts":[{{"status":"firing","fingerprint":"f","labels":{{}},"values":{hostile}}}]}}"#),
            format!(r#"{{"ruleId":1,"state":"alerting","tags":{hostile},"evalMatches":[{{"tags":{hostile}}}]}}"#),
            format!(r#"{{"id":"i","state":"ACTIVATED","title":{hostile},"impactedEntities":[{hostile}]}}"#),
            format!(r#"{{"search_name":"s","result":{{"a":{hostile},"b":[{hostile}]}}}}"#),
            format!(r#"{{"event":{{"event_type":"incident.triggered","data":{{"id":"i","assignees":{hostile}}}}}}}"#),
        ];
        for body in bodies {
            for (_, decode) in DECODERS {
                let _ = decode(body.as_bytes());
            }
            let _ = pagerduty::decode(body.as_bytes(), "k");
        }
    }
    let details = format!(
        r#"{{"event_action":"trigger","payload":{{"summary":"s","source":"s","severity":"info","custom_details":{{"d":{nested}}}}}}}"#
    );
    let event = pagerduty::decode(details.as_bytes(), "k").unwrap();
    assert_eq!(event.labels.last().unwrap().1.chars().count(), limits::LABEL_VALUE_CHARS);
}

#[test]
fn bytes_that_are_not_utf8_are_named() {
    for (_, decode) in DECODERS {
        let error = decode(b"{\"title\":\"\xff\"}").unwrap_err();
        assert_eq!(error.to_string(), "the body: found bytes that are not UTF-8 after byte 10; send JSON in UTF-8");
    }
    let utf16: Vec<u8> = "{\"title\":\"x\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(generic::decode(&utf16).is_err());
}

/// Any JSON, with the names that the decoders know among its fields.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "alerts",
            "status",
            "labels",
            "annotations",
            "summary",
            "description",
            "startsAt",
            "endsAt",
            "fingerprint",
            "generatorURL",
            "externalURL",
            "alertname",
            "routing_key",
            "event_action",
            "dedup_key",
            "payload",
            "severity",
            "source",
            "custom_details",
            "links",
            "images",
            "href",
            "src",
            "client_url",
            "events",
            "title",
            "key",
            "action",
            "starts_at",
            "ends_at",
            "truncatedAlerts",
            "values",
            "panelURL",
            "ruleId",
            "ruleName",
            "state",
            "evalMatches",
            "tags",
            "id",
            "issueUrl",
            "createdAt",
            "impactedEntities",
            "incident_id",
            "current_state",
            "condition_name",
            "details",
            "search_name",
            "sid",
            "result",
            "event",
            "event_type",
            "data",
            "occurred_at",
            "created_at",
            "assignees",
            "NOTIFICATIONTYPE",
            "HOSTNAME",
            "SERVICEDESC",
            "HOSTOUTPUT",
            "monitorID",
            "alertType",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::sample::select(vec![
            "firing",
            "resolved",
            "trigger",
            "resolve",
            "critical",
            "alerting",
            "ok",
            "ACTIVATED",
            "open",
            "incident.triggered",
            "incident.resolved",
            "PROBLEM",
            "*alertType*",
            "http://x",
            "2026-03-01T10:00:00Z",
            "\0",
            ""
        ])
        .prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..10)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

type Decode = fn(&[u8]) -> Result<Decoded, DecodeError>;

/// Every decoder but the one that needs a key made up, and whether its bodies may ask nobody to act.
const DECODERS: [(bool, Decode); 7] = [
    (false, alertmanager::decode),
    // Of Nagios.
    (true, generic::decode),
    (true, nagios::decode),
    (true, grafana::decode),
    (false, newrelic::decode),
    (false, splunk::decode),
    (true, pagerduty_webhook::decode),
];

fn within_bounds(events: &[Event]) {
    assert!(!events.is_empty() && events.len() <= limits::EVENTS_PER_BODY);
    for e in events {
        let texts = e.labels.iter().flat_map(|(n, v)| [n.as_str(), v.as_str()]);
        assert!(texts.chain([e.title.as_str(), e.link.as_str(), &*e.dedup_key]).all(|t| !t.contains('\0')));
        assert!(!e.dedup_key.is_empty() && e.dedup_key.chars().count() <= limits::DEDUP_KEY_CHARS);
        assert!(e.title.chars().count() <= limits::TITLE_CHARS && !e.title.contains('\n'));
        assert!(e.action != EventAction::Trigger || !e.title.is_empty());
        assert!(e.link.is_empty() || e.link.to_ascii_lowercase().starts_with("http"));
        assert!(e.link.chars().count() <= limits::LINK_CHARS && e.labels.len() <= limits::LABELS_KEPT);
        for (name, value) in &e.labels {
            assert!((1..=limits::LABEL_NAME_CHARS).contains(&name.chars().count()));
            assert!((1..=limits::LABEL_VALUE_CHARS).contains(&value.chars().count()));
        }
        assert!(e.starts_at.is_none_or(|at| at.0 > 0) && e.ends_at.is_none_or(|at| at.0 > 0));
    }
}

fn all_decoders(body: &[u8]) {
    for (may_be_empty, decode) in DECODERS {
        match decode(body) {
            Ok(decoded) if may_be_empty && decoded.events.is_empty() => {}
            Ok(decoded) => within_bounds(&decoded.events),
            Err(e) => assert!(e.found.chars().count() <= limits::FOUND_CHARS && e.to_string().len() < 1000),
        }
    }
    if let Ok(event) = pagerduty::decode(body, "generated") {
        within_bounds(&[event]);
    }
    let text = String::from_utf8_lossy(body);
    assert!(unreadable::title(&text).is_none_or(|t| t.chars().count() <= limits::UNREADABLE_TITLE_CHARS));
    let _ = unreadable::find_routing_key(body);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        all_decoders(&body);
    }

    #[test]
    fn arbitrary_json_never_panics_and_stays_within_bounds(value in any_json()) {
        all_decoders(value.to_string().as_bytes());
    }

    #[test]
    fn a_good_body_damaged_anywhere_never_panics(at in 0usize..400, byte: u8, cut: bool) {
        let mut body = br#"{"status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A\u00e9\ud83d\udd25"},"annotations":{"summary":"s \"q\""},
            "startsAt":"2026-03-01T10:00:00.123456789Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://x","fingerprint":"f"}],
            "event_action":"trigger","routing_key":"k","payload":{"summary":"s","source":"x","severity":"info"},"title":"t","action":"resolve"}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        if cut {
            body.truncate(at + 1);
        }
        all_decoders(&body);
    }

    #[test]
    fn any_time_of_the_millennium_is_read_back(ms in 1i64..32_503_680_000_000, digits in prop::sample::select(vec![0, 3, 9])) {
        let at = warridor::domain::stamp::At(ms);
        let text = match digits {
            0 => at.utc().format("%FT%TZ").to_string(),
            3 => at.utc().format("%FT%T%.3fZ").to_string(),
            _ => at.utc().format("%FT%T%.9f+00:00").to_string(),
        };
        let expected = if digits == 0 { ms / 1000 * 1000 } else { ms };
        prop_assert_eq!(warridor::ingest::text::time(&text), Some(expected).filter(|ms| *ms > 0).map(warridor::domain::stamp::At));
    }
}
