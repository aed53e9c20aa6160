//! The floor: hyper, the same decoder, and an answer of the same size. Nothing is kept.
//!
//! It runs as a child process, this very binary with [`ARGUMENT`], on the same runtime as the real program.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// What a benchmark is started with to be this server.
const ARGUMENT: &str = "--be-bare-hyper";

/// Must be the first thing in `main`: serves, and never returns, when this process is to be the server.
pub fn be_if_asked() {
    if std::env::args().any(|a| a == ARGUMENT) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(serve());
        std::process::exit(0);
    }
}

async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("its address"));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(async move {
            let _ = serving.await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let decoded = warridor::ingest::sources::generic::decode(&body);
    let (status, body) = match decoded.as_ref().ok().and_then(|d| d.events.first()) {
        Some(event) => {
            let key = serde_json::Value::from(&*event.dedup_key);
            (StatusCode::ACCEPTED, format!(r#"{{"status":"accepted","dedup_key":{key},"incident":{}}}"#, 123_456))
        }
        None => (StatusCode::BAD_REQUEST, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}

/// The server as a child.
pub struct Bare {
    child: Child,
    pub addr: SocketAddr,
}

impl Bare {
    pub fn start() -> Self {
        let me = std::env::current_exe().expect("this program");
        let mut child = Command::new(me).arg(ARGUMENT).stdout(Stdio::piped()).spawn().expect("this program again");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        Self { child, addr: line.trim().parse().expect("an address") }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
