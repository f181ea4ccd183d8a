//! Guarded posts: what arrives, and where it does not arrive.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use drape_core::ports::{Post, PostError, PostRequest};
use drape_outbound::{GuardedFetch, Lookup, OutboundOptions};
use tokio::net::TcpListener;

use crate::{
    PATIENCE,
    names::Scripted,
    opened,
    server::{Server, Step, text_answer},
};

fn request(url: &str) -> PostRequest {
    PostRequest {
        url: url.to_owned(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", "msg_1".to_owned()),
        ],
        body: Bytes::from_static(br#"{"a":1}"#),
        timeout: PATIENCE,
    }
}

async fn post_with(options: OutboundOptions, request: PostRequest) -> Result<u16, PostError> {
    GuardedFetch::new(options).unwrap().post(request).await
}

/// Posts with loopback opened.
async fn post(request: PostRequest) -> Result<u16, PostError> {
    post_with(opened(&["127.0.0.1/32"]), request).await
}

fn answering(status: &'static str) -> impl Fn(&str) -> Vec<Step> + Send + Sync + 'static {
    move |_| {
        text_answer(&format!(
            "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok"
        ))
    }
}

#[tokio::test]
async fn body_and_headers_arrive_as_they_are() {
    let server = Server::start(answering("204")).await;
    assert_eq!(post(request(&server.url("/hook?x=1"))).await.unwrap(), 204);
    let requests = server.requests.lock().unwrap();
    let head = requests[0].to_lowercase();
    assert!(head.starts_with("post /hook?x=1 http/1.1\r\n"), "{head}");
    for line in [
        "content-type: application/json\r\n",
        "webhook-id: msg_1\r\n",
        "content-length: 7\r\n",
        "accept: */*\r\n",
        "user-agent: drape/",
    ] {
        assert!(head.contains(line), "{head}");
    }
    assert_eq!(head.matches("accept:").count(), 1, "{head}");
    assert!(!head.contains("cookie") && !head.contains("referer"));
    assert_eq!(server.bodies.lock().unwrap()[0], br#"{"a":1}"#);
}

#[tokio::test]
async fn any_status_is_an_answer_and_redirects_are_not_followed() {
    let elsewhere = Server::start(answering("200")).await;
    let url = elsewhere.url("/");
    let server = Server::start(move |head| {
        let status = head.split(['/', ' ']).nth(2).unwrap();
        text_answer(&format!(
            "HTTP/1.1 {status} Words\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n"
        ))
    })
    .await;
    for status in [200, 201, 301, 302, 307, 308, 400, 404, 410, 429, 500, 503] {
        let answer = post(request(&server.url(&format!("/{status}")))).await;
        assert_eq!(answer.unwrap(), status);
    }
    assert_eq!(elsewhere.connection_count(), 0);
}

#[tokio::test]
async fn private_addresses_are_not_reached() {
    let server = Server::start(answering("200")).await;
    let guard = GuardedFetch::new(OutboundOptions::default()).unwrap();
    for url in [server.url("/"), server.url_by_name("localhost", "/")] {
        let error = guard.post(request(&url)).await.unwrap_err();
        assert!(error.reason.contains("not allowed"), "{error}");
        assert!(!error.reason.contains("127"), "{error}");
    }
    assert_eq!(server.connection_count(), 0);
    let error = guard.check("http://127.0.0.1/").unwrap_err();
    assert!(error.reason.contains("address is not allowed"), "{error}");
    assert!(guard.check("https://hooks.example/x").is_ok());
    for url in [
        "ftp://hooks.example/",
        "hooks.example",
        "https://a:b@x.example/",
    ] {
        assert!(guard.check(url).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_reached() {
    let server = Server::start(answering("200")).await;
    let options = OutboundOptions {
        ports: vec![server.address.port()],
        ..OutboundOptions::default()
    };
    let lookup: Arc<dyn Lookup> = Arc::new(Scripted::new(&[&["127.0.0.1"]]));
    let guard = GuardedFetch::with_lookup(options, &lookup).unwrap();
    let url = server.url_by_name("hooks.example", "/");
    assert!(guard.check(&url).is_ok(), "the text alone says nothing");
    let error = guard.post(request(&url)).await.unwrap_err();
    assert!(error.reason.contains("address is not allowed"), "{error}");
    assert_eq!(server.connection_count(), 0);
}

#[tokio::test]
async fn silence_runs_out_of_time_and_an_endless_answer_counts() {
    let server = Server::start(|head| {
        if head.starts_with("POST /silent") {
            return vec![Step::Hang];
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec();
        if head.starts_with("POST /stuck") {
            return vec![Step::Send(answer), Step::Hang];
        }
        vec![
            Step::Send(answer),
            Step::Forever(vec![b'x'; 8_192], Duration::ZERO),
        ]
    })
    .await;
    let mut hasty = request(&server.url("/silent"));
    hasty.timeout = Duration::from_millis(250);
    let error = post(hasty).await.unwrap_err();
    assert_eq!(error.reason, "the server took longer than 250 ms");
    assert_eq!(post(request(&server.url("/endless"))).await.unwrap(), 200);
    let mut stuck = request(&server.url("/stuck"));
    stuck.timeout = Duration::from_millis(250);
    assert_eq!(post(stuck).await.unwrap(), 200);
}

#[tokio::test]
async fn a_closed_port_is_told_without_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/?token=secret");
    let error = post(request(&url)).await.unwrap_err();
    assert_eq!(error.reason, "the server could not be reached");
}
