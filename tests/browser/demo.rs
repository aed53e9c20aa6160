//! `warridor demo` with the configuration this repository ships.

use super::PATIENCE;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub struct Demo {
    child: Child,
    slack: SocketAddr,
    http: reqwest::Client,
    _dir: TempDir,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port")
}

pub fn client() -> reqwest::Client {
    // Building a client needs a provider even where nothing is encrypted; a second installation is no error here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(PATIENCE).build().expect("a client")
}

impl Demo {
    /// A demo without its sample alert, ready to take alerts.
    pub async fn start() -> Self {
        Self::start_with(&["--no-samples"]).await
    }

    pub async fn start_with(options: &[&str]) -> Self {
        Self::start_of(&shipped(), options).await
    }

    /// The demo of a company that its `config.toml` describes, with the playbooks of this repository.
    pub async fn start_of(config: &str, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("config.toml"), config).expect("a configuration");
        let playbooks = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks")).expect("playbooks");
        std::fs::create_dir(dir.path().join("playbooks")).expect("a folder");
        for file in playbooks.map(|entry| entry.expect("a file").path()) {
            let name = file.file_name().expect("a name");
            std::fs::copy(&file, dir.path().join("playbooks").join(name)).expect("a playbook");
        }
        let (listen, slack) = (free(), free());
        let child = Command::new(env!("CARGO_BIN_EXE_warridor"))
            .arg("demo")
            .args(options)
            .arg("--config")
            .arg(dir.path().join("config.toml"))
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .args(["--listen", &listen.to_string(), "--sandbox", &slack.to_string()])
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the demo starts");
        let demo = Self { child, slack, http: client(), _dir: dir };
        let ready = async {
            loop {
                let answer = demo.http.get(format!("http://{listen}/readyz")).send().await;
                let sockets = match answer {
                    Ok(a) if a.status() == 200 => {
                        a.json::<Value>().await.unwrap_or_default()["slack"]["sockets"].as_u64()
                    }
                    _ => None,
                };
                if sockets > Some(0) {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the demo is ready");
        demo
    }

    /// The page's address, with what stands after the host.
    pub fn page(&self, at: &str) -> String {
        format!("http://{}{at}", self.slack)
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(self.page(&format!("/sandbox/{path}"))).json(&body).send().await.expect(path);
        answer.json().await.expect(path)
    }

    pub async fn get(&self, path: &str) -> Value {
        self.http.get(self.page(&format!("/sandbox/{path}"))).send().await.expect(path).json().await.expect(path)
    }

    /// An alert for the first service, by the generic intake.
    pub async fn alert(&self, event: Value) {
        let info = self.get("info").await;
        let (http, key) = (info["http"].as_str().unwrap_or(""), info["services"][0]["key"].as_str().unwrap_or(""));
        let sent =
            self.http.post(format!("{http}/integrations/generic/{key}")).json(&event).send().await.expect("the intake");
        assert_eq!(sent.status(), 202);
    }

    /// Waits until a channel says something.
    pub async fn says(&self, channel: &str, text: &str) {
        let url = reqwest::Url::parse_with_params(
            &self.page("/sandbox/wait"),
            [("channel", channel), ("contains", text), ("seconds", "20")],
        )
        .expect("an address");
        let answer = self.http.get(url).send().await.expect("wait");
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        assert_eq!(status, 200, "{body}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `config.toml` of this repository.
pub fn shipped() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml")).expect("config.toml")
}

/// Writes the picture of the README when `WARRIDOR_PICTURE` names a file.
pub fn picture_wanted() -> Option<std::path::PathBuf> {
    std::env::var_os("WARRIDOR_PICTURE").map(|p| Path::new(&p).to_owned())
}

/// An alert as a hostile or broken monitor would send it.
pub fn hostile() -> Value {
    let long =
        "\u{202e}مرحبا <!channel> <script>document.title='stolen'</script> <img src=x onerror=\"document.title='stolen'\"> "
            .repeat(400);
    assert!(long.len() > 40_000);
    json!({
        "dedup_key": "evil", "title": format!("<!channel> {long}"), "link": "javascript:document.title='stolen'",
        "labels": {"alertname": "x".repeat(5_000), "severity": "<!here>", "host": "\u{202e}\u{202e}\u{202e}<b>"},
    })
}
