//! Webhooks over the admin API.

use drape_testkit::{TestClient, TestServer};
use http::Method;
use serde_json::{Value, json};

use crate::world::{accepted, details, keys, one_shot, seconds, shop, text, upload};

const HOOK: &str = "https://hooks.example/drape";

fn webhooks_of(server: &TestServer) -> String {
    format!("/admin/v1/accounts/{}/webhooks", server.account.id)
}

/// Registers a webhook for all events and returns its path.
async fn create(server: &TestServer, admin: &TestClient) -> String {
    let path = webhooks_of(server);
    let made = admin.post(&path, &json!({ "url": HOOK })).await;
    let id = text(&made.expect_status(201)["webhook"]["webhookId"]);
    format!("{path}/{id}")
}

async fn post(admin: &TestClient, path: String) -> drape_testkit::TestResponse {
    admin.bare(Method::POST, &path).await
}

#[tokio::test]
async fn a_webhook_is_made_read_changed_and_deleted() {
    let server = shop().await;
    let admin = server.admin().await;
    let path = webhooks_of(&server);
    let body = json!({ "url": HOOK, "events": ["credits.low", "generation.failed"], "new": 1 });
    let made = admin.post(&path, &body).await.expect_status(201);
    assert_eq!(keys(&made), ["webhook", "secret"]);
    let secret = text(&made["secret"]);
    assert!(secret.starts_with("whsec_") && secret.len() == 50);
    let id = text(&made["webhook"]["webhookId"]);
    let mut expected = json!({
        "webhookId": id, "url": HOOK, "events": ["generation.failed", "credits.low"], "isActive": true,
        "createdAt": "2026-03-01T09:00:00.000Z",
    });
    assert_eq!(made["webhook"], expected);
    let one = format!("{path}/{id}");
    let read = admin.get(&one).await;
    assert_eq!(read.expect_status(200), expected);
    assert!(!read.text().contains(&secret));
    let all = json!(["generation.completed", "generation.failed", "credits.low"]);
    let second = create(&server, &admin).await;
    let listed = admin.get(&path).await.expect_status(200);
    assert_eq!(listed["items"][1], expected);
    assert_eq!(listed["items"][0]["events"], all);

    let change =
        json!({ "url": "https://hooks.example/2", "events": ["credits.low"], "isActive": false });
    for key in ["url", "events", "isActive"] {
        expected[key] = change[key].clone();
        let changed = admin.patch(&one, &json!({ key: change[key] })).await;
        assert_eq!(changed.expect_status(200), expected);
    }
    let same = admin.patch(&one, &json!({ "url": null })).await;
    assert_eq!(same.expect_status(200), expected);
    let rotated = post(&admin, format!("{one}/rotate-secret")).await;
    let rotated = rotated.expect_status(200);
    assert_eq!(rotated["webhook"], expected);
    assert_ne!(text(&rotated["secret"]), secret);

    admin.delete(&one).await.expect_status(204);
    admin
        .delete(&one)
        .await
        .expect_error(404, "WEBHOOK_NOT_FOUND");
    admin.get(&one).await.expect_error(404, "WEBHOOK_NOT_FOUND");
    admin.get(&second).await.expect_status(200);
}

#[tokio::test]
async fn what_does_not_fit_is_named_all_at_once() {
    let server = shop().await;
    let admin = server.admin().await;
    let path = webhooks_of(&server);
    let one = create(&server, &admin).await;
    let words =
        "Invalid enum value. Expected 'generation.completed' | 'generation.failed' | 'credits.low'";
    let cases: [(Value, Vec<String>); 7] = [
        (json!({}), vec!["url: Required".into()]),
        (
            json!({ "url": 1, "events": "x" }),
            vec![
                "url: Expected string, received number".into(),
                "events: Expected array, received string".into(),
            ],
        ),
        (
            json!({ "url": HOOK, "events": [] }),
            vec!["events: Expected at least one event".into()],
        ),
        (
            json!({ "url": HOOK, "events": [1, "x"] }),
            vec!["events.0: Expected string, received number".into()],
        ),
        (
            json!({ "url": HOOK, "events": ["credits.low", "x", "webhook.test"] }),
            vec![format!("events.1: {words}"), format!("events.2: {words}")],
        ),
        (
            json!({ "url": "http://10.0.0.1/", "events": ["x"] }),
            vec![
                "url: Not a usable address: only https URLs are allowed".into(),
                format!("events.0: {words}"),
            ],
        ),
        (
            json!({ "url": format!("https://x.example/{}", "a".repeat(2_048)) }),
            vec!["url: Expected at most 2048 bytes".into()],
        ),
    ];
    for (body, expected) in cases {
        let error = admin.post(&path, &body).await;
        let error = error.expect_error(400, "VALIDATION_FAILED");
        assert_eq!(details(&error), expected, "{body}");
        if body != json!({}) {
            let error = admin.patch(&one, &body).await;
            let error = error.expect_error(400, "VALIDATION_FAILED");
            assert_eq!(details(&error), expected, "{body}");
        }
    }
    let error = admin.patch(&one, &json!({ "isActive": "no" })).await;
    let error = error.expect_error(400, "VALIDATION_FAILED");
    assert_eq!(
        details(&error),
        ["isActive: Expected boolean, received string"]
    );
    for _ in 1..10 {
        create(&server, &admin).await;
    }
    let error = admin.post(&path, &json!({ "url": HOOK })).await;
    let error = error.expect_error(400, "VALIDATION_FAILED");
    assert_eq!(details(&error), ["url: An account has at most 10 webhooks"]);
    let listed = admin.get(&path).await.expect_status(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_log_tells_every_attempt_and_a_message_can_be_sent_again() {
    let server = shop().await;
    let admin = server.admin().await;
    let one = create(&server, &admin).await;
    let image = upload(&server).await;
    let generation = accepted(&server, &one_shot(&image)).await;
    server.run_jobs().await;
    let happened_at = json!(server.ports.clock.now());
    server.hooks.fail(HOOK, "the server could not be reached");
    server.send_webhooks().await;
    server.clock.advance(seconds(6));
    server.send_webhooks().await;
    let listed = admin.get(&format!("{one}/deliveries")).await;
    let listed = listed.expect_status(200);
    assert_eq!(listed["count"], 1);
    let item = &listed["items"][0];
    let mut expected = json!({
        "deliveryId": item["deliveryId"], "webhookId": item["webhookId"], "event": "generation.completed",
        "generationId": generation, "creditBalance": null, "state": "delivered", "attempts": 2,
        "nextAttemptAt": null, "createdAt": happened_at, "endedAt": server.ports.clock.now(),
    });
    assert_eq!(*item, expected);
    let message = format!("{one}/deliveries/{}", text(&item["deliveryId"]));
    let read = admin.get(&message).await.expect_status(200);
    assert_eq!(read["delivery"], expected);
    let log = json!([
        {
            "number": 1, "status": null, "error": "the server could not be reached", "durationMs": 0,
            "at": happened_at,
        },
        { "number": 2, "status": 200, "error": null, "durationMs": 0, "at": server.ports.clock.now() },
    ]);
    assert_eq!(read["log"], log);

    let replayed = post(&admin, format!("{message}/replay")).await;
    expected["state"] = json!("pending");
    expected["nextAttemptAt"] = json!(server.ports.clock.now());
    expected["endedAt"] = Value::Null;
    assert_eq!(replayed.expect_status(202), expected);
    assert_eq!(server.send_webhooks().await, 1);
    let posts = server.hooks.take();
    assert_eq!(posts.len(), 3);
    assert!(
        posts
            .iter()
            .all(|posted| posted.header("webhook-id") == text(&item["deliveryId"]))
    );
}

#[tokio::test]
async fn a_webhook_can_be_tried_out_while_it_is_on() {
    let server = shop().await;
    let admin = server.admin().await;
    let one = create(&server, &admin).await;
    let sent = post(&admin, format!("{one}/test")).await;
    let sent = sent.expect_status(202);
    assert_eq!(
        (&sent["event"], &sent["state"]),
        (&json!("webhook.test"), &json!("pending"))
    );
    server.hooks.answer(HOOK, 410);
    server.send_webhooks().await;
    let body = server.hooks.take().remove(0).json();
    assert_eq!(
        (&body["type"], &body["data"]),
        (&json!("webhook.test"), &json!({}))
    );
    let read = admin.get(&one).await.expect_status(200);
    assert_eq!(read["isActive"], false);
    let message = format!("{one}/deliveries/{}", text(&sent["deliveryId"]));
    for path in [format!("{one}/test"), format!("{message}/replay")] {
        let error = post(&admin, path).await;
        let error = error.expect_error(400, "VALIDATION_FAILED");
        assert!(details(&error)[0].starts_with("isActive: "));
    }
    for (query, count) in [("?failed=true", 1), ("?failed=false", 1), ("?limit=1", 1)] {
        let listed = admin.get(&format!("{one}/deliveries{query}")).await;
        assert_eq!(listed.expect_status(200)["count"], count, "{query}");
    }
    let error = admin
        .get(&format!("{one}/deliveries?failed=1&limit=0"))
        .await;
    let error = error.expect_error(400, "VALIDATION_FAILED");
    assert_eq!(details(&error).len(), 2);
}

#[tokio::test]
async fn what_belongs_elsewhere_is_not_found() {
    let server = shop().await;
    let admin = server.admin().await;
    let one = create(&server, &admin).await;
    let other_hook = create(&server, &admin).await;
    let (other, _) = server.another_account("other", 1).await;
    let id = one.rsplit('/').next().unwrap();
    let sent = post(&admin, format!("{one}/test")).await.expect_status(202);
    let delivery = text(&sent["deliveryId"]);
    let foreign = format!("/admin/v1/accounts/{}/webhooks/{id}", other.id);
    let hook_paths = [
        foreign.clone(),
        format!("{}/whe_1", webhooks_of(&server)),
        format!("{}/whe_{}", webhooks_of(&server), "0".repeat(32)),
    ];
    for path in &hook_paths {
        for (method, end) in [
            (Method::GET, ""),
            (Method::DELETE, ""),
            (Method::POST, "/rotate-secret"),
            (Method::POST, "/test"),
            (Method::GET, "/deliveries"),
        ] {
            let answer = admin.bare(method, &format!("{path}{end}")).await;
            answer.expect_error(404, "WEBHOOK_NOT_FOUND");
        }
        let answer = admin.patch(path, &json!({})).await;
        answer.expect_error(404, "WEBHOOK_NOT_FOUND");
    }
    for path in [
        format!("{foreign}/deliveries/{delivery}"),
        format!("{other_hook}/deliveries/{delivery}"),
        format!("{one}/deliveries/msg_1"),
        format!("{one}/deliveries/msg_{}", "0".repeat(32)),
    ] {
        let answer = admin.get(&path).await;
        answer.expect_error(404, "WEBHOOK_NOT_FOUND");
        let answer = post(&admin, format!("{path}/replay")).await;
        answer.expect_error(404, "WEBHOOK_NOT_FOUND");
    }
    let nobody = format!("/admin/v1/accounts/acc_{}/webhooks", "0".repeat(32));
    admin
        .get(&nobody)
        .await
        .expect_error(404, "ACCOUNT_NOT_FOUND");
    let answer = admin.post(&nobody, &json!({ "url": HOOK })).await;
    answer.expect_error(404, "ACCOUNT_NOT_FOUND");
    assert_eq!(server.send_webhooks().await, 1, "nothing else was written");
}
