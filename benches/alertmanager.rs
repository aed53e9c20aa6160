//! How many alerts a second are taken in, beside Alertmanager; and bodies of a hundred alerts, beside their parser alone.
//!
//! Debian's `prometheus-alertmanager` (in memory) and the real binary (durable before the answer, its journal and rows on the
//! disk of the temporary directory), each with twenty rules that nothing fits before the one that does and alerts grouped by
//! a label. 64 keep-alive connections, one alert a request, events of 1,000 open alerts; measured in turn, each in a fresh
//! process. Then the bodies of a hundred that an Alertmanager sends, and how fast one core reads the same bytes into owned
//! types. Afterwards the journal is read, and every event that was answered 202 must be in it.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::load::{Keys, Load, PLACE, Shape, Until, run, run_with};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::{Program, ROUNDS, RULES, events_in_journal, grouped, key, seconds};

const CONNECTIONS: usize = 64;
const OPEN_ALERTS: usize = 1_000;
/// Alerts in one body of the second part.
const IN_ONE: usize = 100;

fn main() {
    let time = Duration::from_secs_f64(seconds());
    let slack = Slack::start();
    let (mut theirs, mut ours, mut bodies, mut parsed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(alertmanager(time));
        ours.push(one_a_request(&slack, time));
        slack.forget();
        bodies.push(hundred_a_request(&slack, time));
        slack.forget();
        parsed.push(parser(time));
    }
    println!("{CONNECTIONS} connections, {ROUNDS} rounds of {time:?} each: median (least-most), alerts a second");
    let ratios = |of: &[f64], to: &[f64]| of.iter().zip(to).map(|(a, b)| a / b).collect::<Vec<f64>>();
    let (alone, many) = (ratios(&ours, &theirs), ratios(&bodies, &parsed));
    println!(
        "  one a request      Alertmanager {}   Warridor {}   ratio {}",
        spread(&theirs, 0),
        spread(&ours, 0),
        spread(&alone, 2)
    );
    println!(
        "  a hundred a body   the parser {}   Warridor {}   ratio {}",
        spread(&parsed, 0),
        spread(&bodies, 0),
        spread(&many, 2)
    );
    let ratio = median(&alone);
    verdict("alerts a second, of Alertmanager's", ratio, ratio >= 1.5, "at least 1.5, aim 2.2");
    let ratio = median(&many);
    verdict("alerts a second in bodies of a hundred, of the parser's", ratio, ratio >= 0.1, "at least 0.1, aim 0.3");
}

/// Debian's, on a port of its own.
struct Alertmanager(Child);

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn alertmanager(time: Duration) -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config =
        String::from("receivers: [{ name: none }]\nroute:\n  receiver: none\n  group_by: [instance]\n  routes:\n");
    for n in 0..RULES {
        let _ = writeln!(config, "  - {{ receiver: none, matchers: ['severity=\"critical\"', 'job=\"other-{n}\"'] }}");
    }
    config.push_str("  - { receiver: none, matchers: ['job=\"node\"'] }\n");
    std::fs::write(dir.path().join("alertmanager.yml"), config).expect("its configuration");
    let addr = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let child = Command::new("prometheus-alertmanager")
        .arg(format!("--config.file={}", dir.path().join("alertmanager.yml").display()))
        .arg(format!("--storage.path={}", dir.path().join("data").display()))
        .arg(format!("--web.listen-address={addr}"))
        .args(["--cluster.listen-address=", "--log.level=error"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Debian's prometheus-alertmanager");
    let running = Alertmanager(child);
    listens(addr);
    let alert = format!(
        r#"[{{"labels":{{"alertname":"Disk","severity":"critical","instance":"db-{PLACE}:9100","mountpoint":"/var/lib/postgresql","job":"node"}},"annotations":{{"summary":"Disk of db-{PLACE} is 93 % full","note":"{}"}},"generatorURL":"https://grafana.example/d/disks?var-host=db-{PLACE}"}}]"#,
        "x".repeat(60)
    );
    let shape = Shape { path: "/api/v2/alerts".to_owned(), body: alert, accepted: 200 };
    let opened = run_with(addr, CONNECTIONS, Keys::Fresh, Until::Requests(OPEN_ALERTS), &shape);
    assert_eq!((opened.accepted.len(), opened.others), (OPEN_ALERTS, 0), "the alerts are open");
    let load = run_with(addr, CONNECTIONS, Keys::Cycle(OPEN_ALERTS), Until::Time(time), &shape);
    assert_eq!(load.others, 0, "answers that were not 200");
    drop(running);
    load.per_second()
}

fn listens(addr: SocketAddr) {
    let began = Instant::now();
    while TcpStream::connect(addr).is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "Alertmanager listens");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn one_a_request(slack: &Slack, time: Duration) -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Program::start(dir.path(), &grouped("instance"), slack.addr);
    let opened = run(program.addr, CONNECTIONS, Keys::Fresh, Until::Requests(OPEN_ALERTS));
    assert_eq!((opened.accepted.len(), opened.others), (OPEN_ALERTS, 0), "the alerts are open");
    program.has_settled(dir.path());
    let load = run(program.addr, CONNECTIONS, Keys::Cycle(OPEN_ALERTS), Until::Time(time));
    assert_eq!(load.others, 0, "answers that were not 202");
    program.stop();
    check(dir.path(), &opened, &load);
    load.per_second()
}

/// Every event that was answered 202 is in the journal.
fn check(dir: &Path, opened: &Load, load: &Load) {
    let mut accepted = opened.accepted.clone();
    load.accepted.iter().zip(&mut accepted).for_each(|(more, n)| *n += more);
    let found = events_in_journal(&dir.join("data"), accepted.len());
    for (n, (accepted, found)) in accepted.iter().zip(found).enumerate() {
        assert!(found >= *accepted, "event {n} was accepted {accepted} times and is in the journal {found} times");
    }
}

/// What an Alertmanager's webhook sends of a group of a hundred.
fn webhook() -> String {
    let alert = |n: usize| {
        format!(
            r#"{{"status":"firing","labels":{{"alertname":"Disk","severity":"critical","instance":"db-{PLACE}-{n}:9100","job":"node"}},"annotations":{{"summary":"Disk of db-{PLACE}-{n} is 93 % full"}},"startsAt":"2026-03-02T03:02:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://prometheus.example/graph?g0.expr=disk","fingerprint":"{PLACE}{n:08x}"}}"#
        )
    };
    let alerts = (0..IN_ONE).map(alert).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"version":"4","groupKey":"{{}}:{{}}","truncatedAlerts":0,"status":"firing","receiver":"warridor","groupLabels":{{}},"commonLabels":{{"job":"node"}},"commonAnnotations":{{}},"externalURL":"http://alertmanager.example","alerts":[{alerts}]}}"#
    )
}

fn hundred_a_request(slack: &Slack, time: Duration) -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Program::start(dir.path(), &grouped("instance"), slack.addr);
    let shape = Shape { path: format!("/integrations/alertmanager/{}", key(0)), body: webhook(), accepted: 202 };
    let bodies = OPEN_ALERTS / IN_ONE;
    let opened = run_with(program.addr, bodies, Keys::Fresh, Until::Requests(bodies), &shape);
    assert_eq!((opened.accepted.len(), opened.others), (bodies, 0), "the alerts are open");
    program.has_settled(dir.path());
    let load = run_with(program.addr, CONNECTIONS, Keys::Cycle(bodies), Until::Time(time), &shape);
    assert_eq!(load.others, 0, "answers that were not 202");
    program.stop();
    load.per_second() * IN_ONE as f64
}

#[derive(Deserialize)]
#[allow(dead_code)] // read, and dropped
struct Body {
    status: String,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // read, and dropped
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

/// Alerts a second that one core reads into owned types.
fn parser(time: Duration) -> f64 {
    let body = webhook();
    let (began, mut alerts) = (Instant::now(), 0);
    while began.elapsed() < time {
        let read: Body = serde_json::from_str(&body).expect("the body");
        alerts += read.alerts.len();
    }
    assert!(alerts > 0 && alerts.is_multiple_of(IN_ONE));
    alerts as f64 / began.elapsed().as_secs_f64()
}
