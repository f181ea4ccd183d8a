//! A model hub on this machine, for tests.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use super::content;

/// Answers one request, whose head it gets.
pub(super) type Answer = dyn Fn(&str, &mut TcpStream) + Send + Sync;

/// A hub on a free port that lives as long as the tests.
pub(super) struct Hub {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    pub(super) fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer): (_, Arc<Answer>) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &log, answer.as_ref()));
            }
        });
        Self { address, requests }
    }

    /// A hub that has the model, understands ranges and has an entity tag.
    pub(super) fn honest() -> Self {
        Self::start(|head, stream| send_from(stream, first_byte(head), &content()))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<String>>, answer: &Answer) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    log.lock().unwrap().push(head.clone());
    answer(&head, &mut stream);
}

/// The first byte that a request asks for.
pub(super) fn first_byte(head: &str) -> usize {
    match head.split_once("range: bytes=") {
        Some((_, range)) => range.split('-').next().unwrap().parse().unwrap(),
        None => 0,
    }
}

/// Sends a file from a byte on. A client that went away is its own business.
pub(super) fn send_from(stream: &mut TcpStream, first: usize, file: &[u8]) {
    stream.write_all(&head_from(first, file.len())).ok();
    stream.write_all(&file[first..]).ok();
}

pub(super) fn head_from(first: usize, size: usize) -> Vec<u8> {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    if first > 0 {
        head.clear();
        write!(
            head,
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {first}-{}/{size}\r\n",
            size - 1
        )
        .unwrap();
    }
    let length = size - first;
    write!(
        head,
        "content-length: {length}\r\netag: \"v1\"\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    head.into_bytes()
}

pub(super) fn send_status(stream: &mut TcpStream, status: &str) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok();
}
