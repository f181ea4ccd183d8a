//! The answers of the admin API are what the API document says.

use serde_json::{Value, json};

use crate::{
    document::check,
    world::{accepted, one_shot, shop, text, upload},
};

#[tokio::test]
async fn every_admin_answer_fits_its_schema() {
    let server = shop().await;
    let admin = server.admin().await;
    let document = server.get("/openapi.json").await.json();
    let mut seen = Vec::new();
    let mut fits = |method: &str, route: &str, status: u16, answer: &Value| {
        let route = format!("/admin/v1{route}");
        let operation = &document["paths"][&route][method];
        let content = &operation["responses"][status.to_string()]["content"];
        let schema = &content["application/json"]["schema"];
        let place = format!("{method} {route} {status}");
        assert!(schema.is_object(), "{place} is not documented");
        check(&document, schema, answer, &place);
        seen.push(text(&operation["operationId"]));
    };
    let body = json!({ "name": "new" });
    let made = admin.post("/admin/v1/accounts", &body).await;
    fits("post", "/accounts", 201, &made.expect_status(201));
    let image = upload(&server).await;
    let done = accepted(&server, &one_shot(&image)).await;
    server.run_jobs().await;
    let waiting = accepted(&server, &one_shot(&image)).await;
    let account = format!("/admin/v1/accounts/{}", server.account.id);
    let generations = "/admin/v1/generations";
    let id = "/accounts/{accountId}";
    let found = "/generations/{generationId}";
    for (method, route, status, path, body) in [
        (
            "get",
            "/accounts",
            200,
            "/admin/v1/accounts".to_owned(),
            None,
        ),
        ("get", id, 200, account.clone(), None),
        (
            "patch",
            id,
            200,
            account.clone(),
            Some(json!({ "aiLabel": false })),
        ),
        (
            "post",
            "/accounts/{accountId}/keys",
            201,
            format!("{account}/keys"),
            Some(json!({})),
        ),
        (
            "get",
            "/accounts/{accountId}/keys",
            200,
            format!("{account}/keys"),
            None,
        ),
        (
            "post",
            "/accounts/{accountId}/credits",
            201,
            format!("{account}/credits"),
            Some(json!({ "amount": 2 })),
        ),
        (
            "get",
            "/accounts/{accountId}/credits",
            200,
            format!("{account}/credits"),
            None,
        ),
        ("get", "/generations", 200, generations.to_owned(), None),
        ("get", found, 200, format!("{generations}/{done}"), None),
        ("get", found, 200, format!("{generations}/{waiting}"), None),
        (
            "post",
            "/generations/{generationId}/cancel",
            200,
            format!("{generations}/{waiting}/cancel"),
            Some(json!({})),
        ),
        ("get", "/usage", 200, "/admin/v1/usage".to_owned(), None),
        ("get", "/system", 200, "/admin/v1/system".to_owned(), None),
        ("get", "/engines", 200, "/admin/v1/engines".to_owned(), None),
        (
            "post",
            "/accounts",
            400,
            "/admin/v1/accounts".to_owned(),
            Some(json!({})),
        ),
        ("get", found, 404, format!("{generations}/nope"), None),
        ("get", id, 404, "/admin/v1/accounts/nope".to_owned(), None),
    ] {
        let answer = match (method, body) {
            ("post", Some(body)) => admin.post(&path, &body).await,
            ("patch", Some(body)) => admin.patch(&path, &body).await,
            _ => admin.get(&path).await,
        };
        fits(method, route, status, &answer.expect_status(status));
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() >= 13, "{seen:?}");
}
