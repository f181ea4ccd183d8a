//! Webhooks: what arrives at a shop's server, when, and signed how.

mod receiver;

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drape_core::{
    Code,
    account::AccountChange,
    engine::EngineErrorKind,
    ids::EndpointId,
    page::PageRequest,
    ports::Ports,
    webhook::{self, Delivery, DeliveryState, Endpoint, Event, RETRY_DELAYS, WebhookSecret},
};
use drape_outbound::{GuardedFetch, OutboundOptions, options::parse_network};
use drape_server::state::ApiSettings;
use drape_testkit::{
    Act, ScriptedEngine, TestServer,
    server::{Posted, TestOptions},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::receiver::Receiver;
use crate::world::{
    TRY_ON, accepted, generation, one_shot, seconds, shop, shop_with, text, upload,
};

const HOOK: &str = "https://hooks.example/drape";
/// Where the server tells others that it is; the test's own requests name the same host.
const PUBLIC_URL: &str = "http://drape.test";

fn options() -> TestOptions {
    TestOptions {
        settings: ApiSettings {
            public_url: Some(PUBLIC_URL.to_owned()),
            ..ApiSettings::default()
        },
        ..TestOptions::default()
    }
}

/// Registers an endpoint for all events; returns its id and its secret.
pub(crate) async fn hook(server: &TestServer, url: &str) -> (EndpointId, WebhookSecret) {
    let ports = &server.ports;
    let secret = WebhookSecret::from_random(ports.ids.secret());
    let endpoint = Endpoint {
        id: EndpointId::from_uuid(ports.ids.uuid()),
        account: server.account.id,
        url: url.to_owned(),
        events: Event::ALL.to_vec(),
        is_active: true,
        created_at: ports.clock.now(),
    };
    let (webhooks, post) = (ports.webhooks.as_ref(), ports.post.as_ref());
    let made = webhook::register(webhooks, post, endpoint, secret.clone()).await;
    (made.unwrap().id, secret)
}

/// Asks for a try-on and runs it; returns its id.
async fn try_on(server: &TestServer) -> String {
    let image = upload(server).await;
    let mut body = one_shot(&image);
    body["externalUserId"] = json!("customer-4711");
    let id = accepted(server, &body).await;
    server.run_jobs().await;
    id
}

/// The one message to an endpoint, as the log has it.
async fn logged(server: &TestServer, endpoint: EndpointId) -> Delivery {
    let page = PageRequest::default();
    let page = server.ports.webhooks.deliveries(endpoint, false, page);
    let mut items = page.await.unwrap().items;
    assert_eq!(items.len(), 1);
    items.remove(0)
}

/// Why the attempts at the one message to an endpoint failed.
async fn errors(server: &TestServer, endpoint: EndpointId) -> Vec<Option<String>> {
    let id = logged(server, endpoint).await.id;
    let found = server.ports.webhooks.find_delivery(id).await.unwrap();
    let (_, attempts) = found.unwrap();
    attempts.into_iter().map(|attempt| attempt.error).collect()
}

/// HMAC-SHA256 as RFC 2104 writes it, with nothing of the server's.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

/// The signature that a receiver expects, made from the secret as it was shown.
fn expected_signature(secret: &WebhookSecret, posted: &Posted) -> String {
    let shown = secret.expose();
    let key = STANDARD.decode(shown.strip_prefix("whsec_").unwrap());
    let signed = format!(
        "{}.{}.{}",
        posted.header("webhook-id"),
        posted.header("webhook-timestamp"),
        posted.body
    );
    let mac = hmac_sha256(&key.unwrap(), signed.as_bytes());
    format!("v1,{}", STANDARD.encode(mac))
}

#[track_caller]
fn only(mut posts: Vec<Posted>) -> Posted {
    assert_eq!(posts.len(), 1, "{posts:?}");
    posts.remove(0)
}

#[tokio::test]
async fn a_completed_generation_arrives_signed_as_it_can_be_read() {
    let server = shop_with(options()).await;
    let (_, secret) = hook(&server, HOOK).await;
    let id = try_on(&server).await;
    let happened_at = server.clock_now();
    server.clock.advance(seconds(90));
    assert_eq!(server.send_webhooks().await, 1);
    let posted = only(server.hooks.take());
    assert_eq!(posted.url, HOOK);
    assert_eq!(posted.header("content-type"), "application/json");
    assert!(posted.header("webhook-id").starts_with("msg_"));
    let now = server.ports.clock.now().as_seconds().to_string();
    assert_eq!(posted.header("webhook-timestamp"), now);
    assert_eq!(
        posted.header("webhook-signature"),
        expected_signature(&secret, &posted)
    );
    let body = posted.json();
    assert_eq!(body["type"], "generation.completed");
    assert_eq!(body["timestamp"], happened_at);
    assert_eq!(body["data"], generation(&server, &id).await);
    let link = text(&body["data"]["resultImageUrl"]);
    assert!(link.starts_with(PUBLIC_URL), "{link}");
    assert!(!posted.body.contains("customer-4711"));
    // Told once.
    server.clock.advance_days(3);
    server.run_jobs().await;
    assert_eq!(server.send_webhooks().await, 0);
}

#[tokio::test]
async fn without_a_public_address_there_is_no_link() {
    let server = shop().await;
    hook(&server, HOOK).await;
    let id = try_on(&server).await;
    server.send_webhooks().await;
    let data = only(server.hooks.take()).json()["data"].take();
    assert_eq!(data["generationId"], id);
    assert_eq!(data["status"], "COMPLETED");
    assert!(data.get("resultImageUrl").is_none(), "{data}");
}

#[tokio::test]
async fn a_failed_generation_says_why() {
    let engine = ScriptedEngine::new("scripted", vec![Act::Fail(EngineErrorKind::NoPerson)]);
    let server = shop_with(TestOptions {
        engine: Some(Arc::new(engine)),
        ..options()
    })
    .await;
    hook(&server, HOOK).await;
    let id = try_on(&server).await;
    server.send_webhooks().await;
    let body = only(server.hooks.take()).json();
    assert_eq!(body["type"], "generation.failed");
    assert_eq!(body["data"]["errorCode"], "NO_PERSON_FOUND");
    assert_eq!(body["data"], generation(&server, &id).await);
}

#[tokio::test]
async fn few_credits_are_told_with_the_threshold() {
    let server = shop_with(options()).await;
    let change = AccountChange {
        credits_low_at: Some(9),
        ..AccountChange::default()
    };
    let accounts = &server.ports.accounts;
    accounts.update(server.account.id, change).await.unwrap();
    hook(&server, HOOK).await;
    let image = upload(&server).await;
    accepted(&server, &one_shot(&image)).await;
    // A refused one is no event.
    let refused = server.post(TRY_ON, &json!({ "customer": {} })).await;
    assert_eq!(refused.status, 400);
    assert_eq!(server.send_webhooks().await, 1);
    let body = only(server.hooks.take()).json();
    assert_eq!(body["type"], "credits.low");
    assert_eq!(body["data"], json!({ "creditBalance": 9, "threshold": 9 }));
}

#[tokio::test]
async fn a_server_that_stays_away_is_tried_for_a_day() {
    let server = shop_with(options()).await;
    let (endpoint, secret) = hook(&server, HOOK).await;
    for number in 0..=RETRY_DELAYS.len() {
        match number % 3 {
            0 => server.hooks.answer(HOOK, 500),
            1 => server.hooks.answer(HOOK, 302),
            _ => server.hooks.fail(HOOK, "the server could not be reached"),
        }
    }
    try_on(&server).await;
    assert_eq!(server.send_webhooks().await, 1);
    for delay in RETRY_DELAYS {
        server.clock.advance(delay.saturating_sub(seconds(1)));
        assert_eq!(server.send_webhooks().await, 0, "before {delay:?}");
        server.clock.advance(delay / 10 + seconds(1));
        assert_eq!(server.send_webhooks().await, 1, "after {delay:?}");
    }
    assert_eq!(logged(&server, endpoint).await.state, DeliveryState::Failed);
    server.clock.advance_days(2);
    assert_eq!(server.send_webhooks().await, 0);
    let posts = server.hooks.take();
    assert_eq!(posts.len(), 11);
    for posted in &posts {
        assert_eq!(posted.header("webhook-id"), posts[0].header("webhook-id"));
        assert_eq!(
            posted.header("webhook-signature"),
            expected_signature(&secret, posted)
        );
    }
    let words = errors(&server, endpoint).await;
    assert_eq!(words.len(), 11);
    assert_eq!(words[0].as_deref(), Some("the server answered 500"));
    assert_eq!(words[1].as_deref(), Some("the server answered 302"));
    assert_eq!(words[2].as_deref(), Some("the server could not be reached"));

    // A replay is the same message, with a new day before it.
    let delivery = logged(&server, endpoint).await;
    let (webhooks, now) = (server.ports.webhooks.as_ref(), server.ports.clock.now());
    let account = server.account.id;
    webhook::replay(webhooks, account, delivery.id, now)
        .await
        .unwrap();
    server.hooks.answer(HOOK, 503);
    assert_eq!(server.send_webhooks().await, 1);
    server.clock.advance(seconds(6));
    assert_eq!(server.send_webhooks().await, 1);
    let replayed = server.hooks.take();
    assert_eq!(replayed.len(), 2);
    for posted in &replayed {
        assert_eq!(posted.header("webhook-id"), posts[0].header("webhook-id"));
        for key in ["type", "timestamp"] {
            assert_eq!(posted.json()[key], posts[0].json()[key]);
        }
    }
    let delivery = logged(&server, endpoint).await;
    assert_eq!(
        (delivery.state, delivery.attempts),
        (DeliveryState::Delivered, 13)
    );
}

#[tokio::test]
async fn gone_switches_the_endpoint_off() {
    let server = shop_with(options()).await;
    let (endpoint, _) = hook(&server, HOOK).await;
    server.hooks.answer(HOOK, 410);
    try_on(&server).await;
    assert_eq!(server.send_webhooks().await, 1);
    let delivery = logged(&server, endpoint).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    try_on(&server).await;
    server.clock.advance_days(1);
    assert_eq!(server.send_webhooks().await, 0);
    let (webhooks, now) = (server.ports.webhooks.as_ref(), server.ports.clock.now());
    let refused = webhook::replay(webhooks, server.account.id, delivery.id, now).await;
    assert_eq!(refused.unwrap_err().code(), Code::ValidationFailed);
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let server = shop_with(options()).await;
    let (endpoint, old) = hook(&server, HOOK).await;
    let ports = &server.ports;
    let new = WebhookSecret::from_random(ports.ids.secret());
    let now = ports.clock.now();
    let account = server.account.id;
    webhook::rotate(ports.webhooks.as_ref(), account, endpoint, new.clone(), now)
        .await
        .unwrap();
    try_on(&server).await;
    server.send_webhooks().await;
    let posted = only(server.hooks.take());
    let both = format!(
        "{} {}",
        expected_signature(&new, &posted),
        expected_signature(&old, &posted)
    );
    assert_eq!(posted.header("webhook-signature"), both);
    server.clock.advance_days(1);
    try_on(&server).await;
    server.send_webhooks().await;
    let posted = only(server.hooks.take());
    assert_eq!(
        posted.header("webhook-signature"),
        expected_signature(&new, &posted)
    );
}

#[tokio::test]
async fn strangers_find_nothing() {
    let server = shop_with(options()).await;
    let (endpoint, _) = hook(&server, HOOK).await;
    try_on(&server).await;
    let delivery = logged(&server, endpoint).await.id;
    let (other, _) = server.another_account("other", 1).await;
    let Ports {
        webhooks,
        post,
        clock,
        ..
    } = &server.ports;
    let (webhooks, post, now) = (webhooks.as_ref(), post.as_ref(), clock.now());
    let secret = WebhookSecret::from_random([0; 32]);
    let change = webhook::EndpointChange::default();
    let refusals = [
        webhook::find(webhooks, other.id, endpoint).await.err(),
        webhook::change(webhooks, post, other.id, endpoint, change)
            .await
            .err(),
        webhook::rotate(webhooks, other.id, endpoint, secret, now)
            .await
            .err(),
        webhook::remove(webhooks, other.id, endpoint, now)
            .await
            .err(),
        webhook::find_delivery(webhooks, other.id, delivery)
            .await
            .err(),
        webhook::replay(webhooks, other.id, delivery, now)
            .await
            .err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.unwrap().code(), Code::WebhookNotFound);
    }
    assert_eq!(server.send_webhooks().await, 1);
}

#[tokio::test]
async fn the_log_is_kept_for_its_days() {
    let server = shop_with(options()).await;
    let (endpoint, _) = hook(&server, HOOK).await;
    try_on(&server).await;
    server.send_webhooks().await;
    server.clock.advance_days(30);
    assert_eq!(server.sweep_webhooks(30).await, 0);
    server.clock.advance(seconds(1));
    assert_eq!(server.sweep_webhooks(30).await, 1);
    let page = PageRequest::default();
    let page = server.ports.webhooks.deliveries(endpoint, false, page);
    assert!(page.await.unwrap().items.is_empty());
}

/// A server whose posts go out for real, to these networks.
fn with_network(allow: &[&str]) -> TestOptions {
    let allow = allow.iter().map(|text| parse_network(text).unwrap());
    let outbound = OutboundOptions {
        allow: allow.collect(),
        ..OutboundOptions::default()
    };
    let post = Arc::new(GuardedFetch::new(outbound).unwrap());
    TestOptions {
        change_ports: Box::new(move |ports| ports.post = post),
        ..options()
    }
}

#[tokio::test]
async fn a_real_server_that_fails_twice_gets_it_at_the_third_time() {
    let receiver = Receiver::start(vec![500, 503, 204]).await;
    let server = shop_with(with_network(&["127.0.0.1/32"])).await;
    let (endpoint, secret) = hook(&server, &receiver.url("/hook?shop=1")).await;
    try_on(&server).await;
    for wait in [Duration::ZERO, seconds(6), seconds(33)] {
        server.clock.advance(wait);
        let sent = receiver.answer_during(server.send_webhooks()).await;
        assert_eq!(sent, 1);
    }
    server.clock.advance_days(1);
    assert_eq!(server.send_webhooks().await, 0);
    let received = receiver.take();
    assert_eq!(received.len(), 3);
    for request in &received {
        assert!(request.line.starts_with("POST /hook?shop=1 "));
        let id = request.posted.header("webhook-id");
        assert_eq!(id, received[0].posted.header("webhook-id"));
        assert_eq!(
            request.posted.header("webhook-signature"),
            expected_signature(&secret, &request.posted)
        );
    }
    // The same message each time, but for the link, which is good for an hour from the attempt on.
    let mut bodies: Vec<_> = received
        .iter()
        .map(|request| request.posted.json())
        .collect();
    let links: Vec<_> = bodies
        .iter_mut()
        .map(|body| text(&body["data"]["resultImageUrl"].take()))
        .collect();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    assert!(links[0] != links[1] && links[1] != links[2]);
    let delivery = logged(&server, endpoint).await;
    assert_eq!(
        (delivery.state, delivery.attempts),
        (DeliveryState::Delivered, 3)
    );
    let words = errors(&server, endpoint).await;
    let words: Vec<_> = words.iter().map(Option::as_deref).collect();
    let expected = [
        Some("the server answered 500"),
        Some("the server answered 503"),
        None,
    ];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn a_private_address_is_neither_taken_nor_reached() {
    let receiver = Receiver::start(vec![200]).await;
    let server = shop_with(with_network(&[])).await;
    let ports = &server.ports;
    let mut endpoint = Endpoint {
        id: EndpointId::from_uuid(ports.ids.uuid()),
        account: server.account.id,
        url: receiver.url("/"),
        events: Event::ALL.to_vec(),
        is_active: true,
        created_at: ports.clock.now(),
    };
    let secret = WebhookSecret::from_random(ports.ids.secret());
    let (webhooks, post) = (ports.webhooks.as_ref(), ports.post.as_ref());
    for url in [
        receiver.url("/"),
        "ftp://x.example/".into(),
        "x".repeat(3_000),
    ] {
        endpoint.url = url;
        let refused = webhook::register(webhooks, post, endpoint.clone(), secret.clone()).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Code::ValidationFailed);
        assert_eq!(error.details()[0].path, "url");
    }
    // As if the network had been open when it was registered.
    endpoint.url = receiver.url("/");
    let id = endpoint.id;
    webhooks.create_endpoint(endpoint, secret).await.unwrap();
    try_on(&server).await;
    assert_eq!(server.send_webhooks().await, 1);
    receiver.expect_untouched();
    let words = errors(&server, id).await[0].clone().unwrap();
    assert!(words.contains("the address is not allowed"), "{words}");
    assert!(!words.contains("127"), "{words}");
    assert_eq!(logged(&server, id).await.state, DeliveryState::Pending);
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let log = receiver::Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // While there is one subscriber, a line that another test reaches first is registered without asking it.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let guard = tracing::subscriber::set_default(subscriber);
    let server = shop_with(options()).await;
    let url = "https://hooks.example/token-in-a-path";
    let (_, secret) = hook(&server, url).await;
    server.hooks.answer(url, 500);
    server.hooks.answer(url, 410);
    try_on(&server).await;
    server.send_webhooks().await;
    server.clock.advance(seconds(6));
    server.send_webhooks().await;
    drop(guard);
    let posts = server.hooks.take();
    assert_eq!(posts.len(), 2);
    let written = log.text();
    assert!(written.contains("webhook not delivered yet"), "{written}");
    assert!(written.contains("switched off"), "{written}");
    let link = text(&posts[0].json()["data"]["resultImageUrl"]);
    let signature = link.split_once("signature=").unwrap().1;
    for absent in [
        secret.expose().trim_start_matches("whsec_"),
        "token-in-a-path",
        "customer-4711",
        signature,
        posts[0].header("webhook-signature"),
    ] {
        assert!(!written.contains(absent), "{absent}: {written}");
    }
    let bytes = format!("{:?}", secret.as_bytes());
    assert!(!written.contains(bytes.trim_matches(['[', ']'])));
}

trait ClockNow {
    fn clock_now(&self) -> Value;
}

impl ClockNow for TestServer {
    /// The clock's moment as JSON.
    fn clock_now(&self) -> Value {
        json!(self.ports.clock.now())
    }
}
