//! The frame of the admin API: keys, rates, the switch.

mod accounts;
mod document;
mod generations;
mod usage;
mod watermarks;
mod webhooks;

use std::sync::Arc;

use drape_core::admin_key::AdminKey;
use drape_server::{
    router::{is_admin, listed_routes},
    state::ApiSettings,
};
use drape_testkit::{TestServer, server::TestOptions};
use http::Method;
use serde_json::json;

use crate::{
    health::AwayEngine,
    world::{CREDITS, seconds},
};

const ENGINES: &str = "/admin/v1/engines";

#[tokio::test]
async fn every_admin_route_needs_an_admin_key() {
    let server = TestServer::start().await;
    let stranger = server.stranger();
    let wrong = server.with_admin_key(&format!("dak_{}", "A".repeat(43)));
    let admin = server.admin().await;
    let mut guarded = 0;
    for route in listed_routes() {
        if !is_admin(route.path) {
            continue;
        }
        guarded += 1;
        let path = route.path.replace(['{', '}'], "");
        for client in [&stranger, &*server] {
            // An account's key is no admin key.
            let answer = client.bare(route.method.clone(), &path).await;
            answer.expect_error(401, "MISSING_API_KEY");
            assert_eq!(answer.header("ratelimit"), "");
        }
        let answer = wrong.bare(route.method.clone(), &path).await;
        answer.expect_error(401, "INVALID_API_KEY");
        assert_eq!(answer.header("ratelimit"), "");
        let answer = admin.bare(route.method, &path).await;
        assert_ne!(answer.status, 401, "{path}");
        assert!(answer.header("ratelimit").starts_with("\"admin\";"));
    }
    assert!(guarded > 0);
}

#[tokio::test]
async fn admin_keys_and_account_keys_open_only_their_own_doors() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    admin.get(ENGINES).await.expect_status(200);
    admin
        .get(CREDITS)
        .await
        .expect_error(401, "MISSING_API_KEY");

    let account_key = server.key().unwrap();
    let posing = server.with_admin_key(account_key);
    posing
        .get(ENGINES)
        .await
        .expect_error(401, "INVALID_API_KEY");
    let admin_key = AdminKey::from_random([7; 32]);
    let posing = server.with_key(Some(admin_key.expose().to_owned()));
    posing
        .get(CREDITS)
        .await
        .expect_error(401, "INVALID_API_KEY");
    for (key, code) in [
        ("", "MISSING_API_KEY"),
        (" ", "MISSING_API_KEY"),
        ("dak_", "INVALID_API_KEY"),
        ("dak_ü", "INVALID_API_KEY"),
        (&"d".repeat(5_000), "INVALID_API_KEY"),
    ] {
        let client = server.with_admin_key(key);
        client.get(ENGINES).await.expect_error(401, code);
    }
}

#[tokio::test]
async fn a_revoked_admin_key_stops_at_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = server.admin().await;
    let keys = server.ports.admin_keys.list().await.unwrap();
    let now = server.ports.clock.now();
    let first = keys.last().unwrap().id;
    assert!(server.ports.admin_keys.revoke(first, now).await.unwrap());
    admin
        .get(ENGINES)
        .await
        .expect_error(401, "INVALID_API_KEY");
    other.get(ENGINES).await.expect_status(200);
}

#[tokio::test]
async fn what_does_not_exist_needs_no_key_and_wrong_methods_do() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for client in [&admin, &server.stranger()] {
        for path in ["/admin", "/admin/v1", "/admin/v1/", "/admin/v1/nope"] {
            client.get(path).await.expect_error(404, "NOT_FOUND");
        }
    }
    let path = ENGINES;
    let answer = server.stranger().bare(Method::DELETE, path).await;
    answer.expect_error(401, "MISSING_API_KEY");
    let answer = admin.bare(Method::DELETE, path).await;
    answer.expect_error(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_switched_off_admin_api_does_not_exist() {
    let server = TestServer::start_with(TestOptions {
        settings: ApiSettings {
            admin_enabled: false,
            ..ApiSettings::default()
        },
        ..TestOptions::default()
    })
    .await;
    let admin = server.admin().await;
    for route in listed_routes() {
        if !is_admin(route.path) {
            continue;
        }
        let path = route.path.replace(['{', '}'], "");
        for client in [&admin, &server.stranger()] {
            let answer = client.bare(route.method.clone(), &path).await;
            answer.expect_error(404, "NOT_FOUND");
        }
    }
    server.get(CREDITS).await.expect_status(200);
}

#[tokio::test]
async fn each_admin_key_has_a_rate_of_its_own() {
    let server = TestServer::start_with(TestOptions {
        rate_limit: 1,
        settings: ApiSettings {
            admin_rate_limit: 3,
            ..ApiSettings::default()
        },
        ..TestOptions::default()
    })
    .await;
    let admin = server.admin().await;
    for left in [2, 1, 0] {
        let answer = admin.get(ENGINES).await;
        answer.expect_status(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"admin\";q=3;w=60");
        let state = format!("\"admin\";r={left};t=60");
        assert_eq!(answer.header("ratelimit"), state);
    }
    let answer = admin.get(ENGINES).await;
    answer.expect_error(429, "RATE_LIMITED");
    assert_eq!(answer.header("retry-after"), "60");
    server.admin().await.get(ENGINES).await.expect_status(200);
    // Nothing of this counted against the account.
    server.get(CREDITS).await.expect_status(200);
    server.clock.advance(seconds(60));
    admin.get(ENGINES).await.expect_status(200);
}

#[tokio::test]
async fn engines_say_whether_they_are_ready() {
    let server = TestServer::start_with(TestOptions {
        engine: Some(Arc::new(AwayEngine)),
        ..TestOptions::default()
    })
    .await;
    let admin = server.admin().await;
    let answer = admin.get(ENGINES).await.expect_status(200);
    let categories = answer["items"][1]["categories"].clone();
    assert_eq!(categories[0], "top");
    let expected = json!({ "items": [
        {
            "name": "away", "isDefault": true, "categories": [], "isReady": false,
            "problem": "set a key for the engine",
        },
        {
            "name": "mock", "isDefault": false, "categories": categories, "isReady": true,
            "problem": null,
        },
    ] });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn an_account_is_read_by_its_id() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("/admin/v1/accounts/{}", server.account.id);
    let account = admin.get(&path).await.expect_status(200);
    assert_eq!(account["accountId"], server.account.id.to_string());
    assert_eq!(account["name"], "first");
    assert_eq!(account["creditBalance"], 10);
    assert_eq!(account["isActive"], true);
    assert_eq!(account["createdAt"], "2026-03-01T09:00:00.000Z");
    for unknown in [
        "acc_00000000000070008000000000000099",
        "first",
        "%ff",
        "acc_",
    ] {
        let path = format!("/admin/v1/accounts/{unknown}");
        admin
            .get(&path)
            .await
            .expect_error(404, "ACCOUNT_NOT_FOUND");
    }
}
