//! Every hop is checked like the first address.

use drape_outbound::OutboundOptions;

use crate::{
    fetch, fetch_with, final_reason, opened,
    server::{Server, Step, file_answer, text_answer},
};

fn redirect(status: u16, location: &str) -> Vec<Step> {
    text_answer(&format!(
        "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ))
}

/// Server whose `/from` redirects to the given place.
async fn redirecting_to(location: String) -> Server {
    Server::start(move |head| {
        if head.starts_with("GET /from") {
            redirect(302, &location)
        } else {
            file_answer(b"picture")
        }
    })
    .await
}

#[tokio::test]
async fn relative_and_absolute_redirects_are_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |head| {
            if head.starts_with("GET /a/from") {
                redirect(status, "../to?x=1#there")
            } else {
                file_answer(head.lines().next().unwrap().as_bytes())
            }
        })
        .await;
        let body = fetch(&server.url("/a/from")).await.unwrap();
        assert_eq!(body, "GET /to?x=1 HTTP/1.1", "{status}");
    }
    let target = Server::with_file(b"elsewhere").await;
    let server = redirecting_to(target.url("/b")).await;
    assert_eq!(fetch(&server.url("/from")).await.unwrap(), "elsewhere");
}

#[tokio::test]
async fn redirects_to_blocked_addresses_are_refused_without_a_connection() {
    let inside = Server::start_on("127.0.0.2:0", |_| file_answer(b"secret")).await;
    let port = inside.address.port();
    for location in [
        inside.url("/"),
        format!("http://127.2:{port}/"),
        format!("http://2130706434:{port}/"),
        format!("//127.0.0.2:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1]/".to_owned(),
        "https://10.0.0.1/".to_owned(),
    ] {
        let server = redirecting_to(location.clone()).await;
        let reason = final_reason(fetch(&server.url("/from")).await);
        assert!(
            reason.starts_with("after a redirect: the address is not allowed"),
            "{location}: {reason}"
        );
    }
    assert_eq!(inside.connection_count(), 0);
}

#[tokio::test]
async fn redirects_to_other_schemes_ports_and_logins_are_refused() {
    for (location, expected) in [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://127.0.0.1/", "only http and https"),
        ("data:image/png;base64,AAAA", "only http and https"),
        ("http://8.8.8.8:22/", "port 22 is not allowed"),
        ("http://user:word@8.8.8.8/", "user name or password"),
    ] {
        let server = redirecting_to(location.to_owned()).await;
        let reason = final_reason(fetch(&server.url("/from")).await);
        assert!(reason.contains(expected), "{location}: {reason}");
    }
}

#[tokio::test]
async fn a_redirect_without_a_place_to_go_is_told() {
    let nowhere =
        Server::start(|_| text_answer("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n")).await;
    let broken = redirecting_to("http://[::1".to_owned()).await;
    for url in [nowhere.url("/from"), broken.url("/from")] {
        assert_eq!(
            final_reason(fetch(&url).await),
            "the server answered 302 without a valid address to go to"
        );
    }
}

#[tokio::test]
async fn loops_end_after_the_last_allowed_hop() {
    let server = Server::start(|_| redirect(302, "/again")).await;
    let reason = final_reason(fetch(&server.url("/")).await);
    assert_eq!(reason, "the server redirected more than 5 times");
    assert_eq!(server.requests.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn the_number_of_hops_is_a_setting() {
    let server = Server::start(|head| {
        let hop: u32 = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        if hop == 3 {
            file_answer(b"picture")
        } else {
            redirect(301, &format!("/{}", hop + 1))
        }
    })
    .await;
    let with_hops = |max_redirects| OutboundOptions {
        max_redirects,
        ..opened(&["127.0.0.1/32"])
    };
    assert_eq!(
        fetch_with(with_hops(3), &server.url("/0")).await.unwrap(),
        "picture"
    );
    let reason = final_reason(fetch_with(with_hops(2), &server.url("/0")).await);
    assert_eq!(reason, "the server redirected more than 2 times");
    let reason = final_reason(fetch_with(with_hops(0), &server.url("/0")).await);
    assert_eq!(reason, "the server redirected more than 0 times");
}
