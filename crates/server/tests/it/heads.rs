//! Heads that never become a request, over a real connection.

use std::{sync::Arc, time::Duration};

use drape_core::ports::Ids;
use drape_server::listener::{ListenerOptions, serve_connections};
use drape_testkit::{SeqIds, TestServer};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

/// Sends bytes to a listening server and reads until it closes the connection.
async fn exchange(ids: Option<Arc<dyn Ids>>, sent: &[u8]) -> String {
    let server = TestServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let options = ListenerOptions {
        header_timeout: Duration::from_mins(1),
        max_connections: 4,
        shutdown_grace: Duration::from_mins(1),
        ids,
    };
    let client = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may answer and close before it has read everything.
        stream.write_all(sent).await.ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        stop.cancel();
        String::from_utf8(answer).unwrap()
    };
    let serving = serve_connections(listener, server.router(), options, stop.clone());
    let ((), answer) = tokio::join!(serving, client);
    answer
}

/// As the API's listener answers.
async fn shaped(sent: &[u8]) -> String {
    exchange(Some(Arc::new(SeqIds::new())), sent).await
}

/// As a listener answers that has no error shape.
async fn bare(sent: &[u8]) -> String {
    exchange(None, sent).await
}

/// Checks the last answer on the connection and returns its error.
fn error_of(answer: &str, status: u16, code: &str) -> Value {
    let start = answer
        .rfind("HTTP/1.1 4")
        .unwrap_or_else(|| panic!("{answer:?}"));
    let (head, body) = answer[start..].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    for line in [
        "content-type: application/json",
        "connection: close",
        &format!("content-length: {}", body.len()),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
    let error: Value = serde_json::from_str(body).unwrap();
    assert_eq!(error["code"], code);
    assert_eq!(error["status"], status);
    let id = error["requestId"].as_str().unwrap();
    assert!(
        head.lines()
            .any(|line| line == format!("x-request-id: {id}")),
        "{head}"
    );
    error
}

#[tokio::test]
async fn what_is_no_http_has_the_error_shape() {
    for sent in [
        "this is no request\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
    ] {
        let answer = shaped(sent.as_bytes()).await;
        let error = error_of(&answer, 400, "VALIDATION_FAILED");
        assert_eq!(error["details"][0]["path"], "request", "{sent:?}");
    }
}

#[tokio::test]
async fn heads_that_are_too_large_have_the_error_shape() {
    let url = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    let answer = shaped(url.as_bytes()).await;
    error_of(&answer, 413, "PAYLOAD_TOO_LARGE");
    let headers = format!(
        "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "a: b\r\n".repeat(200)
    );
    let answer = shaped(headers.as_bytes()).await;
    error_of(&answer, 413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn requests_before_a_broken_head_are_answered_as_ever() {
    let sent = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nhost: x\r\n\r\nbroken\r\n\r\n";
    let answer = shaped(sent.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    assert!(answer.contains("\"code\":\"NOT_FOUND\""), "{answer}");
    error_of(&answer, 400, "VALIDATION_FAILED");
    let sent = "GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = shaped(sent.as_bytes()).await;
    error_of(&answer, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_listener_of_other_routes_keeps_bare_errors() {
    let answer = bare(b"broken\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}
