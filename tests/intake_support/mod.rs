//! A door with a fake behind it, and a client that says exactly what it is told to.

#![allow(dead_code)] // each test binary uses its part

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use warridor::domain::directory::{Directory, IntegrationKey, Urgency};
use warridor::domain::heartbeat::Heartbeat;
use warridor::domain::id::{IncidentNo, InputId};
use warridor::domain::input::{Delivery, Input, Unreadable, What};
use warridor::ingest::limits::ServerLimits;
use warridor::ingest::{Accepted, IngestConfig, Intake, IntakeError, Readiness, UnknownKeys, serve};

/// A key of the service `db`.
pub const KEY: &str = "4f9d2c7b81e6350a4f9d2c7b81e6a1b2";

/// Both keys of an integration of the same service whose events must be signed, with what stands in the variable
/// `SIGNED_OLD` or `SIGNED_NEW`.
pub const SIGNED_KEY: &str = "a0b1c2d3e4f5061728394a5b6c7d8e9f";
pub const SIGNED_KEY_TO_COME: &str = "00112233445566778899aabbccddeeff";

/// The key of a heartbeat of the same service.
pub const HEARTBEAT_KEY: &str = "c4b3a29180706f5e4d3c2b1a09f8e7d6";

/// What the fake does with an input.
#[derive(Clone, Debug)]
pub enum Mode {
    Accept,
    /// Durable, but no incident was decided in time.
    Undecided,
    Fail(IntakeError),
    /// The first so many; then it accepts.
    FailFirst(u32, IntakeError),
    Slow(Duration),
    Never,
}

pub struct Fake {
    directory: Arc<Directory>,
    inputs: Mutex<Vec<Input>>,
    mode: Mutex<Mode>,
    ids: AtomicU64,
}

impl Fake {
    fn new() -> Arc<Self> {
        let hash = |key: &str| Sha256::digest(key.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
        let key = IntegrationKey {
            name: "DB_KEY".into(),
            service: "db".into(),
            urgency: Some(Urgency::Low),
            resolve_after_secs: None,
            signature_env: Vec::new(),
        };
        let signed = IntegrationKey {
            name: "SIGNED".into(),
            signature_env: vec!["SIGNED_OLD".to_owned(), "SIGNED_NEW".to_owned()],
            ..key.clone()
        };
        let keys = [(hash(KEY), key), (hash(SIGNED_KEY), signed.clone()), (hash(SIGNED_KEY_TO_COME), signed)];
        let backup = Heartbeat {
            id: "backup".into(),
            name: "Backup".to_owned(),
            service: "db".into(),
            urgency: None,
            every_secs: 3_600,
            grace_secs: 60,
            watched: true,
        };
        let directory = Directory {
            keys: BTreeMap::from(keys),
            heartbeat_keys: BTreeMap::from([(hash(HEARTBEAT_KEY), backup.id.clone())]),
            heartbeats: BTreeMap::from([(backup.id.clone(), backup)]),
            ..Directory::empty("C1".into())
        };
        Arc::new(Self {
            directory: Arc::new(directory),
            inputs: Mutex::default(),
            mode: Mutex::new(Mode::Accept),
            ids: AtomicU64::new(1),
        })
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub fn is_accepting(&self) -> bool {
        matches!(*self.mode.lock().unwrap(), Mode::Accept)
    }

    /// What came since the last call.
    pub fn taken(&self) -> Vec<Input> {
        std::mem::take(&mut *self.inputs.lock().unwrap())
    }

    pub fn delivery(&self) -> Delivery {
        match self.taken().as_slice() {
            [Input { what: What::Events(delivery), .. }] => delivery.clone(),
            other => panic!("not one delivery: {other:?}"),
        }
    }

    pub fn unreadable(&self) -> Unreadable {
        match self.taken().as_slice() {
            [Input { what: What::Unreadable(told), .. }] => told.clone(),
            other => panic!("not one unreadable body: {other:?}"),
        }
    }
}

impl Intake for Fake {
    fn directory(&self) -> Arc<Directory> {
        self.directory.clone()
    }

    async fn submit(&self, input: Input, _bytes: usize) -> Result<Accepted, IntakeError> {
        let mode = self.mode.lock().unwrap().clone();
        match mode {
            Mode::Fail(e) => return Err(e),
            Mode::FailFirst(left, e) => {
                self.set(if left > 1 { Mode::FailFirst(left - 1, e.clone()) } else { Mode::Accept });
                return Err(e);
            }
            Mode::Never => std::future::pending().await,
            Mode::Slow(delay) => tokio::time::sleep(delay).await,
            Mode::Accept | Mode::Undecided => {}
        }
        let decided = |no: usize| (!matches!(mode, Mode::Undecided)).then_some(IncidentNo(no as u64));
        let incidents = match &input.what {
            What::Events(d) => {
                d.events.iter().enumerate().map(|(n, e)| (e.dedup_key.clone(), decided(n + 1))).collect()
            }
            What::Unreadable(u) => vec![(u.alert_key().dedup, decided(99))],
            What::Changed(_) | What::Beat { .. } => Vec::new(),
            other => panic!("the door sent {other:?}"),
        };
        self.inputs.lock().unwrap().push(input);
        Ok(Accepted { incidents })
    }

    fn ready(&self) -> Readiness {
        let writable = !matches!(*self.mode.lock().unwrap(), Mode::Fail(_));
        Readiness {
            writable,
            body: serde_json::json!({ "store": if writable { "ok" } else { "read-only" }, "slack": "ok" }),
        }
    }

    fn next_delivery_id(&self) -> InputId {
        format!("test/{}", self.ids.fetch_add(1, Ordering::Relaxed)).into()
    }
}

pub struct Server {
    pub addr: SocketAddr,
    pub fake: Arc<Fake>,
    pub unknown_keys: Arc<UnknownKeys>,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(IngestConfig::default()).await
    }

    pub async fn limited(change: impl FnOnce(&mut ServerLimits)) -> Self {
        let mut config = IngestConfig::default();
        change(&mut config.limits);
        Self::with(config).await
    }

    pub async fn with(config: IngestConfig) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener: TcpListener = socket.listen(4096).unwrap();
        let addr = listener.local_addr().unwrap();
        let (fake, shutdown) = (Fake::new(), CancellationToken::new());
        let unknown_keys = config.unknown_keys.clone();
        let task = serve(listener, fake.clone(), config, shutdown.clone());
        Self { addr, fake, unknown_keys, shutdown, task }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_with(path, "", body).await
    }

    /// `headers` are whole lines.
    pub async fn post_with(&self, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(&request(path, headers, body.as_ref())).await.unwrap();
        Answer::read(&mut stream).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        Answer::read(&mut stream).await.expect("an answer")
    }

    /// To the integration path `kind` under the known key.
    pub async fn send(&self, kind: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post(&format!("/integrations/{kind}/{KEY}"), body).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub fn request(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut out =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Lower case, whole lines.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The next answer of this connection; nothing when it was closed instead.
    pub async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().trim().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Self { status, head, body: String::from_utf8(body).unwrap() })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn told(&self) -> (u16, &str) {
        (self.status, &self.body)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Waits until the server closes this connection; true if it did within `within`.
pub async fn closed(stream: &mut TcpStream, within: Duration) -> bool {
    let mut byte = [0];
    let end = async { while matches!(stream.read(&mut byte).await, Ok(n) if n > 0) {} };
    tokio::time::timeout(within, end).await.is_ok()
}

pub fn alertmanager(alerts: &str) -> String {
    format!(
        r#"{{"version":"4","status":"firing","receiver":"warridor","alerts":[{alerts}],"externalURL":"http://am"}}"#
    )
}

pub const FIRING: &str = r#"{"status":"firing","labels":{"alertname":"DiskFull","instance":"db-1"},"annotations":{"summary":"Disk full"},
  "startsAt":"2026-03-01T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom/g","fingerprint":"c9c08a7315321f3c"}"#;

pub fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}
