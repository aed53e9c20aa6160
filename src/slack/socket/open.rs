//! Asks Slack for a socket's address, with the library, and connects to it.

use super::conn::{Socket, describe};
use crate::slack::envelope::MAX_FRAME_BYTES;
use crate::slack::outcome::RETRY_AFTER_DEFAULT_MS;
use crate::slack::supervisor::SocketUrl;
use crate::slack::tls;
use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::{ExposeSecret, SecretString};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{SlackApiAppsConnectionOpenRequest, SlackClientHyperConnector};
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackClient};
use std::sync::{Arc, OnceLock};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};
use url::Url;

type Web = SlackClient<SlackClientHyperConnector<hyper_rustls::HttpsConnector<HttpConnector>>>;

/// Why `apps.connections.open` failed.
#[derive(Debug)]
pub(super) struct OpenFailed {
    /// Slack's error code, or what the transport said.
    pub(super) error: String,
    pub(super) retry_after_ms: Option<i64>,
}

/// Opens sockets. Without time limits of its own: the supervisor has them, and drops what takes too long.
pub(super) struct Opener {
    web: Result<Web, String>,
    app_token: SecretString,
    tls: OnceLock<Arc<rustls::ClientConfig>>,
}

impl Opener {
    pub(super) fn new(api_url: Url, app_token: SecretString) -> Self {
        let web = tls::client_config(&api_url).map_err(|e| format!("no TLS: {e}")).map(|tls| {
            let connector =
                hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
            let base = api_url.as_str().trim_end_matches('/');
            SlackClient::new(SlackClientHyperConnector::with_connector(connector).with_slack_api_url(base))
        });
        Self { web, app_token, tls: OnceLock::new() }
    }

    /// A fresh socket address. About 50 calls a minute are allowed.
    pub(super) async fn open(&self) -> Result<SocketUrl, OpenFailed> {
        let web = self.web.as_ref().map_err(|e| OpenFailed { error: e.clone(), retry_after_ms: None })?;
        let token = SlackApiToken::new(SlackApiTokenValue(self.app_token.expose_secret().to_owned()));
        let session = web.open_session(&token);
        match session.apps_connections_open(&SlackApiAppsConnectionOpenRequest::new()).await {
            Ok(opened) => Ok(SocketUrl(opened.url.0.to_string())),
            Err(error) => Err(open_failed(error)),
        }
    }

    /// TCP, TLS and the upgrade; the error is for people and holds no address.
    pub(super) async fn connect(&self, url: &SocketUrl) -> Result<Socket, String> {
        let parsed = Url::parse(&url.0).map_err(|_| "an unusable socket address".to_owned())?;
        let connector = match parsed.scheme() {
            "ws" => Connector::Plain,
            "wss" => Connector::Rustls(self.tls(&parsed)?),
            _ => return Err("a socket address that is neither ws nor wss".to_owned()),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(16 << 10)
            .write_buffer_size(16 << 10)
            .max_write_buffer_size(4 << 20)
            // Twice what an envelope may have: a larger one is told as junk, and does not end the socket.
            .max_message_size(Some(2 * MAX_FRAME_BYTES))
            .max_frame_size(Some(2 * MAX_FRAME_BYTES));
        let connected = connect_async_tls_with_config(parsed.as_str(), Some(config), true, Some(connector)).await;
        connected.map(|(socket, _)| socket).map_err(describe)
    }

    fn tls(&self, url: &Url) -> Result<Arc<rustls::ClientConfig>, String> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls = Arc::new(tls::client_config(url).map_err(|e| format!("no TLS: {e}"))?);
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

/// The library prints whole bodies in its errors; a body may hold a ticket.
fn open_failed(error: SlackClientError) -> OpenFailed {
    let (error, retry_after_ms) = match error {
        SlackClientError::ApiError(e) if e.code == "ratelimited" => (e.code, Some(RETRY_AFTER_DEFAULT_MS)),
        SlackClientError::ApiError(e) => (e.code, None),
        SlackClientError::RateLimitError(e) => {
            let told = e.retry_after.and_then(|d| i64::try_from(d.as_millis()).ok());
            ("ratelimited".to_owned(), Some(told.unwrap_or(RETRY_AFTER_DEFAULT_MS)))
        }
        SlackClientError::HttpError(e) => (format!("HTTP {}", e.status_code.as_u16()), None),
        SlackClientError::HttpProtocolError(e) => match e.cause {
            Some(cause) => (chain(cause.as_ref()), None),
            None => ("the connection failed".to_owned(), None),
        },
        SlackClientError::SystemError(_) | SlackClientError::EndOfStream(_) => {
            ("the answer broke off".to_owned(), None)
        }
        SlackClientError::ProtocolError(_) | SlackClientError::SocketModeProtocolError(_) => {
            ("an answer that cannot be read".to_owned(), None)
        }
    };
    OpenFailed { error, retry_after_ms }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
