//! Accounts, their keys and their credits.

use drape_core::{admin::AccountDefaults, ids::KeyId};
use drape_server::state::ApiSettings;
use drape_testkit::{TestClient, TestServer, server::TestOptions};
use http::Method;
use serde_json::{Value, json};

use crate::world::{
    CREDITS, TRY_ON, accepted, balance, details, generation, keys, one_shot, shop, text, upload,
};

const ACCOUNTS: &str = "/admin/v1/accounts";

fn path(account: &Value) -> String {
    format!("{ACCOUNTS}/{}", text(&account["accountId"]))
}

async fn create(admin: &TestClient, name: &str) -> Value {
    let body = json!({ "name": name });
    let made = admin.post(ACCOUNTS, &body).await.expect_status(201);
    made["account"].clone()
}

#[tokio::test]
async fn a_new_account_works_with_the_key_that_is_shown_once() {
    let server = TestServer::start_with(TestOptions {
        settings: ApiSettings {
            account_defaults: AccountDefaults {
                credits: 4,
                rate_limit: 30,
                poll_limit: 90,
            },
            ..ApiSettings::default()
        },
        ..TestOptions::default()
    })
    .await;
    let admin = server.admin().await;
    let body = json!({ "name": "  New shop ", "unknown": true });
    let made = admin.post(ACCOUNTS, &body).await.expect_status(201);
    assert_eq!(keys(&made), ["account", "apiKey"]);
    let account = &made["account"];
    let expected = json!({
        "accountId": account["accountId"], "name": "New shop", "isActive": true, "creditBalance": 4,
        "rateLimit": 30, "pollLimit": 90, "keepForDays": 7, "engine": null, "aiLabel": false,
        "creditsLowAt": 5, "createdAt": "2026-03-01T09:00:00.000Z",
    });
    assert_eq!(*account, expected);
    let client = server.with_key(made["apiKey"].as_str().map(str::to_owned));
    assert_eq!(balance(&client).await, 4);

    let read = admin.get(&path(account)).await;
    assert_eq!(read.expect_status(200), expected);
    assert!(!read.text().contains(&text(&made["apiKey"])));

    let body = json!({ "name": "rich", "credits": 0, "rateLimit": 500 });
    let made = admin.post(ACCOUNTS, &body).await.expect_status(201);
    assert_eq!(made["account"]["creditBalance"], 0);
    assert_eq!(made["account"]["rateLimit"], 500);
    // Whoever may ask more often also looks more often.
    assert_eq!(made["account"]["pollLimit"], 3_000);
}

#[tokio::test]
async fn a_bad_account_is_refused_with_every_problem_and_leaves_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let refused = async |body: Value| {
        let answer = admin.post(ACCOUNTS, &body).await;
        details(&answer.expect_error(400, "VALIDATION_FAILED"))
    };
    assert_eq!(refused(json!({})).await, ["name: Required"]);
    assert_eq!(
        refused(json!([])).await,
        ["body: Expected object, received array"]
    );
    assert_eq!(
        refused(json!({ "name": "first" })).await,
        ["name: An account with this name exists already"]
    );
    assert_eq!(
        refused(json!({ "name": " ", "credits": "1", "rateLimit": 0, "pollLimit": 1.5 })).await,
        [
            "credits: Expected number, received string",
            "pollLimit: Expected integer, received float",
            "name: Expected 1 to 100 printable characters",
            "rateLimit: Expected a number from 1 to 1000000000",
        ]
    );
    assert_eq!(
        refused(json!({ "name": server.account.id.to_string(), "credits": 1_000_000_001 })).await,
        [
            "name: Looks like an account id",
            "credits: Expected a number from 0 to 1000000000",
        ]
    );
    let answer = admin.post_bytes(ACCOUNTS, "application/json", "{").await;
    answer.expect_error(400, "VALIDATION_FAILED");
    let answer = admin.post_bytes(ACCOUNTS, "text/plain", "{}").await;
    answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    let answer = admin
        .post_bytes(ACCOUNTS, "multipart/form-data; boundary=x", "--x--")
        .await;
    answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    let answer = admin
        .post_bytes(ACCOUNTS, "application/json", vec![b' '; 1_000_001])
        .await;
    answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(server.ports.accounts.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn accounts_are_listed_in_pages_and_filtered() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for name in ["Red shop", "blue", "green SHOP"] {
        create(&admin, name).await;
    }
    let list = async |query: &str| {
        let page = admin.get(&format!("{ACCOUNTS}?{query}")).await;
        page.expect_status(200)
    };
    let names = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| text(&item["name"]))
            .collect::<Vec<_>>()
    };
    let page = list("limit=2").await;
    assert_eq!(keys(&page), ["items", "nextCursor", "hasMore", "count"]);
    assert_eq!(names(&page), ["green SHOP", "blue"]);
    create(&admin, "added meanwhile").await;
    let rest = list(&format!("limit=2&cursor={}", text(&page["nextCursor"]))).await;
    assert_eq!(names(&rest), ["Red shop", "first"]);
    assert_eq!(rest["nextCursor"], Value::Null);
    assert_eq!(names(&list("name=shop").await), ["green SHOP", "Red shop"]);
    assert_eq!(names(&list("name=Red%20s").await), ["Red shop"]);
    assert_eq!(names(&list("isActive=false").await), Vec::<String>::new());
    assert_eq!(list("isActive=true&name=first").await["count"], 1);

    let answer = admin
        .get(&format!("{ACCOUNTS}?limit=0&cursor=x&isActive=yes&name="))
        .await;
    assert_eq!(
        details(&answer.expect_error(400, "VALIDATION_FAILED")),
        [
            "name: String must contain at least 1 character(s)",
            "isActive: Invalid enum value. Expected 'true' | 'false', received 'yes'",
            "limit: Number must be greater than or equal to 1",
            "cursor: Invalid cursor",
        ]
    );
}

#[tokio::test]
async fn settings_hold_from_the_next_request_on() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("{ACCOUNTS}/{}", server.account.id);
    let change = json!({
        "rateLimit": 2, "pollLimit": 3, "keepForDays": 1, "engine": "mock", "aiLabel": true,
        "creditsLowAt": 0, "name": "names do not change",
    });
    let changed = admin.patch(&path, &change).await.expect_status(200);
    let expected = json!({
        "accountId": server.account.id.to_string(), "name": "first", "isActive": true, "creditBalance": 10,
        "rateLimit": 2, "pollLimit": 3, "keepForDays": 1, "engine": "mock", "aiLabel": true,
        "creditsLowAt": 0, "createdAt": "2026-03-01T09:00:00.000Z",
    });
    assert_eq!(changed, expected);
    for left in ["r=1", "r=0"] {
        let answer = server.get(CREDITS).await;
        answer.expect_status(200);
        assert!(answer.header("ratelimit").contains(left));
    }
    server.get(CREDITS).await.expect_error(429, "RATE_LIMITED");

    // Nothing given, nothing changed; null clears the engine and leaves the rest alone.
    let nothing = json!({ "rateLimit": null, "isActive": null });
    let same = admin.patch(&path, &nothing).await.expect_status(200);
    assert_eq!(same, expected);
    let cleared = admin.patch(&path, &json!({ "engine": null })).await;
    assert_eq!(cleared.expect_status(200)["engine"], Value::Null);

    let off = json!({ "isActive": false, "rateLimit": 100 });
    admin.patch(&path, &off).await.expect_status(200);
    server
        .get(CREDITS)
        .await
        .expect_error(401, "INVALID_API_KEY");
    // The operator still sees the account, and switches it on again.
    admin.get(&path).await.expect_status(200);
    let on = json!({ "isActive": true });
    admin.patch(&path, &on).await.expect_status(200);
    server.get(CREDITS).await.expect_status(200);
}

#[tokio::test]
async fn bad_settings_change_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("{ACCOUNTS}/{}", server.account.id);
    let before = admin.get(&path).await.expect_status(200);
    let change = json!({
        "isActive": "no", "rateLimit": 0, "pollLimit": -1, "keepForDays": 2, "engine": "nope",
        "aiLabel": 1, "creditsLowAt": 1e12,
    });
    let answer = admin.patch(&path, &change).await;
    assert_eq!(
        details(&answer.expect_error(400, "VALIDATION_FAILED")),
        [
            "isActive: Expected boolean, received string",
            "pollLimit: Number must be greater than or equal to 0",
            "aiLabel: Expected boolean, received number",
            "creditsLowAt: Number must be less than or equal to 4294967295",
            "rateLimit: Expected a number from 1 to 1000000000",
            "keepForDays: Invalid enum value. Expected 1 | 3 | 7, received 2",
            "engine: Invalid enum value. Expected 'scripted' | 'mock'",
        ]
    );
    let half = json!({ "rateLimit": 5, "engine": 7 });
    let answer = admin.patch(&path, &half).await;
    answer.expect_error(400, "VALIDATION_FAILED");
    assert_eq!(admin.get(&path).await.expect_status(200), before);
    let unknown = format!("{ACCOUNTS}/acc_00000000000070008000000000000099");
    let answer = admin.patch(&unknown, &json!({ "rateLimit": 5 })).await;
    answer.expect_error(404, "ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = create(&admin, "other").await;
    let path = format!("{ACCOUNTS}/{}/keys", server.account.id);
    let body = json!({ "label": "web shop" });
    let made = admin.post(&path, &body).await.expect_status(201);
    let id = text(&made["key"]["keyId"]);
    let expected = json!({
        "keyId": id, "label": "web shop", "createdAt": "2026-03-01T09:00:00.000Z", "revokedAt": null,
    });
    assert_eq!(made["key"], expected);
    let second = server.with_key(Some(text(&made["apiKey"])));
    second.get(CREDITS).await.expect_status(200);

    let listed = admin.get(&path).await;
    assert!(!listed.text().contains(&text(&made["apiKey"])));
    let listed = listed.expect_status(200);
    assert_eq!(listed["items"][0], expected);
    assert_eq!(listed["items"][1]["label"], "test");

    // Under another account the key does not exist.
    let foreign = format!("{ACCOUNTS}/{}/keys/{id}", text(&other["accountId"]));
    let answer = admin.delete(&foreign).await;
    answer.expect_error(404, "KEY_NOT_FOUND");
    second.get(CREDITS).await.expect_status(200);
    admin
        .delete(&format!("{path}/{id}"))
        .await
        .expect_status(204);
    second
        .get(CREDITS)
        .await
        .expect_error(401, "INVALID_API_KEY");
    server.get(CREDITS).await.expect_status(200);
    let unknown = KeyId::from_uuid(server.ports.ids.uuid()).to_string();
    for gone in [id.as_str(), unknown.as_str(), "key_1"] {
        let answer = admin.delete(&format!("{path}/{gone}")).await;
        answer.expect_error(404, "KEY_NOT_FOUND");
    }
    let listed = admin.get(&path).await.expect_status(200);
    assert_eq!(listed["items"][0]["revokedAt"], "2026-03-01T09:00:00.000Z");

    let answer = admin.post(&path, &json!({ "label": "a\nb" })).await;
    assert_eq!(
        details(&answer.expect_error(400, "VALIDATION_FAILED")),
        ["label: Expected 0 to 100 printable characters"]
    );
    let answer = admin.post(&path, &json!({ "label": 1 })).await;
    answer.expect_error(400, "VALIDATION_FAILED");
    let made = admin.post(&path, &json!({})).await.expect_status(201);
    assert_eq!(made["key"]["label"], "");
    for method in [Method::GET, Method::POST] {
        let request = admin
            .request(method, &format!("{ACCOUNTS}/nobody/keys"))
            .body(axum::body::Body::from("{}"))
            .unwrap();
        let answer = admin.send(request).await;
        answer.expect_error(404, "ACCOUNT_NOT_FOUND");
    }
}

#[tokio::test]
async fn credits_are_given_and_taken_with_a_note() {
    let server = shop().await;
    let admin = server.admin().await;
    let path = format!("{ACCOUNTS}/{}/credits", server.account.id);
    let body = json!({ "amount": 5, "note": "invoice 7" });
    let given = admin.post(&path, &body).await.expect_status(201);
    assert_eq!(given["creditBalance"], 15);
    let expected = json!({
        "entryId": given["entry"]["entryId"], "kind": "grant", "amount": 5, "generationId": null,
        "note": "invoice 7", "createdAt": "2026-03-01T09:00:00.000Z",
    });
    assert_eq!(given["entry"], expected);
    let taken = admin.post(&path, &json!({ "amount": -12 })).await;
    assert_eq!(taken.expect_status(201)["creditBalance"], 3);
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;

    let page = admin.get(&format!("{path}?limit=2")).await;
    let page = page.expect_status(200);
    assert_eq!(
        keys(&page),
        ["creditBalance", "items", "nextCursor", "hasMore", "count"]
    );
    assert_eq!(page["creditBalance"], 2);
    assert_eq!(page["items"][0]["kind"], "hold");
    assert_eq!(page["items"][0]["amount"], -1);
    assert_eq!(page["items"][0]["generationId"], id);
    assert_eq!(page["items"][1]["amount"], -12);
    server.run_jobs().await;
    assert_eq!(generation(&server, &id).await["status"], "COMPLETED");
    let cursor = text(&page["nextCursor"]);
    let rest = admin.get(&format!("{path}?cursor={cursor}")).await;
    let rest = rest.expect_status(200);
    assert_eq!(rest["items"][0], expected);
    assert_eq!(rest["items"][1]["note"], "opening credits");
    assert_eq!(
        (&rest["count"], &rest["hasMore"]),
        (&json!(2), &json!(false))
    );
}

#[tokio::test]
async fn bad_grants_change_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("{ACCOUNTS}/{}/credits", server.account.id);
    let refused = async |body: Value| {
        let answer = admin.post(&path, &body).await;
        details(&answer.expect_error(400, "VALIDATION_FAILED"))
    };
    assert_eq!(
        refused(json!({ "amount": -11 })).await,
        ["amount: The account has only 10 credit(s) to take back."]
    );
    let bounds = "amount: Expected a number from -1000000000 to 1000000000, other than 0";
    assert_eq!(refused(json!({ "amount": 0 })).await, [bounds]);
    assert_eq!(refused(json!({ "note": "x" })).await, ["amount: Required"]);
    assert_eq!(
        refused(json!({ "amount": 1.5, "note": 1 })).await,
        [
            "amount: Expected integer, received float",
            "note: Expected string, received number"
        ]
    );
    assert_eq!(
        refused(json!({ "amount": 1_000_000_001, "note": "n".repeat(501) })).await,
        [
            "amount: Number must be less than or equal to 1000000000",
            "note: Expected 0 to 500 printable characters"
        ]
    );
    assert_eq!(balance(&server).await, 10);
    let unknown = format!("{ACCOUNTS}/acc_00000000000070008000000000000099/credits");
    for answer in [
        admin.post(&unknown, &json!({ "amount": 1 })).await,
        admin.get(&unknown).await,
    ] {
        answer.expect_error(404, "ACCOUNT_NOT_FOUND");
    }
    let answer = admin.get(&format!("{path}?limit=201")).await;
    answer.expect_error(400, "VALIDATION_FAILED");
    // Nobody may spend what was not given.
    let answer = server.post(TRY_ON, &json!({})).await;
    answer.expect_error(400, "VALIDATION_FAILED");
}
