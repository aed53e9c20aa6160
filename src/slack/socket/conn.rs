//! One socket, from its upgrade to its end.

use crate::slack::dispatch::{Dispatcher, EnvelopeHandler, ReplyTo, Settled};
use crate::slack::envelope::{self, Frame};
use crate::slack::supervisor::{ConnId, Event, Inbound};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long things may take on one socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketLimits {
    pub(super) write: Duration,
    pub(super) close: Duration,
}

/// What the supervisor wants of a socket.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Ping,
    Close,
}

/// Runs a socket until it is closed by either side or lost; returns why. Reads, writes acknowledgements as they get
/// ready, and goes on writing them after a `disconnect` frame, until the supervisor says to close.
pub(super) async fn converse<H: EnvelopeHandler>(
    conn: ConnId,
    socket: Socket,
    events: &mpsc::Sender<Event>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    dispatcher: &Arc<Dispatcher<H>>,
    limits: SocketLimits,
) -> String {
    let (sink, mut stream) = socket.split();
    let mut writer = Writer { conn, sink, events, limits };
    let (reply, mut settled) = mpsc::unbounded_channel();
    loop {
        let ended = tokio::select! {
            biased;
            Some(settled) = settled.recv() => writer.settle(settled).await,
            order = orders.recv() => match order {
                Some(Order::Ping) => writer.write(Message::Ping(Default::default())).await,
                Some(Order::Close) | None => {
                    return writer.close(&mut stream, &mut settled).await.unwrap_or_else(|why| why);
                }
            },
            message = stream.next() => match message {
                None => Err("the connection ended".to_owned()),
                Some(Err(e)) => Err(describe(e)),
                Some(Ok(message)) => receive(conn, message, events, dispatcher, &reply).await,
            },
        };
        if let Err(why) = ended {
            // Answers a close frame with one; there may be nobody left to read it.
            let _ = tokio::time::timeout(limits.close, writer.sink.flush()).await;
            return why;
        }
    }
}

async fn receive<H: EnvelopeHandler>(
    conn: ConnId,
    message: Message,
    events: &mpsc::Sender<Event>,
    dispatcher: &Arc<Dispatcher<H>>,
    reply: &ReplyTo,
) -> Result<(), String> {
    let mut found = None;
    let what = match message {
        Message::Text(text) => match envelope::parse(&text) {
            Frame::Hello(hello) => Inbound::Hello(hello),
            Frame::Disconnect(disconnect) => {
                tracing::info!(conn, reason = ?disconnect.reason, host = disconnect.host, "Slack will close a socket");
                Inbound::Disconnect(disconnect)
            }
            Frame::Envelope(envelope) => {
                found = Some(envelope);
                Inbound::Envelope
            }
            Frame::Unknown(kind) => {
                tracing::warn!(conn, kind, "a frame of an unknown type");
                Inbound::Other
            }
            Frame::Junk(why) => {
                tracing::error!(conn, why, "a frame that cannot be read; nothing is acknowledged");
                Inbound::Other
            }
        },
        Message::Close(frame) => {
            let said = frame.map_or_else(|| "without a word".to_owned(), |f| format!("{}: {}", f.code, f.reason));
            return Err(format!("closed by Slack, {said}"));
        }
        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Inbound::Other,
    };
    // Told first, so that it is counted before it can be settled.
    events.send(Event::Inbound { conn, what }).await.map_err(|_| "the socket loop ended".to_owned())?;
    if let Some(envelope) = found {
        dispatcher.dispatch(envelope, reply.clone());
    }
    Ok(())
}

struct Writer<'a> {
    conn: ConnId,
    sink: SplitSink<Socket, Message>,
    events: &'a mpsc::Sender<Event>,
    limits: SocketLimits,
}

impl Writer<'_> {
    async fn settle(&mut self, settled: Settled) -> Result<(), String> {
        if let Settled::Ack(frame) = settled {
            self.write(Message::text(frame)).await?;
        }
        self.events.send(Event::Settled { conn: self.conn }).await.map_err(|_| "the socket loop ended".to_owned())
    }

    async fn write(&mut self, message: Message) -> Result<(), String> {
        match tokio::time::timeout(self.limits.write, self.sink.send(message)).await {
            Ok(result) => result.map_err(describe),
            Err(_) => Err(format!("nothing could be written for {} ms", self.limits.write.as_millis())),
        }
    }

    /// Writes what is ready, says goodbye and waits for the other side to. What still arrives cannot be acknowledged.
    async fn close(
        &mut self,
        stream: &mut SplitStream<Socket>,
        settled: &mut mpsc::UnboundedReceiver<Settled>,
    ) -> Result<String, String> {
        let limit = self.limits.close;
        let goodbye = async {
            while let Ok(settled) = settled.try_recv() {
                self.settle(settled).await?;
            }
            self.write(Message::Close(None)).await?;
            while let Some(Ok(message)) = stream.next().await {
                if matches!(message, Message::Text(_)) {
                    tracing::warn!(conn = self.conn, "a frame arrived while the socket was being closed");
                }
            }
            Ok("closed by us".to_owned())
        };
        match tokio::time::timeout(limit, goodbye).await {
            Ok(result) => result,
            Err(_) => Err("closed by us, without an answer".to_owned()),
        }
    }
}

/// What went wrong, without the address: it holds a ticket.
pub(super) fn describe(error: tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Url(_) => "an unusable socket address".to_owned(),
        tungstenite::Error::Http(response) => {
            format!("the upgrade was refused with HTTP {}", response.status().as_u16())
        }
        other => other.to_string(),
    }
}
