//! A shop's server on the loopback interface, and a log that can be read.

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
};

use drape_testkit::server::Posted;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tracing_subscriber::fmt::MakeWriter;

/// One request as it came over the wire.
pub(super) struct Request {
    pub(super) line: String,
    pub(super) posted: Posted,
}

/// Answers with these statuses, one after the other.
pub(super) struct Receiver {
    listener: TcpListener,
    statuses: RefCell<Vec<u16>>,
    requests: RefCell<Vec<Request>>,
}

impl Receiver {
    pub(super) async fn start(mut statuses: Vec<u16>) -> Self {
        statuses.reverse();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            statuses: RefCell::new(statuses),
            requests: RefCell::default(),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.local_addr().unwrap())
    }

    /// Serves for as long as this work takes.
    pub(super) async fn answer_during<T>(&self, work: impl Future<Output = T>) -> T {
        let serve = async {
            loop {
                let (stream, _) = self.listener.accept().await.unwrap();
                self.answer(stream).await;
            }
        };
        tokio::select! {
            done = work => done,
            () = serve => unreachable!("serves for ever"),
        }
    }

    pub(super) fn take(&self) -> Vec<Request> {
        self.requests.take()
    }

    /// Ends it; fails when anybody has ever connected and was not served.
    pub(super) fn expect_untouched(self) {
        let listener = self.listener.into_std().unwrap();
        listener.set_nonblocking(true).unwrap();
        let refused = listener.accept().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let (line, rest) = head.split_once("\r\n").unwrap();
        let header = |name: &str| {
            let lines = rest.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            values.next().map_or("", |(_, value)| value).to_owned()
        };
        let mut body = vec![0; header("content-length").parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers: HashMap<_, _> = names.map(|name| (name, header(name))).into();
        self.requests.borrow_mut().push(Request {
            line: line.to_owned(),
            posted: Posted {
                url: String::new(),
                headers,
                body: String::from_utf8(body).unwrap(),
            },
        });
        let status = self.statuses.borrow_mut().pop().unwrap();
        let answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

/// What was logged.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
