//! Keys.

use drape_core::{account::ApiKey, ids::KeyId};
use drape_server::router::{OPEN_ROUTES, is_admin, listed_routes};
use drape_testkit::TestServer;
use http::Method;
use serde_json::json;

use crate::world::{CREDITS, TRY_ON, UPLOAD};

#[tokio::test]
async fn every_route_needs_a_key_unless_it_is_listed_as_open() {
    let server = TestServer::start().await;
    let stranger = server.stranger();
    let wrong = server.with_key(Some(format!("gk_{}", "A".repeat(43))));
    let mut guarded = 0;
    for route in listed_routes() {
        if is_admin(route.path) {
            continue;
        }
        let path = route.path.replace(['{', '}'], "");
        let answer = stranger.bare(route.method.clone(), &path).await;
        if OPEN_ROUTES.contains(&route.path) {
            assert_ne!(answer.status, 401, "{path}");
            continue;
        }
        guarded += 1;
        answer.expect_error(401, "MISSING_API_KEY");
        assert_eq!(answer.header("ratelimit"), "");
        let answer = wrong.bare(route.method, &path).await;
        answer.expect_error(401, "INVALID_API_KEY");
        assert_eq!(answer.header("ratelimit"), "");
    }
    assert!(guarded >= 10, "{guarded}");
    let open: Vec<_> = OPEN_ROUTES.into_iter().collect();
    let all = [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/tryon/v1/pictures/{kind}/{file}",
        "/",
        "/docs",
        "/docs/",
        "/docs/{page}",
        "/docs/llms.txt",
        "/docs/llms-full.txt",
        "/docs/search.json",
        "/docs/assets/{file}",
    ];
    assert_eq!(
        open, all,
        "a new open route is a decision: write it here, too"
    );
}

#[tokio::test]
async fn texts_that_are_no_keys_are_invalid_and_empty_ones_missing() {
    let server = TestServer::start().await;
    let good = server.key().unwrap().to_owned();
    for (key, code) in [
        ("", "MISSING_API_KEY"),
        ("  ", "MISSING_API_KEY"),
        ("x", "INVALID_API_KEY"),
        ("gk_", "INVALID_API_KEY"),
        (&good.to_lowercase(), "INVALID_API_KEY"),
        (&good[..45], "INVALID_API_KEY"),
        (&format!("{good}x"), "INVALID_API_KEY"),
        (&format!("Bearer {good}"), "INVALID_API_KEY"),
        (&"k".repeat(5_000), "INVALID_API_KEY"),
        ("gk_ü", "INVALID_API_KEY"),
    ] {
        let client = server.with_key(Some(key.to_owned()));
        client.get(CREDITS).await.expect_error(401, code);
    }
    server.get(CREDITS).await.expect_status(200);
}

#[tokio::test]
async fn a_revoked_key_stops_at_once_and_the_other_one_works_on() {
    let server = TestServer::start().await;
    let accounts = &server.ports.accounts;
    let now = server.ports.clock.now();
    let second = ApiKey::from_random(server.ports.ids.secret());
    let new_key = drape_core::account::NewKey {
        id: KeyId::from_uuid(server.ports.ids.uuid()),
        hash: second.hash(),
        label: "second".to_owned(),
        now,
    };
    accounts
        .create_key(server.account.id, new_key)
        .await
        .unwrap();
    let second = server.with_key(Some(second.expose().to_owned()));
    second.get(CREDITS).await.expect_status(200);

    let keys = accounts.list_keys(server.account.id).await.unwrap();
    let first = keys.iter().find(|key| key.label == "test").unwrap();
    assert!(
        accounts
            .revoke_key(server.account.id, first.id, now)
            .await
            .unwrap()
    );
    server
        .get(CREDITS)
        .await
        .expect_error(401, "INVALID_API_KEY");
    second.get(CREDITS).await.expect_status(200);
}

#[tokio::test]
async fn a_disabled_account_is_locked_out_until_it_is_enabled() {
    let server = TestServer::start().await;
    let accounts = &server.ports.accounts;
    assert!(accounts.set_active(server.account.id, false).await.unwrap());
    server
        .get(CREDITS)
        .await
        .expect_error(401, "INVALID_API_KEY");
    server
        .post(TRY_ON, &json!({}))
        .await
        .expect_error(401, "INVALID_API_KEY");
    assert!(accounts.set_active(server.account.id, true).await.unwrap());
    server.get(CREDITS).await.expect_status(200);
}

#[tokio::test]
async fn the_key_is_asked_for_before_the_body_is_looked_at() {
    let server = TestServer::start().await;
    let stranger = server.stranger();
    let answer = stranger
        .post_bytes(TRY_ON, "application/json", "{broken")
        .await;
    answer.expect_error(401, "MISSING_API_KEY");
    let answer = stranger.post_bytes(UPLOAD, "text/plain", "x").await;
    answer.expect_error(401, "MISSING_API_KEY");
    // The size is checked first of all.
    let request = stranger
        .request(Method::POST, TRY_ON)
        .header("content-length", "1000001")
        .body(axum::body::Body::empty())
        .unwrap();
    stranger
        .send(request)
        .await
        .expect_error(413, "PAYLOAD_TOO_LARGE");
}
