//! Socket Mode over the same port: the upgrade by hand, then frames in and out. All decisions are the Slack's.

use super::http::Conn;
use super::shared::Shared;
use super::sockets::{Out, SocketId};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// How long the other side has to answer a close.
const CLOSING: Duration = Duration::from_secs(2);

pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/link/", get(link)).route("/link", get(link))
}

async fn link(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    Query(query): Query<HashMap<String, String>>,
    mut request: Request,
) -> Response {
    let wants = request.headers().get(header::UPGRADE).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|k| derive_accept_key(k.as_bytes()));
    let (true, Some(accept)) = (wants, key) else {
        return (StatusCode::UPGRADE_REQUIRED, "this address speaks WebSocket").into_response();
    };
    let ticket = query.get("ticket").map_or("", String::as_str);
    let (id, outgoing) = match shared.connect(ticket) {
        Ok(connected) => connected,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            return (status, "the ticket is unknown, used or expired, or connections are refused").into_response();
        }
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            serve(&shared, &conn, id, outgoing, stream).await;
        }
        shared.disconnected(id);
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty());
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn serve(shared: &Shared, conn: &Conn, id: SocketId, mut outgoing: UnboundedReceiver<Out>, mut socket: Socket) {
    loop {
        tokio::select! {
            out = outgoing.recv() => {
                let sent = match out {
                    Some(Out::Frame(text)) => socket.send(Message::text(text)).await,
                    Some(Out::Ping) => socket.send(Message::Ping(Bytes::from_static(b"Ping from applink-1"))).await,
                    Some(Out::Close) | None => {
                        close(&mut socket).await;
                        return;
                    }
                    Some(Out::Reset) => {
                        conn.0.reset();
                        return;
                    }
                    Some(Out::Freeze) => {
                        conn.0.freeze();
                        // Half open: neither side will ever hear of the other again, until the sandbox stops.
                        return std::future::pending().await;
                    }
                };
                if sent.is_err() {
                    return;
                }
            }
            incoming = socket.next() => match incoming {
                Some(Ok(Message::Text(text))) => shared.act(|slack, now| slack.socket_received(id, &text, now)),
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

async fn close(socket: &mut Socket) {
    let done = async {
        if socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = tokio::time::timeout(CLOSING, done).await;
}
