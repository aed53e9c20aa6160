//! A page in Debian's Chromium, driven through its ChromeDriver.

use super::PATIENCE;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Browsers at the same time: each of them is several processes.
static BROWSERS: Semaphore = Semaphore::const_new(2);
/// Between two looks at a page.
const LOOK: Duration = Duration::from_millis(50);
/// What a closed network needs, so that Chromium does not wait for its maker.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
];

pub struct Page {
    pub client: Client,
    driver: Child,
    /// Where the driver listens, and the session's id: a story that fails must not leave a browser behind.
    session: (String, String),
    _profile: TempDir,
    _permit: SemaphorePermit<'static>,
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct Devtools(Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(self.0.to_string()))
    }
}

/// A ChromeDriver that listens, and its port. It asks the system for a free port in one family of addresses and gives up
/// when somebody has the same one in the other, so it is asked again, a few times.
fn driver() -> (Child, String) {
    let mut said = String::new();
    for _ in 0..5 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: tests/run.sh installs chromium-driver");
        let lines = BufReader::new(driver.stdout.take().expect("piped")).lines().map_while(Result::ok);
        for line in lines {
            if let Some(port) = line.split("successfully on port ").nth(1) {
                return (driver, port.trim_end_matches('.').to_owned());
            }
            said.push_str(&line);
            said.push('\n');
        }
        driver.wait().ok();
    }
    panic!("chromedriver never said its port, five times:\n{said}")
}

impl Page {
    /// Opens an address in a window of 1280 by 800.
    pub async fn open(address: &str) -> Self {
        let permit = BROWSERS.acquire().await.expect("never closed");
        let profile = tempfile::tempdir().expect("a profile");
        let (driver, port) = driver();
        let mut flags: Vec<String> = FLAGS.map(String::from).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let mut wanted = Map::new();
        wanted.insert("goog:chromeOptions".into(), json!({"args": flags}));
        wanted.insert("goog:loggingPrefs".into(), json!({"browser": "ALL"}));
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let client = ClientBuilder::new(connector)
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        let session = client.session_id().await.ok().flatten().unwrap_or_default();
        let page = Self {
            client,
            driver,
            session: (format!("127.0.0.1:{port}"), session),
            _profile: profile,
            _permit: permit,
        };
        page.size(1280, 800).await;
        page.client.goto(address).await.expect("the page opens");
        page.eventually("the page's script runs", "typeof live === 'function' && !!document.querySelector('#app')")
            .await;
        page
    }

    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.expect("the page opens");
    }

    async fn devtools(&self, cmd: &str, params: Value) {
        self.client.issue_cmd(Devtools(json!({"cmd": cmd, "params": params}))).await.expect(cmd);
    }

    /// The size of what is seen, smaller than any window may be.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// As a system in dark mode.
    pub async fn dark(&self) {
        self.scheme("dark").await;
    }

    /// As a system that is `light` or `dark`.
    pub async fn scheme(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// The value of an expression.
    pub async fn js(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression}"), vec![]).await.expect(expression)
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn eventually<'a>(&'a self, what: &'a str, expression: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            #[allow(clippy::disallowed_methods)] // a test's patience
            let since = Instant::now();
            loop {
                let now = self.js(&format!("!!({expression})")).await;
                if now == true {
                    return;
                }
                if since.elapsed() > PATIENCE {
                    let seen = self.js("document.body.innerText").await;
                    panic!("{caller}: {what}: never happened. On the page: {}", seen.as_str().unwrap_or(""));
                }
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Waits until an element shows a text.
    #[track_caller]
    pub fn shows<'a>(&'a self, css: &'a str, text: &'a str) -> impl Future<Output = ()> + 'a {
        let (place, words) = (json!(css), json!(text));
        let caller = std::panic::Location::caller();
        async move {
            let what = format!("{css} shows “{text}” (wanted at {caller})");
            let all = format!(
                "[...document.querySelectorAll({place})].some((e) => e.innerText.replace(/\\s+/g, '').includes({words}.replace(/\\s+/g, '')))"
            );
            self.eventually(&what, &all).await;
        }
    }

    /// Waits for an element.
    #[track_caller]
    pub fn find<'a>(&'a self, css: &'a str) -> impl Future<Output = Element> + 'a {
        let there = json!(css);
        let caller = std::panic::Location::caller();
        async move {
            let expression = format!("document.querySelector({there})");
            self.eventually(&format!("{css} is there (wanted at {caller})"), &expression).await;
            self.client.find(Locator::Css(css)).await.expect(css)
        }
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|e| panic!("{css}: {e}"));
    }

    /// Presses the last button or link of an area that says exactly this.
    pub async fn press(&self, area: &str, words: &str) {
        let find = format!(
            "[...document.querySelectorAll({})].filter((e) => e.innerText.replace(/\\s+/g, '') === {}.replace(/\\s+/g, '') && e.offsetParent).at(-1)",
            json!(format!("{area} button, {area} a, {area} summary")),
            json!(words)
        );
        self.eventually(&format!("“{words}” is in {area}"), &find).await;
        // The element may be drawn anew between two looks; its own click is one step.
        self.js(&format!("(({find}).scrollIntoView({{block: 'center'}}), ({find}).click())")).await;
    }

    /// Fills a field as a person would, where typing depends on the browser's language.
    pub async fn fill(&self, css: &str, value: &str) {
        self.find(css).await;
        let set = "const e = document.querySelector(arguments[0]); e.value = arguments[1]; \
                   for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {bubbles: true}))";
        self.client.execute(set, vec![json!(css), json!(value)]).await.expect(css);
    }

    /// Types where the focus is.
    pub async fn type_text(&self, text: &str) {
        self.client.active_element().await.expect("a focus").send_keys(text).await.expect(text);
    }

    pub async fn key(&self, key: Key) {
        self.type_text(&char::from(key).to_string()).await;
    }

    /// What has the focus: its label or text.
    pub async fn focused(&self) -> String {
        let e = "document.activeElement";
        let said = self
            .js(&format!("({e}.getAttribute('aria-label') || {e}.innerText || {e}.id || {e}.tagName).trim()"))
            .await;
        said.as_str().unwrap_or("").to_owned()
    }

    /// Fails if anything reaches beyond the sides of the window.
    #[track_caller]
    pub fn has_no_sideways_scroll<'a>(&'a self, when: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let beyond = self
                .js("(() => { const w = document.documentElement.clientWidth; \
                     const hidden = (e) => !e.checkVisibility() || e.closest('.sr, [hidden], template'); \
                     return [...document.querySelectorAll('body *')].filter((e) => !hidden(e)).filter((e) => { \
                       const r = e.getBoundingClientRect(); return r.width && (r.right > w + 1 || r.left < -1) || \
                       (e.scrollWidth > e.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)); }) \
                     .map((e) => e.tagName + '.' + e.className).slice(0, 5) })()")
                .await;
            assert_eq!(beyond, json!([]), "{caller}: {when}: these reach beyond the window");
        }
    }

    /// Fails if something one presses to act is smaller than 44 CSS pixels, the least that WCAG 2.5.5 asks for.
    #[track_caller]
    pub fn can_be_hit_by_a_thumb<'a>(&'a self, when: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let small = self
                .js("[...document.querySelectorAll('.btn, .choices label, .menu-item, .icon')] \
                     .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44) \
                     .map((e) => e.outerHTML.slice(0, 80) + ' ' + e.getBoundingClientRect().height).slice(0, 5)")
                .await;
            assert_eq!(small, json!([]), "{caller}: {when}: a thumb misses these");
        }
    }

    /// What axe-core finds wrong that is serious or worse.
    #[track_caller]
    pub fn is_accessible<'a>(&'a self, when: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            self.js("(document.getAnimations().forEach((a) => a.finish()), 1)").await;
            let present = self.js("typeof axe").await;
            if present == "undefined" {
                let source = std::fs::read_to_string(axe()).expect("axe.min.js: tests/run.sh installs it");
                self.client.execute(&source, vec![]).await.expect("axe-core runs");
            }
            let run = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations \
                       .filter((v) => ['serious', 'critical'].includes(v.impact)) \
                       .map((v) => v.id + ': ' + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' ' + (n.any[0]?.message || '')).join(' | '))), \
                       (e) => done([String(e)]))";
            let found = self.client.execute_async(run, vec![]).await.expect("axe-core answers");
            assert_eq!(found, json!([]), "{caller}: {when}: axe-core finds this");
        }
    }

    /// Fails if the browser complained: a script that broke, or one the policy stopped.
    pub async fn has_no_complaints(&self) {
        let log = self.client.issue_cmd(BrowserLog).await.expect("the browser's log");
        let bad: Vec<&Value> = log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|e| e["level"] == "SEVERE" && e["source"] != "network")
            .collect();
        assert!(bad.is_empty(), "the browser complains: {bad:#?}");
    }

    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a picture")
    }
}

#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

/// Where `tests/run.sh` puts axe-core: below the target directory.
fn axe() -> PathBuf {
    let set = std::env::var_os("WARRIDOR_AXE").map(PathBuf::from);
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let below = target.parent().map(|t| t.join("python/axe_playwright_python/axe.min.js"));
    set.or(below).expect("a target directory")
}

impl Drop for Page {
    fn drop(&mut self) {
        // Asked properly, the driver ends its browser; killed, it would leave it running.
        let (address, id) = &self.session;
        if let Ok(mut s) = TcpStream::connect(address) {
            let _ = s.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = write!(s, "DELETE /session/{id} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            let _ = s.read(&mut [0; 256]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
