//! What an operator does to a data directory, with the real binary: verify, export, backup, restore, and starting again
//! after things broke.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_warridor");
const PATIENCE: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(10);

#[test]
fn an_export_shows_exactly_what_was_done_and_verify_agrees() {
    let place = Place::new();
    let demo = place.demo();
    for key in ["disk", "cpu", "net"] {
        demo.fire(key);
    }
    let first = demo.card("disk is wrong");
    demo.card("net is wrong");
    demo.click(&first, "incident.acknowledge");
    demo.slash("resolve 2 it was <the> fan & \"dust\"");
    demo.clear("cpu");
    demo.fire("disk");
    // Nothing is closed while its thread is behind.
    let shown = r#""k":"thread_shown","incident":2,"#;
    until("the thread says so", || place.journal().contains(shown).then_some(()));
    // A day later what was resolved is closed: then it is a row and no longer in memory.
    demo.post("/sandbox/advance", &json!({ "seconds": 25 * 3600 }));
    until("the resolved incident is closed", || place.journal().contains("incident_closed").then_some(()));
    demo.stop();

    let all = place.export();
    let brief: Vec<Value> =
        all.iter().map(|i| json!([i["number"], i["service"], i["title"], i["dedup_keys"]])).collect();
    let service = demo.service.clone();
    assert_eq!(
        brief,
        [
            json!([1, service, "disk is wrong", ["disk"]]),
            json!([2, service, "cpu is wrong", ["cpu"]]),
            json!([3, service, "net is wrong", ["net"]]),
        ]
    );
    assert_eq!((&all[1]["state"], &all[2]["state"]), (&json!("resolved"), &json!("triggered")));
    assert_eq!(all[0]["responders"], json!([demo.user]));
    let verified = place.run(&["verify"]);
    assert_eq!(said(&verified).1, Some(0), "{}", said(&verified).0);
    assert!(said(&verified).0.contains("fine"), "{}", said(&verified).0);
    assert_eq!(place.export(), all, "looking changes nothing");
}

#[test]
fn acknowledged_is_acknowledged() {
    let place = Place::new();
    let demo = place.demo();
    demo.fire("disk");
    let card = demo.card("disk is wrong");
    demo.click(&card, "incident.acknowledge");
    until("the journal has it", || place.journal().contains("\"acknowledged\"").then_some(()));
    demo.kill();
    // Nobody wrote the last rows: the journal has them.
    let all = place.export();
    assert_eq!((&all[0]["state"], &all[0]["responders"]), (&json!("acknowledged"), &json!([demo.user])));
}

#[test]
fn a_directory_in_use_is_refused_and_its_user_unharmed() {
    let place = Place::new();
    let demo = place.demo();
    demo.fire("disk");
    demo.card("disk is wrong");
    let target = place.beside("copy");
    let target = target.to_str().unwrap();
    let second = ["demo", "--no-samples", "--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0"];
    for args in [&["verify"][..], &["export", "incidents"], &["backup", target], &second] {
        let (text, code) = said(&place.run(args));
        assert_eq!(code, Some(2), "{args:?}: {text}");
        assert!(text.contains("in use") && text.contains(place.data.to_str().unwrap()), "{args:?}: {text}");
    }
    demo.fire("cpu");
    demo.card("cpu is wrong");
    let posted = demo.messages("").len();
    demo.stop();
    let again = place.demo();
    assert_eq!(again.messages("").len(), posted, "the first's Slack forgot nothing either");
    again.stop();
    assert_eq!(place.export().len(), 2);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let place = Place::new();
    let (text, code) = said(&place.run(&["verify"]));
    assert!(code == Some(2) && text.contains("is not there"), "{text}");
    fs::create_dir(&place.data).unwrap();
    for args in [&["verify"][..], &["export", "incidents"], &["backup", "x"], &["restore", "--confirm"]] {
        let (text, code) = said(&place.run(args));
        assert!(code == Some(2) && text.contains(place.data.to_str().unwrap()), "{args:?}: {text}");
    }
    let (text, code) = said(&place.run(&["restore", place.beside("nothing").to_str().unwrap()]));
    assert!(code == Some(2) && text.contains("no whole backup"), "{text}");
    assert_eq!(fs::read_dir(&place.data).unwrap().count(), 0);
}

#[test]
fn lost_rows_are_rebuilt_and_a_flipped_byte_is_named() {
    let place = Place::new();
    let demo = place.demo();
    demo.fire("disk");
    demo.fire("cpu");
    demo.card("cpu is wrong");
    demo.stop();
    let before = place.export();

    fs::remove_dir_all(place.data.join("sled")).unwrap();
    assert_eq!(place.export(), before, "an export reads the journal where rows are lost");
    fs::remove_dir_all(place.data.join("sled")).unwrap();
    let demo = place.demo();
    assert_eq!(demo.readiness()["open_incidents"], 2);
    demo.stop();

    // sled leaves this behind when it dies while writing, and then does not open.
    fs::write(place.data.join("sled/snap.0000000000000A00.generating"), b"half").unwrap();
    let demo = place.demo();
    assert_eq!(demo.readiness()["open_incidents"], 2);
    demo.stop();
    assert_eq!(place.export(), before);

    let path = place.segments().remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let third = bytes.split_inclusive(|b| *b == b'\n').take(2).map(<[u8]>::len).sum::<usize>();
    bytes[third + 60] ^= 0x10;
    fs::write(&path, &bytes).unwrap();
    let (text, code) = said(&place.run(&["verify"]));
    assert!(code == Some(1) && text.contains("frame 3 "), "{text}");
}

#[test]
fn a_restored_backup_is_silent_until_confirmed() {
    let old = Place::new();
    let demo = old.demo();
    demo.fire("open-then");
    demo.fire("resolved-then");
    demo.card("open-then is wrong");
    demo.card("resolved-then is wrong");
    demo.slash("resolve 2");
    demo.clear("resolved-then");
    demo.stop();
    let copy = old.beside("copy");
    let copy = copy.to_str().unwrap();
    let (text, code) = said(&old.run(&["backup", copy]));
    assert_eq!(code, Some(0), "{text}");
    let (text, code) = said(&old.run(&["backup", copy]));
    assert!(code == Some(2) && text.contains("not empty"), "{text}");
    let (text, code) = said(&old.run(&["restore", copy]));
    assert!(code == Some(2) && text.contains("not empty"), "{text}");
    // The world goes on after the backup.
    let demo = old.demo();
    demo.fire("after-the-backup");
    let later = demo.card("after-the-backup is wrong");
    demo.stop();

    let new = Place::new();
    let (text, code) = said(&new.run(&["restore", copy]));
    assert!(code == Some(0) && text.contains("paused") && text.contains("--confirm"), "{text}");
    let (text, code) = said(&new.run(&["verify"]));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(new.export().len(), 2);
    // The same Slack and the same keys as before.
    fs::copy(old.data.join("demo-keys"), new.data.join("demo-keys")).unwrap();
    fs::create_dir_all(new.data.join("sandbox")).unwrap();
    fs::copy(old.data.join("sandbox/log.jsonl"), new.data.join("sandbox/log.jsonl")).unwrap();

    let demo = new.demo();
    assert!(demo.readiness()["paused"].as_str().unwrap().contains("restore --confirm"));
    assert_eq!(demo.fire("while-paused")["incident"], 1003, "numbers given out since the backup are not used again");
    demo.post("/sandbox/advance", &json!({ "seconds": 3600 }));
    // Its levels ran, and a person can look; after all that nothing was sent.
    until("time went on", || (new.journal().matches("step_started").count() >= 4).then_some(()));
    let listed = demo.slash("list").to_string();
    assert!(listed.contains("1003") && listed.contains("it is paused"), "{listed}");
    demo.click(&later, "incident.acknowledge");
    demo.whispered("from an earlier installation");
    demo.silent();
    assert_eq!(demo.sent(), Vec::<String>::new(), "not even of itself");
    let (text, code) = said(&new.run(&["restore", "--confirm"]));
    assert!(code == Some(0) && text.contains("restart it"), "{text}");
    demo.stop();

    let demo = new.demo();
    assert_eq!(demo.readiness()["paused"], Value::Null);
    demo.card("while-paused is wrong");
    let again = demo.sent();
    assert!(!again.iter().any(|m| m.contains("resolved-then")), "{again:#?}");
    demo.click(&later, "incident.acknowledge");
    demo.whispered("from an earlier installation");
    demo.stop();
    let (text, code) = said(&new.run(&["restore", "--confirm"]));
    assert!(code == Some(0) && text.contains("nothing to do"), "{text}");
    let (text, code) = said(&old.run(&["restore", "--confirm"]));
    assert!(code == Some(2) && text.contains("never restored"), "{text}");
    let numbers: Vec<u64> = new.export().iter().map(|i| i["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 1003]);
    let (text, code) = said(&new.run(&["verify"]));
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_backup_that_was_changed_is_not_restored() {
    let place = Place::new();
    let demo = place.demo();
    demo.fire("disk");
    demo.stop();
    let copy = place.beside("copy");
    let (text, code) = said(&place.run(&["backup", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{text}");
    let segment = copy.join("journal").join(place.segments()[0].file_name().unwrap());
    let mut bytes = fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let new = Place::new();
    let (text, code) = said(&new.run(&["restore", copy.to_str().unwrap()]));
    assert!(code == Some(1) && text.contains("is not the file that was backed up"), "{text}");
    let refused = new.run(&["export", "incidents"]);
    assert_ne!(refused.status.code(), Some(0), "half a restore is no data directory");
}

/// A data directory that does not exist yet, in a place of its own.
struct Place {
    place: tempfile::TempDir,
    data: PathBuf,
}

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        Self { place, data }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
        command.args(args).arg("--config").arg(config).arg("--data-dir").arg(&self.data);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn export(&self) -> Vec<Value> {
        let out = self.run(&["export", "incidents", "--format", "json"]);
        assert!(out.status.success(), "{}", said(&out).0);
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// The segments of the journal, oldest first.
    fn segments(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = fs::read_dir(self.data.join("journal"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
            .collect();
        all.sort();
        all
    }

    /// All frames.
    fn journal(&self) -> String {
        let text = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap();
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        };
        self.segments().iter().map(text).collect()
    }

    fn demo(&self) -> Demo {
        Demo::start(self)
    }
}

/// A running demo.
struct Demo {
    child: std::cell::RefCell<Child>,
    _out: BufReader<ChildStdout>,
    sandbox: String,
    http: String,
    key: String,
    service: String,
    channel: String,
    user: String,
    calls_before: usize,
}

impl Demo {
    fn start(place: &Place) -> Self {
        let log = place.beside("stderr");
        let mut child = place
            .command(&["demo", "--no-samples", "--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let sandbox = loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                panic!("it did not start: {}", fs::read_to_string(&log).unwrap());
            }
            if let Some((_, url)) = line.split_once("Your Slack:") {
                break url.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
            }
        };
        let info = request(&sandbox, "GET", "/sandbox/info", None).1;
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let calls_before = request(&sandbox, "GET", "/sandbox/calls", None).1.as_array().unwrap().len();
        Self {
            child: child.into(),
            _out: out,
            http: text(&info["http"]).trim_start_matches("http://").to_owned(),
            key: text(&info["services"][0]["key"]),
            service: text(&info["services"][0]["name"]),
            channel: text(&info["services"][0]["channel"]),
            user: text(&info["users"][0]["name"]),
            sandbox,
            calls_before,
        }
    }

    fn get(&self, path: &str) -> Value {
        request(&self.sandbox, "GET", path, None).1
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = request(&self.sandbox, "POST", path, Some(body));
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    fn fire(&self, key: &str) -> Value {
        let body = json!({ "action": "trigger", "dedup_key": key, "title": format!("{key} is wrong") });
        let path = format!("/integrations/generic/{}", self.key);
        let (status, answer) = request(&self.http, "POST", &path, Some(&body));
        assert_eq!(status, 202, "{answer}");
        answer
    }

    fn clear(&self, key: &str) {
        let body = json!({ "action": "resolve", "dedup_key": key, "title": format!("{key} is wrong") });
        let path = format!("/integrations/generic/{}", self.key);
        let (status, answer) = request(&self.http, "POST", &path, Some(&body));
        assert_eq!(status, 202, "{answer}");
    }

    fn readiness(&self) -> Value {
        request(&self.http, "GET", "/readyz", None).1
    }

    /// What is in the service's channel; `more` may name a user.
    fn messages(&self, more: &str) -> Vec<Value> {
        self.get(&format!("/sandbox/messages?channel={}{more}", self.channel)).as_array().unwrap().clone()
    }

    /// The card that says this.
    fn card(&self, text: &str) -> Value {
        until(text, || {
            let said = |m: &Value| m["text"].as_str().is_some_and(|t| t.contains(text));
            self.messages("").into_iter().find(said)
        })
    }

    fn click(&self, card: &Value, action: &str) {
        let body = json!({ "user": self.user, "channel": self.channel, "ts": card["ts"], "action_id": action });
        self.post("/sandbox/click", &body);
    }

    fn slash(&self, text: &str) -> Value {
        let body = json!({ "user": self.user, "channel": self.channel, "command": "/pager", "text": text });
        self.post("/sandbox/slash", &body)
    }

    /// Waits until the person was told this privately.
    fn whispered(&self, text: &str) {
        until(text, || {
            let seen = self.messages(&format!("&user={}", self.user));
            seen.iter().any(|m| m["text"].as_str().is_some_and(|t| t.contains(text))).then_some(())
        });
    }

    /// The texts of all messages posted since this process started.
    fn sent(&self) -> Vec<String> {
        let calls = self.get("/sandbox/calls");
        let calls = calls.as_array().unwrap();
        let posts = calls[self.calls_before.min(calls.len())..].iter().filter(|c| c["method"] == "chat.postMessage");
        posts.map(|c| c["body"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Nothing was said of any incident since this process started.
    fn silent(&self) {
        let calls = self.get("/sandbox/calls");
        let loud: Vec<&Value> = calls
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["method"].as_str().is_some_and(|m| m.starts_with("chat.")))
            .filter(|c| c["body"].to_string().contains("is wrong"))
            .collect();
        assert!(loud.is_empty(), "{loud:#?}");
    }

    fn stop(&self) {
        let mut child = self.child.borrow_mut();
        assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
        let since = Instant::now();
        let status = until("it stops", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
        assert!(since.elapsed() < STOP, "{:?}", since.elapsed());
    }

    fn kill(&self) {
        let mut child = self.child.borrow_mut();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// What it printed, on both ways, and its exit code.
fn said(out: &Output) -> (String, Option<i32>) {
    let text = [&out.stdout, &out.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
    (text.join("\n"), out.status.code())
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One HTTP request, one answer.
fn request(addr: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|_| Value::from(body)))
}
