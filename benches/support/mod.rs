//! What the benchmarks share: a company to page, the real binary as a child, a Slack that says yes, a lean load
//! generator, the bare hyper server everything is compared with, and medians.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock
#![allow(dead_code)] // each benchmark uses its part

pub mod bare;
pub mod history;
pub mod http;
pub mod load;
pub mod slack;
pub mod stats;
pub mod storm;
pub mod telephone;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use warridor::app::open_store;
use warridor::domain::fact::Fact;
use warridor::record::{hex, unseal};
use warridor::store::Store;

/// How long one measurement lasts: `WARRIDOR_BENCH_SECONDS`, or this many.
pub const SECONDS: f64 = 4.0;
/// Rounds, in which everything that is compared is measured in turn.
pub const ROUNDS: usize = 5;
/// Bytes of one event's body.
pub const EVENT_BYTES: usize = 350;

/// The wanted length of one measurement.
pub fn seconds() -> f64 {
    let given = std::env::var("WARRIDOR_BENCH_SECONDS").ok().and_then(|s| s.parse().ok());
    given.filter(|s: &f64| *s > 0.0).unwrap_or(SECONDS)
}

/// The secret of service `n`.
pub fn key(n: usize) -> String {
    format!("{n:032x}")
}

/// The Slack id of service `n`'s first responder.
pub fn slack_user(n: usize) -> String {
    format!("U07BENCH{n:04}")
}

/// What keeps apart whatever comes in: else a service that is flooded would open no more incidents.
pub const NO_FLOOD: &str = "[settings]\nflood = 0\n";

/// A configuration of `services` services, each with a team, a channel, two people, a schedule and a policy of its own.
/// Every alert is an incident.
pub fn config(services: usize) -> String {
    company(services, services).replacen("[[command]]\n", &format!("{NO_FLOOD}[[command]]\n"), 1)
}

/// [`config`], and everybody who is asked first has a telephone, and nothing else.
pub fn config_by_text(services: usize) -> String {
    let mut t = config(services);
    for n in 0..services {
        let user = format!("[[user]]\nid = \"a{n}\"\n");
        let with = format!("{user}phone = \"+1555{n:07}\"\n");
        t = t.replacen(&user, &with, 1);
        let end = format!("slack = \"{}\"\ntz = \"Europe/Lisbon\"\n", slack_user(2 * n));
        t = t.replacen(&end, &format!("{end}[[user.rule]]\nmethod = \"sms\"\ndelay = \"0s\"\n"), 1);
    }
    t.push_str(
        "[twilio]\naccount_sid = \"AC0123456789abcdef0123456789abcdef\"\nauth_token_env = \"TWILIO_AUTH_TOKEN\"\n\
         from = \"+15551234567\"\n",
    );
    t
}

/// The same as [`config`] of one service, with twenty rules that do not fit, one that does, and a service whose alerts are put together by `label`.
pub fn grouped(label: &str) -> String {
    let mut t = config(1).replace(
        "name = \"Service 0\"\n",
        &format!("name = \"Service 0\"\ngroup = {{ by = [\"{label}\"], window = \"1h\" }}\n"),
    );
    for n in 0..RULES {
        let _ = write!(t, "[[route]]\nlabels = {{ severity = \"critical\", job = \"other-{n}\" }}\nto = \"nothing\"\n");
    }
    t.push_str("[[route]]\nlabels = { job = \"node\" }\nto = \"service:s0\"\n");
    t
}

/// Rules that an alert is held against in vain.
pub const RULES: usize = 20;

/// A configuration of `teams` teams, each with a channel, two people, a schedule and a policy of its own, and of `services`
/// services: service `n` is team `n % teams`'s.
pub fn company(services: usize, teams: usize) -> String {
    use sha2::{Digest, Sha256};
    let mut t = String::from(
        "workspace = \"Bench\"\ncatch_all = [\"channel:admin\"]\nadmin_channel = \"admin\"\nlisten = \"127.0.0.1:0\"\n\
         [[command]]\nname = \"/pager\"\n[[channel]]\nname = \"admin\"\nid = \"C07ADMIN00\"\nprivate = true\n",
    );
    for n in 0..teams {
        let (first, second) = (slack_user(2 * n), slack_user(2 * n + 1));
        let _ = write!(
            t,
            "[[channel]]\nname = \"c{n}\"\nid = \"C07BENCH{n:04}\"\n\
             [[user]]\nid = \"a{n}\"\nname = \"Ana {n}\"\nslack = \"{first}\"\ntz = \"Europe/Lisbon\"\n\
             [[user]]\nid = \"b{n}\"\nname = \"Ben {n}\"\nslack = \"{second}\"\ntz = \"Europe/Berlin\"\n\
             [[team]]\nid = \"t{n}\"\nname = \"Team {n}\"\ntier = 1\nchannel = \"c{n}\"\nmembers = [\"a{n}\", \"b{n}\"]\n\
             [[schedule]]\nid = \"d{n}\"\nname = \"Duty {n}\"\nteam = \"t{n}\"\ntz = \"Europe/Lisbon\"\n\
             [[schedule.layer]]\nmembers = [\"a{n}\"]\nevery = \"day\"\nstart = 2024-01-01\nhandoff = \"18:00\"\n\
             [[policy]]\nid = \"p{n}\"\nrepeat = 2\nsteps = [ {{ targets = [\"schedule:d{n}\"], delay = \"4m\" }}, \
             {{ targets = [\"user:b{n}\"], delay = \"4m\" }} ]\n",
        );
    }
    for n in 0..services {
        let (team, sha) = (n % teams, hex(&Sha256::digest(key(n))));
        let _ = write!(
            t,
            "[[service]]\nid = \"s{n}\"\nname = \"Service {n}\"\nteam = \"t{team}\"\npolicy = \"p{team}\"\n\
             [[service.key]]\nname = \"k{n}\"\nkey_sha256 = \"{sha}\"\n",
        );
    }
    t
}

/// The dedup key of event `n`.
pub fn dedup(n: usize) -> String {
    format!("db-{n:08}/disk")
}

/// One event of [`EVENT_BYTES`] bytes, under [`dedup`]`(n)`.
pub fn event(n: usize) -> String {
    let host = format!("db-{n:08}");
    let mut body = format!(
        r#"{{"action":"trigger","dedup_key":"{}","title":"Disk of {host} is 93 % full","link":"https://grafana.example/d/disks?var-host={host}","labels":{{"severity":"critical","instance":"{host}:9100","mountpoint":"/var/lib/postgresql","job":"node","note":""#,
        dedup(n)
    );
    let end = "\"}}";
    let filler = EVENT_BYTES - body.len() - end.len();
    body.extend(std::iter::repeat_n('x', filler));
    body + end
}

/// The program under test: this build's, or what `WARRIDOR_BENCH_BINARY` names.
fn binary() -> std::ffi::OsString {
    std::env::var_os("WARRIDOR_BENCH_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_warridor").into())
}

/// The warridor binary with a data directory of its own.
pub struct Program {
    child: Child,
    pub addr: SocketAddr,
    /// From its start until it said that it runs.
    pub started_in: Duration,
}

impl Program {
    /// Starts it in `dir`, which holds or gets `config.toml`, and waits until it listens.
    pub fn start(dir: &Path, config: &str, slack: SocketAddr) -> Self {
        Self::run(Command::new(binary()), dir, config, slack)
    }

    /// The same of another build, where one is given.
    pub fn start_with(other: Option<&std::ffi::OsStr>, dir: &Path, config: &str, slack: SocketAddr) -> Self {
        Self::run(Command::new(other.map_or_else(binary, std::ffi::OsStr::to_owned)), dir, config, slack)
    }

    /// The same with a Twilio.
    pub fn start_with_telephone(dir: &Path, config: &str, slack: SocketAddr, telephone: SocketAddr) -> Self {
        let mut command = Command::new(binary());
        command.env("TWILIO_API_URL", format!("http://{telephone}")).env("TWILIO_AUTH_TOKEN", "bench");
        Self::run(command, dir, config, slack)
    }

    fn run(mut command: Command, dir: &Path, config: &str, slack: SocketAddr) -> Self {
        std::fs::write(dir.join("config.toml"), config).expect("config.toml");
        let began = Instant::now();
        let mut child = command
            .args(["run", "--listen", "127.0.0.1:0", "--config"])
            .arg(dir.join("config.toml"))
            .arg("--data-dir")
            .arg(dir.join("data"))
            .env("SLACK_API_URL", format!("http://{slack}/api"))
            .env("SLACK_BOT_TOKEN", "xoxb-bench")
            .env("SLACK_APP_TOKEN", "xapp-bench")
            .env("RUST_LOG", "warn,warridor=info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the warridor binary");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let mut seen = String::new();
        let addr = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).expect("its log") > 0, "warridor did not start:\n{seen}");
            seen.push_str(&line);
            let listen = line.split("listen=").nth(1).and_then(|rest| rest.split_whitespace().next());
            if let Some(addr) = listen.and_then(|a| a.parse().ok()) {
                break addr;
            }
        };
        let started_in = began.elapsed();
        // Nobody may block on a full pipe.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if std::env::var_os("WARRIDOR_BENCH_LOG").is_some() {
                    eprintln!("  | {line}");
                }
            }
        });
        Self { child, addr, started_in }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until what every new data directory gets once, zeroes for the journal's next segment, is there.
    pub fn has_settled(&self, dir: &Path) {
        let spare = dir.join("data/journal/spare");
        let began = Instant::now();
        while !spare.exists() && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Tells it to stop, and waits.
    pub fn stop(mut self) {
        signal(self.pid(), libc::SIGTERM);
        let _ = self.child.wait();
    }

    /// Kills it as a power loss of the process would.
    pub fn kill(mut self) {
        signal(self.pid(), libc::SIGKILL);
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, signal: i32) {
    // SAFETY: kill(2) of a child of ours that was not waited for.
    unsafe { libc::kill(pid.cast_signed(), signal) };
}

/// One request over a connection of its own: the status and the body.
pub fn ask(addr: SocketAddr, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut s = TcpStream::connect(addr)?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    s.write_all(request.as_bytes())?;
    let mut answer = String::new();
    s.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map(|(_, b)| b.to_owned()).unwrap_or_default()))
}

/// The journal's last frame and how many frames the rows on disk are behind it, from `/readyz`.
pub fn frames(addr: SocketAddr) -> Option<(u64, u64)> {
    let (_, body) = ask(addr, "GET", "/readyz", "").ok()?;
    let body: serde_json::Value = serde_json::from_str(&body).ok()?;
    Some((body["journal_frame"].as_u64()?, body["checkpoint_lag_frames"].as_u64()?))
}

/// Reads the journal of a stopped program: how many events of `dedup(n)` are in it, for each `n` below `keys`.
pub fn events_in_journal(data_dir: &Path, keys: usize) -> Vec<u32> {
    let numbers: std::collections::HashMap<String, usize> = (0..keys).map(|n| (dedup(n), n)).collect();
    let store = open_store(data_dir);
    store.open().expect("the data directory opens again");
    let mut counts = vec![0; keys];
    // The events of an incident's alerts, by their number in it.
    let mut incidents: std::collections::HashMap<_, Vec<usize>> = std::collections::HashMap::new();
    store
        .tail(0, &mut |frame| {
            for fact in unseal(&frame).expect("facts this release wrote") {
                match fact {
                    Fact::IncidentOpened(o) => {
                        let n = numbers[&*o.dedup];
                        incidents.insert(o.incident, vec![n]);
                        counts[n] += 1;
                    }
                    Fact::AlertJoined(j) => {
                        let n = numbers[&*j.dedup];
                        incidents.entry(j.incident).or_default().push(n);
                        counts[n] += 1;
                    }
                    Fact::AlertRepeated { incident, alert, .. }
                    | Fact::AlertFired { incident, alert, .. }
                    | Fact::EventLate { incident, alert, .. } => counts[incidents[&incident][alert as usize]] += 1,
                    _ => {}
                }
            }
            true
        })
        .expect("the journal reads");
    store.close().expect("the store closes");
    counts
}

/// A number out of `/proc/PID/FILE`, by the name in front of it.
pub fn proc_number(pid: u32, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("procfs");
    let line = text.lines().find_map(|l| l.strip_prefix(name)).expect("the name is there");
    line.trim_start_matches(':').split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

/// The processor time a process has used, by its own clock and the kernel's.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("procfs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|i| fields[*i].parse::<u64>().expect("ticks")).sum();
    // SAFETY: sysconf(3) reads a constant.
    let hz = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.cast_unsigned();
    Duration::from_millis(ticks * 1000 / hz)
}
