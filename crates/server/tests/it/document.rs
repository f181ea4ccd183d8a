//! The answers are what the API document says.

use drape_testkit::server::{FormData, jpeg};
use serde_json::{Value, json};

use crate::world::{
    CREDITS, GENERATIONS, PRODUCTS, SHIRT_URL, TRY_ON, TRY_ON_SYNC, UPLOAD, one_shot, shop, text,
};

/// Checks a value against the part of JSON Schema that the document uses.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        let target = document.pointer(&target[1..]).unwrap();
        return check(document, target, value, place);
    }
    // An object that may be null.
    if let Some(choices) = schema["oneOf"].as_array() {
        assert_eq!(choices[1], json!({ "type": "null" }), "{place}");
        if value.is_null() {
            return;
        }
        return check(document, &choices[0], value, place);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{place}: a schema without a type"),
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(
        types.contains(&found),
        "{place}: {value} is none of {types:?}"
    );
    if let Value::Array(items) = value {
        for item in items {
            check(document, &schema["items"], item, place);
        }
    }
    let (Value::Object(map), Some(properties)) = (value, schema["properties"].as_object()) else {
        return;
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            map.contains_key(required.as_str().unwrap()),
            "{place}: {required} is missing"
        );
    }
    for (key, value) in map {
        let property = properties.get(key);
        let property = property.unwrap_or_else(|| panic!("{place}: {key} is not documented"));
        check(document, property, value, &format!("{place}.{key}"));
    }
}

#[tokio::test]
async fn every_answer_fits_its_schema() {
    let server = shop().await;
    let document = server.get("/openapi.json").await.json();
    let fits = |method: &str, route: &str, status: u16, answer: &Value| {
        let operation = &document["paths"][route][method];
        let content = &operation["responses"][status.to_string()]["content"];
        let schema = &content["application/json"]["schema"];
        assert!(
            schema.is_object(),
            "{method} {route} {status} is not documented"
        );
        check(
            &document,
            schema,
            answer,
            &format!("{method} {route} {status}"),
        );
    };

    let form = FormData::new().file("file", &jpeg(80, 100));
    let uploaded = server.post_form(UPLOAD, form).await.expect_status(201);
    fits("post", UPLOAD, 201, &uploaded);
    let bare = json!({ "externalId": "bare", "images": [{ "url": SHIRT_URL }] });
    let full = json!({
        "externalId": "full", "title": "T", "description": "D", "metadata": { "a": 1 }, "validForDays": 5,
        "images": [{ "url": SHIRT_URL, "classifications": { "category": "top" } }],
    });
    for body in [&bare, &full] {
        let made = server.post(PRODUCTS, body).await.expect_status(201);
        fits("post", PRODUCTS, 201, &made);
        let updated = server.post(PRODUCTS, body).await.expect_status(200);
        fits("post", PRODUCTS, 200, &updated);
    }
    let product = "/tryon/v1/products/{externalId}";
    let read = server
        .get(&format!("{PRODUCTS}/full"))
        .await
        .expect_status(200);
    fits("get", product, 200, &read);
    let page = server
        .get(&format!("{PRODUCTS}?limit=1"))
        .await
        .expect_status(200);
    fits("get", PRODUCTS, 200, &page);

    let accepted = server
        .post(TRY_ON, &one_shot(&text(&uploaded["imageId"])))
        .await
        .expect_status(202);
    fits("post", TRY_ON, 202, &accepted);
    let body = one_shot(&text(&uploaded["imageId"]));
    let (waited, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let mut done = 0;
        // The one from above, and the one that is waited for.
        while done < 2 {
            let patience = std::time::Duration::from_mins(1);
            server.ports.jobs.wait_for_work(patience, &[]).await;
            done += server.run_jobs().await;
        }
    });
    fits("post", TRY_ON_SYNC, 200, &waited.expect_status(200));
    let accepted = server.post(TRY_ON, &body).await.expect_status(202);
    let generation = "/tryon/v1/generations/{id}";
    let path = format!("{GENERATIONS}/{}", text(&accepted["generationId"]));
    fits(
        "get",
        generation,
        200,
        &server.get(&path).await.expect_status(200),
    );
    server.run_jobs().await;
    fits(
        "get",
        generation,
        200,
        &server.get(&path).await.expect_status(200),
    );
    fits(
        "get",
        GENERATIONS,
        200,
        &server.get(GENERATIONS).await.expect_status(200),
    );
    fits(
        "get",
        CREDITS,
        200,
        &server.get(CREDITS).await.expect_status(200),
    );
    fits(
        "get",
        "/healthz",
        200,
        &server.get("/healthz").await.expect_status(200),
    );
    fits(
        "get",
        "/readyz",
        200,
        &server.get("/readyz").await.expect_status(200),
    );

    for (method, route, answer) in [
        ("post", TRY_ON, server.post(TRY_ON, &json!({})).await),
        (
            "post",
            TRY_ON_SYNC,
            server.post(TRY_ON_SYNC, &json!({})).await,
        ),
        ("post", TRY_ON, server.post(TRY_ON, &one_shot("nope")).await),
        ("post", PRODUCTS, server.post(PRODUCTS, &json!({})).await),
        (
            "get",
            product,
            server.get(&format!("{PRODUCTS}/nope")).await,
        ),
        (
            "get",
            generation,
            server.get(&format!("{GENERATIONS}/nope")).await,
        ),
        ("get", CREDITS, server.stranger().get(CREDITS).await),
        (
            "get",
            GENERATIONS,
            server.get(&format!("{GENERATIONS}?limit=0")).await,
        ),
    ] {
        fits(method, route, answer.status.as_u16(), &answer.json());
    }
    server.clock.advance_days(8);
    fits(
        "get",
        generation,
        200,
        &server.get(&path).await.expect_status(200),
    );
}
