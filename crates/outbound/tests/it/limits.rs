//! Sizes, times, statuses and broken answers.

use std::time::Duration;

use drape_core::ports::Fetch;
use drape_outbound::{GuardedFetch, OutboundOptions};
use tokio::net::TcpListener;

use crate::{
    MAX_BYTES, fetch, fetch_with, final_reason, opened, passing_reason,
    server::{Server, Step, file_answer, text_answer},
};

#[tokio::test]
async fn a_file_arrives_whole_and_the_request_says_little() {
    let server = Server::with_file(b"picture").await;
    assert_eq!(
        fetch(&server.url("/a.jpg?sig=1#top")).await.unwrap(),
        "picture"
    );
    let requests = server.requests.lock().unwrap();
    let head = requests[0].to_lowercase();
    assert!(head.starts_with("get /a.jpg?sig=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
    assert!(head.contains("user-agent: drape/"), "{head}");
    for absent in ["cookie", "referer", "authorization"] {
        assert!(!head.contains(absent), "{head}");
    }
}

#[tokio::test]
async fn loopback_is_blocked_by_default_without_a_connection() {
    let server = Server::with_file(b"secret").await;
    let reason = final_reason(fetch_with(OutboundOptions::default(), &server.url("/")).await);
    assert!(reason.contains("the address is not allowed"), "{reason}");
    assert!(!reason.contains("127"), "{reason}");
    assert_eq!(server.connection_count(), 0);
}

#[tokio::test]
async fn a_file_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let full = vec![7_u8; MAX_BYTES as usize];
    let server = Server::start(|head| {
        let extra = usize::from(head.starts_with("GET /more"));
        file_answer(&vec![7_u8; MAX_BYTES as usize + extra])
    })
    .await;
    assert_eq!(fetch(&server.url("/full")).await.unwrap(), full);
    let reason = final_reason(fetch(&server.url("/more")).await);
    assert_eq!(reason, "the file is larger than 1000 bytes");
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_refused_before_the_body() {
    let server = Server::start(|_| {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n".to_vec()),
            Step::Hang,
        ]
    })
    .await;
    let reason = final_reason(fetch(&server.url("/")).await);
    assert!(reason.starts_with("the file is larger than"), "{reason}");
}

#[tokio::test]
async fn endless_bodies_end_at_the_limit() {
    let server = Server::start(|head| {
        let is_chunked = head.starts_with("GET /chunked");
        let (header, piece) = if is_chunked {
            ("transfer-encoding: chunked\r\n", b"4\r\nabcd\r\n".to_vec())
        } else {
            ("", b"abcd".to_vec())
        };
        vec![
            Step::Send(format!("HTTP/1.1 200 OK\r\n{header}\r\n").into_bytes()),
            Step::Forever(piece, Duration::ZERO),
        ]
    })
    .await;
    for path in ["/chunked", "/until-close"] {
        let reason = final_reason(fetch(&server.url(path)).await);
        assert!(
            reason.starts_with("the file is larger than"),
            "{path}: {reason}"
        );
    }
}

#[tokio::test]
async fn a_slow_body_a_silent_server_and_a_slow_head_run_out_of_time() {
    let server = Server::start(|head| {
        let pause = Duration::from_millis(5);
        if head.starts_with("GET /body") {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n".to_vec();
            return vec![Step::Send(head), Step::Send(b"x".to_vec()), Step::Hang];
        }
        if head.starts_with("GET /head") {
            let head = b"HTTP/1.1 200 OK\r\n".to_vec();
            return vec![Step::Send(head), Step::Forever(b"x".to_vec(), pause)];
        }
        vec![Step::Hang]
    })
    .await;
    let guard = GuardedFetch::new(opened(&["127.0.0.1/32"])).unwrap();
    for path in ["/body", "/head", "/silent"] {
        let limit = Duration::from_millis(250);
        let result = guard.fetch(&server.url(path), MAX_BYTES, limit).await;
        let reason = passing_reason(result);
        assert_eq!(reason, "the server took longer than 250 ms", "{path}");
    }
}

#[tokio::test]
async fn the_time_limit_covers_all_redirects_together() {
    let server = Server::start(|_| {
        vec![
            Step::Send(b"HTTP/1.1 302 Found\r\nlocation: /next\r\n".to_vec()),
            Step::Hang,
        ]
    })
    .await;
    let guard = GuardedFetch::new(opened(&["127.0.0.1/32"])).unwrap();
    let limit = Duration::from_millis(250);
    let reason = passing_reason(guard.fetch(&server.url("/"), MAX_BYTES, limit).await);
    assert!(reason.contains("took longer"), "{reason}");
}

#[tokio::test]
async fn a_cut_body_is_no_file() {
    let server = Server::start(|head| {
        text_answer(if head.starts_with("GET /length") {
            "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nonly this"
        } else {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nonly this\r\n"
        })
    })
    .await;
    for path in ["/length", "/chunked"] {
        let reason = passing_reason(fetch(&server.url(path)).await);
        assert!(reason.contains("before the whole file"), "{path}: {reason}");
    }
}

#[tokio::test]
async fn a_length_smaller_than_the_body_yields_that_length() {
    let server =
        Server::start(|_| text_answer("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfile and junk"))
            .await;
    assert_eq!(fetch(&server.url("/")).await.unwrap(), "file");
}

#[tokio::test]
async fn contradicting_lengths_are_no_valid_answer() {
    let server = Server::start(|_| {
        text_answer("HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 8\r\n\r\nfilefile")
    })
    .await;
    let reason = passing_reason(fetch(&server.url("/")).await);
    assert_eq!(reason, "the server did not give a valid answer");
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    let server = Server::start(|head| {
        text_answer(if head.starts_with("GET /204") {
            "HTTP/1.1 204 No Content\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        })
    })
    .await;
    for path in ["/204", "/200"] {
        assert_eq!(
            final_reason(fetch(&server.url(path)).await),
            "the server sent an empty file"
        );
    }
}

#[tokio::test]
async fn compressed_answers_are_refused_and_identity_is_not() {
    let server = Server::start(|head| {
        let encoding = head.split(['/', ' ']).nth(2).unwrap();
        text_answer(&format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 4\r\n\r\nfile"
        ))
    })
    .await;
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        let reason = final_reason(fetch(&server.url(&format!("/{encoding}"))).await);
        assert!(reason.contains("compressed"), "{encoding}: {reason}");
    }
    assert_eq!(fetch(&server.url("/Identity")).await.unwrap(), "file");
}

#[tokio::test]
async fn statuses_are_told_and_only_passing_ones_are_worth_a_retry() {
    let server = Server::start(|head| {
        let status = head.split(['/', ' ']).nth(2).unwrap();
        text_answer(&format!(
            "HTTP/1.1 {status} Words\r\ncontent-length: 4\r\n\r\nfile"
        ))
    })
    .await;
    for (status, is_retryable) in [
        (304, false),
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (410, false),
        (408, true),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
    ] {
        let error = fetch(&server.url(&format!("/{status}"))).await.unwrap_err();
        assert_eq!(error.reason, format!("the server answered {status}"));
        assert_eq!(error.retryable, is_retryable, "{status}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_no_valid_answer() {
    let server = Server::start(|head| {
        text_answer(if head.starts_with("GET /ssh") {
            "SSH-2.0-OpenSSH_9.9\r\n\r\n"
        } else {
            ""
        })
    })
    .await;
    for path in ["/ssh", "/nothing"] {
        let reason = passing_reason(fetch(&server.url(path)).await);
        assert_eq!(reason, "the server did not give a valid answer", "{path}");
    }
}

#[tokio::test]
async fn huge_heads_are_no_valid_answer() {
    let server = Server::start(|_| {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\nx-long: ".to_vec()),
            Step::Forever(vec![b'x'; 65_536], Duration::ZERO),
        ]
    })
    .await;
    let reason = passing_reason(fetch(&server.url("/")).await);
    assert_eq!(reason, "the server did not give a valid answer");
}

#[tokio::test]
async fn a_closed_port_is_told_without_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let reason = passing_reason(fetch(&format!("http://{address}/?token=secret")).await);
    assert_eq!(reason, "the server could not be reached");
}

#[tokio::test]
async fn a_user_agent_with_a_line_break_is_a_setup_error() {
    let options = OutboundOptions {
        user_agent: "a\r\nx: y".to_owned(),
        ..OutboundOptions::default()
    };
    assert!(GuardedFetch::new(options).is_err());
}
