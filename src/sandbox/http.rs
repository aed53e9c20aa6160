//! A listener whose connections can be made to fail: reset, or gone silent without a word.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use futures_util::task::AtomicWaker;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const OPEN: u8 = 0;
const FROZEN: u8 = 1;
const RESET: u8 = 2;

/// What becomes of one TCP connection.
#[derive(Debug, Default)]
pub struct Control {
    state: AtomicU8,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Control {
    fn set(&self, state: u8) {
        self.state.fetch_max(state, Ordering::AcqRel);
        self.reader.wake();
        self.writer.wake();
    }

    /// From now on nothing is read, written or closed.
    pub fn freeze(&self) {
        self.set(FROZEN);
    }

    /// The connection ends with a TCP reset.
    pub fn reset(&self) {
        self.set(RESET);
    }
}

/// All connections of a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Controls(Arc<Mutex<Vec<Weak<Control>>>>);

impl Controls {
    fn add(&self, control: &Arc<Control>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|c| c.strong_count() > 0);
        all.push(Arc::downgrade(control));
    }

    /// Resets every connection.
    pub fn reset_all(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).for_each(|c| c.reset());
    }
}

/// The connection a request came in on.
#[derive(Clone, Debug)]
pub struct Conn(pub Arc<Control>);

impl Connected<IncomingStream<'_, Listener>> for Conn {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Self(stream.io().control.clone())
    }
}

/// Accepts connections.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    controls: Controls,
}

impl Listener {
    pub fn new(listener: std::net::TcpListener, controls: Controls) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { inner: TcpListener::from_std(listener)?, controls })
    }
}

impl axum::serve::Listener for Listener {
    type Io = Tap;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Tap, SocketAddr) {
        loop {
            match self.inner.accept().await {
                Ok((stream, addr)) => {
                    let control = Arc::new(Control::default());
                    self.controls.add(&control);
                    let _ = stream.set_nodelay(true);
                    return (Tap { stream, control }, addr);
                }
                // Out of descriptors, or a client that left at once: the next may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A TCP connection under control.
#[derive(Debug)]
pub struct Tap {
    stream: TcpStream,
    control: Arc<Control>,
}

impl Tap {
    /// `Ready` if the connection is open, or broken for good.
    fn check(&self) -> Poll<io::Result<()>> {
        match self.control.state.load(Ordering::Acquire) {
            OPEN => Poll::Ready(Ok(())),
            FROZEN => Poll::Pending,
            _ => {
                // Makes the close that follows a reset.
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.control.reader.register(cx.waker());
        match self.check() {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_read(cx, buf),
            other => other,
        }
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.control.writer.register(cx.waker());
        match self.check() {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_write(cx, buf),
            Poll::Ready(Err(e)) => Poll::Ready(Err(e)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.control.writer.register(cx.waker());
        match self.check() {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_flush(cx),
            other => other,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.control.writer.register(cx.waker());
        match self.check() {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_shutdown(cx),
            other => other,
        }
    }
}
