//! Downloads from a hub, cut, redirected, changed and refused.

use std::{io, sync::Mutex, time::Duration};

use drape_outbound::hub::{
    Event, HubClient, HubError, HubOptions, Proxies, RemoteFile, Retries, Sink, Token,
};

use crate::server::{Server, Step, file_answer, text_answer};

/// What the hub serves.
const CONTENT: &[u8] = b"0123456789";

/// Where the hub serves it.
const PATH: &str = "/owner/name/resolve/abc123/model.bin";

/// Path and headers of a request, in small letters.
fn request(head: &str) -> String {
    head.to_lowercase()
}

fn remote() -> RemoteFile<'static> {
    RemoteFile {
        repository: "owner/name",
        revision: "abc123",
        name: "model.bin",
        bytes: CONTENT.len() as u64,
    }
}

/// Options without pauses.
fn options(server: &Server) -> HubOptions {
    let mut options = HubOptions::new(Some(&server.url(""))).unwrap();
    options.retries = Retries {
        max_failures: 3,
        first_pause: Duration::ZERO,
        ..Retries::default()
    };
    options
}

/// A file in memory; `room` bytes fit in.
#[derive(Default)]
struct Memory {
    bytes: Vec<u8>,
    etag: Option<String>,
    room: Option<usize>,
}

impl Sink for Memory {
    fn position(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn etag(&self) -> Option<String> {
        self.etag.clone()
    }

    fn start_anew(&mut self, etag: Option<&str>) -> io::Result<()> {
        self.bytes.clear();
        self.etag = etag.map(str::to_owned);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self
            .room
            .is_some_and(|room| self.bytes.len() + bytes.len() > room)
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

/// A part of which the first bytes are there.
fn begun(count: usize, etag: Option<&str>) -> Memory {
    Memory {
        bytes: CONTENT[..count].to_vec(),
        etag: etag.map(str::to_owned),
        room: None,
    }
}

async fn download(options: HubOptions, sink: &mut Memory) -> (Result<(), HubError>, Vec<Event>) {
    let client = HubClient::new(options).unwrap();
    let mut events = Vec::new();
    let mut observe = |event| events.push(event);
    let result = client.download(&remote(), sink, &mut observe).await;
    (result, events)
}

/// Downloads into nothing and returns the error's words.
async fn refusal(answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> (String, usize) {
    let server = Server::start(answer).await;
    let mut sink = Memory::default();
    let (result, _) = download(options(&server), &mut sink).await;
    assert!(sink.bytes.is_empty(), "{:?}", sink.bytes);
    let message = result.unwrap_err().to_string();
    (
        message.replace(&server.address.to_string(), "HUB"),
        server.connection_count(),
    )
}

/// Head of an answer with an entity tag, and a body that may be shorter than it says.
fn tagged(status: &str, etag: &str, length: usize, more: &str, body: &[u8]) -> Vec<Step> {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\netag: {etag}\r\n{more}\r\n");
    vec![Step::Send([head.as_bytes(), body].concat())]
}

/// Answers 206 from a position on.
fn rest(etag: &str, first: usize) -> Vec<Step> {
    let range = format!("content-range: bytes {first}-9/10\r\n");
    tagged(
        "206 Partial Content",
        etag,
        10 - first,
        &range,
        &CONTENT[first..],
    )
}

#[tokio::test]
async fn a_file_is_asked_for_by_repository_revision_and_name() {
    let server = Server::with_file(CONTENT).await;
    let mut sink = Memory::default();
    let (result, events) = download(options(&server), &mut sink).await;
    result.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let head = request(&server.requests.lock().unwrap()[0]);
    assert!(head.starts_with(&format!("get {PATH} ")), "{head}");
    assert!(head.contains("accept-encoding: identity"), "{head}");
    assert!(
        !head.contains("range") && !head.contains("authorization"),
        "{head}"
    );
    assert_eq!(events.first(), Some(&Event::Receiving { position: 0 }));
    assert_eq!(events.last(), Some(&Event::Received { position: 10 }));
}

#[tokio::test]
async fn a_mirror_may_live_below_a_path() {
    let server = Server::with_file(CONTENT).await;
    let mut options = options(&server);
    options.endpoint = server.url("/mirror/").parse().unwrap();
    download(options, &mut Memory::default()).await.0.unwrap();
    let head = request(&server.requests.lock().unwrap()[0]);
    assert!(head.starts_with(&format!("get /mirror{PATH} ")), "{head}");
}

#[tokio::test]
async fn the_token_stays_with_the_endpoint() {
    let store = Server::with_file(CONTENT).await;
    let target = store.url("/blob?signature=1");
    let hub = Server::start(move |head| {
        let next = if head.contains("/resolve/") {
            "/api/blob"
        } else {
            &target
        };
        text_answer(&format!(
            "HTTP/1.1 302 Found\r\nlocation: {next}\r\ncontent-length: 0\r\n\r\n"
        ))
    })
    .await;
    let mut options = options(&hub);
    options.token = Some(Token::new("hf_secret").unwrap());
    let mut sink = begun(4, Some("\"v1\""));
    download(options, &mut sink).await.0.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let (asked, stored) = (hub.requests.lock().unwrap(), store.requests.lock().unwrap());
    assert_eq!((asked.len(), stored.len()), (2, 1));
    for head in asked.iter() {
        assert!(
            request(head).contains("authorization: bearer hf_secret\r\n"),
            "{head}"
        );
    }
    assert!(
        stored[0].starts_with("GET /blob?signature=1 "),
        "{}",
        stored[0]
    );
    assert!(!request(&stored[0]).contains("hf_secret"), "{}", stored[0]);
    assert!(
        request(&stored[0]).contains("range: bytes=4-\r\n"),
        "{}",
        stored[0]
    );
}

#[tokio::test]
async fn a_cut_connection_is_continued_where_it_broke() {
    let server = Server::start(|head| match request(head) {
        head if head.contains("range: bytes=4-\r\n") => rest("\"v1\"", 4),
        _ => tagged("200 OK", "\"v1\"", 10, "", &CONTENT[..4]),
    })
    .await;
    let mut sink = Memory::default();
    let (result, events) = download(options(&server), &mut sink).await;
    result.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    assert!(
        request(&requests[1]).contains("if-range: \"v1\"\r\n"),
        "{}",
        requests[1]
    );
    let retried = events.iter().any(|event| {
        matches!(event, Event::Retrying { reason, .. } if reason.contains("cut after 4 of 10 bytes"))
    });
    assert!(
        retried && events.contains(&Event::Receiving { position: 4 }),
        "{events:?}"
    );
    assert!(!events.contains(&Event::StartedAnew), "{events:?}");
}

#[tokio::test]
async fn a_silent_server_counts_as_a_cut_connection() {
    let server = Server::start(|head| {
        if request(head).contains("range: bytes=4-") {
            return rest("\"v1\"", 4);
        }
        let mut steps = tagged("200 OK", "\"v1\"", 10, "", &CONTENT[..4]);
        steps.push(Step::Hang);
        steps
    })
    .await;
    let mut options = options(&server);
    options.stall_timeout = Duration::from_millis(200);
    let mut sink = Memory::default();
    download(options, &mut sink).await.0.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert_eq!(server.connection_count(), 2);
}

#[tokio::test]
async fn a_server_that_ignores_the_range_starts_the_file_anew() {
    let server = Server::with_file(CONTENT).await;
    let mut sink = Memory {
        bytes: b"old!".to_vec(),
        ..Memory::default()
    };
    let (result, events) = download(options(&server), &mut sink).await;
    result.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert!(request(&server.requests.lock().unwrap()[0]).contains("range: bytes=4-\r\n"));
    assert_eq!(
        events[..2],
        [Event::StartedAnew, Event::Receiving { position: 0 }]
    );
}

#[tokio::test]
async fn another_version_starts_the_file_anew() {
    // One server honours If-Range and sends everything; the other sends a rest of the wrong version.
    let honest = Server::start(|_| tagged("200 OK", "\"v2\"", 10, "", CONTENT)).await;
    let sloppy = Server::start(|head| {
        if request(head).contains("range:") {
            rest("\"v2\"", 4)
        } else {
            tagged("200 OK", "\"v2\"", 10, "", CONTENT)
        }
    })
    .await;
    for (server, connections) in [(honest, 1), (sloppy, 2)] {
        let mut sink = begun(4, Some("\"v1\""));
        sink.bytes = b"old!".to_vec();
        let (result, events) = download(options(&server), &mut sink).await;
        result.unwrap();
        assert_eq!(sink.bytes, CONTENT);
        assert_eq!(sink.etag.as_deref(), Some("\"v2\""));
        assert!(events.contains(&Event::StartedAnew), "{events:?}");
        assert_eq!(server.connection_count(), connections);
    }
}

#[tokio::test]
async fn a_rest_that_begins_elsewhere_is_not_appended() {
    let server = Server::start(|head| {
        if request(head).contains("range:") {
            rest("\"v1\"", 3)
        } else {
            file_answer(CONTENT)
        }
    })
    .await;
    let mut sink = begun(4, Some("\"v1\""));
    download(options(&server), &mut sink).await.0.unwrap();
    assert_eq!(sink.bytes, CONTENT);
}

#[tokio::test]
async fn a_range_that_does_not_exist_starts_the_file_anew() {
    let server = Server::start(|head| {
        if request(head).contains("range:") {
            text_answer("HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\n\r\n")
        } else {
            file_answer(CONTENT)
        }
    })
    .await;
    let mut sink = begun(4, None);
    let (result, events) = download(options(&server), &mut sink).await;
    result.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert_eq!(events[0], Event::StartedAnew);
}

#[tokio::test]
async fn weak_tags_are_not_sent_back() {
    let server = Server::start(|head| match request(head) {
        head if head.contains("range: bytes=4-\r\n") => rest("W/\"v1\"", 4),
        _ => tagged("200 OK", "W/\"v1\"", 10, "", &CONTENT[..4]),
    })
    .await;
    let mut sink = Memory::default();
    download(options(&server), &mut sink).await.0.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert!(!request(&server.requests.lock().unwrap()[1]).contains("if-range"));
}

#[tokio::test]
async fn trouble_that_may_pass_is_borne_a_few_times() {
    let answers = Mutex::new(vec![
        file_answer(CONTENT),
        text_answer(
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
        ),
        text_answer("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"),
        Vec::new(),
    ]);
    let server = Server::start(move |_| answers.lock().unwrap().pop().unwrap()).await;
    let mut sink = Memory::default();
    let (result, events) = download(options(&server), &mut sink).await;
    result.unwrap();
    let reasons: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Retrying { reason, .. } => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("cannot be reached"), "{reasons:?}");
    assert!(reasons[1].ends_with("answered 503"), "{reasons:?}");
    assert!(
        reasons[2].ends_with("answered 429 and asks to wait 0 s"),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn endless_trouble_ends() {
    let overloaded = |_: &str| text_answer("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    let (message, connections) = refusal(overloaded).await;
    assert_eq!((message.as_str(), connections), ("HUB answered 500", 4));
    // Every connection brings a few bytes, which is no progress worth the name.
    let server = Server::start(|head| {
        let head = request(head);
        let (_, range) = head.split_once("range: bytes=").unwrap_or(("", "0-"));
        let first: usize = range.split('-').next().unwrap().parse().unwrap();
        if first == 0 {
            tagged("200 OK", "\"v1\"", 10, "", &CONTENT[..1])
        } else {
            let range = format!("content-range: bytes {first}-9/10\r\n");
            tagged(
                "206 Partial Content",
                "\"v1\"",
                10 - first,
                &range,
                &CONTENT[first..=first],
            )
        }
    })
    .await;
    let mut sink = Memory::default();
    let (result, _) = download(options(&server), &mut sink).await;
    assert!(matches!(
        result.unwrap_err(),
        HubError::Cut { position: 4, .. }
    ));
    assert_eq!(sink.bytes, CONTENT[..4], "what has arrived is kept");
}

#[tokio::test]
async fn a_large_file_may_take_many_connections() {
    const PIECE: usize = 1 << 20;
    let server = Server::start(|head| {
        let head = request(head);
        let (_, range) = head.split_once("range: bytes=").unwrap_or(("", "0-"));
        let first: usize = range.split('-').next().unwrap().parse().unwrap();
        let (status, range) = match first {
            0 => ("200 OK", String::new()),
            _ => (
                "206 Partial Content",
                format!(
                    "content-range: bytes {first}-{}/{}\r\n",
                    3 * PIECE - 1,
                    3 * PIECE
                ),
            ),
        };
        tagged(status, "\"v1\"", 3 * PIECE - first, &range, &vec![7; PIECE])
    })
    .await;
    let mut options = options(&server);
    // Two cuts in a row without progress would be one too many.
    options.retries.max_failures = 1;
    let file = RemoteFile {
        bytes: 3 * PIECE as u64,
        ..remote()
    };
    let mut sink = Memory::default();
    let client = HubClient::new(options).unwrap();
    client.download(&file, &mut sink, &mut drop).await.unwrap();
    assert_eq!(sink.bytes, vec![7; 3 * PIECE]);
    assert_eq!(server.connection_count(), 3);
}

#[tokio::test]
async fn a_pause_of_an_hour_is_not_waited_for() {
    let (message, connections) = refusal(|_| {
        text_answer("HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n")
    })
    .await;
    assert_eq!(message, "HUB answered 429 and asks to wait 3600 s");
    assert_eq!(connections, 1);
}

#[tokio::test]
async fn refusals_are_final_and_say_what_to_do() {
    for (status, expected) in [
        ("401 Unauthorized", "HF_TOKEN is not set or not valid"),
        ("403 Forbidden", "its terms may have to be accepted"),
        (
            "404 Not Found",
            "HUB has no model.bin in owner/name at revision abc123 (404)",
        ),
        ("410 Gone", "HUB answered 410"),
    ] {
        let (message, connections) = refusal(move |_| {
            text_answer(&format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))
        })
        .await;
        assert!(message.contains(expected), "{message}");
        assert_eq!(connections, 1, "{status}");
    }
}

#[tokio::test]
async fn a_file_of_another_size_is_refused_before_a_byte_is_kept() {
    let (message, _) = refusal(|_| file_answer(b"<html>log in to the wifi</html>")).await;
    assert!(
        message.contains("a file of 31 bytes where 10 are expected"),
        "{message}"
    );
    // A part survives such an answer.
    let server = Server::with_file(b"short").await;
    let mut sink = begun(4, None);
    let (result, _) = download(options(&server), &mut sink).await;
    assert!(matches!(
        result.unwrap_err(),
        HubError::WrongSize { announced: 5, .. }
    ));
    assert_eq!(sink.bytes, CONTENT[..4]);
}

#[tokio::test]
async fn more_than_the_file_is_not_written() {
    let server = Server::start(|_| {
        text_answer("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789ABCDEF")
    })
    .await;
    let mut sink = Memory::default();
    let (result, _) = download(options(&server), &mut sink).await;
    assert!(matches!(
        result.unwrap_err(),
        HubError::TooLong { expected: 10, .. }
    ));
    assert!(sink.bytes.len() <= CONTENT.len());
}

#[tokio::test]
async fn compressed_answers_are_refused() {
    let (message, _) = refusal(|_| {
        text_answer(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n0123456789",
        )
    })
    .await;
    assert!(message.contains("compressed"), "{message}");
}

#[tokio::test]
async fn redirects_are_bounded_and_must_lead_somewhere() {
    for (location, expected, connections) in [
        (
            "location: /again\r\n",
            "HUB redirected more than 10 times",
            11,
        ),
        (
            "location: ftp://host/file\r\n",
            "HUB redirected to no valid address",
            1,
        ),
        ("", "HUB redirected to no valid address", 1),
    ] {
        let (message, count) = refusal(move |_| {
            text_answer(&format!(
                "HTTP/1.1 302 Found\r\n{location}content-length: 0\r\n\r\n"
            ))
        })
        .await;
        assert_eq!((message.as_str(), count), (expected, connections));
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_download_at_once() {
    let server = Server::with_file(CONTENT).await;
    let mut sink = Memory {
        room: Some(5),
        ..Memory::default()
    };
    let (result, _) = download(options(&server), &mut sink).await;
    match result.unwrap_err() {
        HubError::Sink(error) => assert_eq!(error.kind(), io::ErrorKind::StorageFull),
        other => panic!("{other}"),
    }
    assert_eq!(server.connection_count(), 1);
}

#[tokio::test]
async fn nobody_there_says_so() {
    let server = Server::with_file(CONTENT).await;
    let options = options(&server);
    let address = server.address;
    drop(server);
    tokio::task::yield_now().await;
    let (result, events) = download(options, &mut Memory::default()).await;
    let message = result.unwrap_err().to_string();
    assert!(
        message.contains(&format!("{address} cannot be reached: ")),
        "{message}"
    );
    assert_eq!(events.len(), 3, "{events:?}");
}

#[tokio::test]
async fn proxies_are_used_but_for_their_exceptions() {
    let proxy = Server::with_file(CONTENT).await;
    let mut through = options(&proxy);
    through.endpoint = "http://hub.invalid".parse().unwrap();
    through.proxies = Proxies::new(
        Some(&proxy.address.to_string()),
        None,
        Some("other.invalid"),
    )
    .unwrap();
    let mut sink = Memory::default();
    download(through.clone(), &mut sink).await.0.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let head = proxy.requests.lock().unwrap()[0].clone();
    assert!(
        head.starts_with(&format!("GET http://hub.invalid{PATH} ")),
        "{head}"
    );

    through.proxies =
        Proxies::new(Some(&proxy.address.to_string()), None, Some("hub.invalid")).unwrap();
    let (result, _) = download(through, &mut Memory::default()).await;
    assert!(matches!(result.unwrap_err(), HubError::Unreachable { .. }));
    assert_eq!(proxy.connection_count(), 1);
}
