//! Names: what they resolve to decides, at the moment of connecting.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use drape_outbound::{Lookup, OutboundOptions};

use crate::{
    fetch, fetch_named, fetch_with, final_reason, opened, passing_reason,
    server::{Server, file_answer, text_answer},
};

/// Resolver that gives its answers one after the other, the last one for good.
pub(crate) struct Scripted {
    answers: Vec<Vec<&'static str>>,
    lookups: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&[&'static str]]) -> Self {
        Self {
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            lookups: Arc::default(),
        }
    }
}

#[async_trait]
impl Lookup for Scripted {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        let index = self.lookups.fetch_add(1, Ordering::SeqCst);
        let answer = &self.answers[index.min(self.answers.len() - 1)];
        Ok(answer.iter().map(|text| text.parse().unwrap()).collect())
    }
}

/// Resolver that knows nothing.
struct Failing;

#[async_trait]
impl Lookup for Failing {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::other(format!("no such name: {name}")))
    }
}

#[tokio::test]
async fn localhost_is_blocked_by_default_and_open_when_loopback_is() {
    let server = Server::with_file(b"picture").await;
    for name in ["localhost", "LocalHost", "localhost.", "shop.localhost"] {
        let url = server.url_by_name(name, "/");
        let port = server.address.port();
        let reason = final_reason(fetch_with(OutboundOptions::default(), &url).await);
        assert_eq!(reason, format!("port {port} is not allowed"), "{name}");

        let on_open_port = OutboundOptions {
            ports: vec![port],
            ..OutboundOptions::default()
        };
        let reason = final_reason(fetch_with(on_open_port, &url).await);
        assert!(
            reason.starts_with("the address is not allowed"),
            "{name}: {reason}"
        );
        assert_eq!(server.connection_count(), 0, "{name}");
    }
    let url = server.url_by_name("localhost", "/");
    assert_eq!(fetch(&url).await.unwrap(), "picture");
}

#[tokio::test]
async fn names_of_private_addresses_are_refused_on_open_ports() {
    for hidden in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "fd00::1",
        "fe80::1",
    ] {
        let lookup = Scripted::new(&[&[hidden]]);
        let result = fetch_named(
            OutboundOptions::default(),
            lookup,
            "https://cdn.example/a.jpg",
        )
        .await;
        let reason = final_reason(result);
        assert!(
            reason.starts_with("the address is not allowed"),
            "{hidden}: {reason}"
        );
        assert!(!reason.contains(hidden), "{hidden}: {reason}");
    }
}

#[tokio::test]
async fn only_the_reachable_addresses_of_a_name_are_tried() {
    let server = Server::with_file(b"picture").await;
    let inside = Server::start_on(&format!("127.0.0.2:{}", server.address.port()), |_| {
        file_answer(b"secret")
    })
    .await;
    let lookup = Scripted::new(&[&["127.0.0.2", "::1", "127.0.0.1", "127.0.0.2"]]);
    let url = server.url_by_name("cdn.example", "/");
    let body = fetch_named(opened(&["127.0.0.1"]), lookup, &url).await;
    assert_eq!(body.unwrap(), "picture");
    assert_eq!(inside.connection_count(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let server = Server::start(|head| {
        if head.starts_with("GET /from") {
            text_answer("HTTP/1.1 302 Found\r\nlocation: /to\r\nconnection: close\r\n\r\n")
        } else {
            file_answer(b"secret")
        }
    })
    .await;
    let inside = Server::start_on(&format!("127.0.0.2:{}", server.address.port()), |_| {
        file_answer(b"secret")
    })
    .await;
    let lookup = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let lookups = Arc::clone(&lookup.lookups);
    let url = server.url_by_name("cdn.example", "/from");
    let reason = final_reason(fetch_named(opened(&["127.0.0.1"]), lookup, &url).await);
    assert!(reason.starts_with("after a redirect: port"), "{reason}");
    // One lookup per connection: the address that was judged is the one that is used.
    assert_eq!(lookups.load(Ordering::SeqCst), 2);
    assert_eq!(inside.connection_count(), 0);
}

#[tokio::test]
async fn another_port_is_open_only_for_listed_addresses() {
    let server = Server::with_file(b"picture").await;
    let url = server.url_by_name("cdn.example", "/");
    let lookup = Scripted::new(&[&["8.8.8.8"]]);
    let reason = final_reason(fetch_named(opened(&["127.0.0.1"]), lookup, &url).await);
    assert_eq!(
        reason,
        format!("port {} is not allowed", server.address.port())
    );
    let lookup = Scripted::new(&[&["127.0.0.1"]]);
    let body = fetch_named(opened(&["127.0.0.1"]), lookup, &url).await;
    assert_eq!(body.unwrap(), "picture");
}

#[tokio::test]
async fn names_that_lead_nowhere_are_told() {
    let url = "https://cdn.example/a.jpg?token=secret";
    let options = OutboundOptions::default;
    let expected = "the name of the server could not be resolved";
    assert_eq!(
        passing_reason(fetch_named(options(), Failing, url).await),
        expected
    );
    let empty = Scripted::new(&[&[]]);
    assert_eq!(
        passing_reason(fetch_named(options(), empty, url).await),
        expected
    );
}
