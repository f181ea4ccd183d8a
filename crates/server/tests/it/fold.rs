//! Whatever bytes come, the answer is the caller's fault or an accepted try-on, never the server's fault.

use drape_testkit::{TestServer, server::TestOptions};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{PRODUCTS, SHIRT_URL, TRY_ON, UPLOAD, stock, upload};

fn json_near_a_body() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "product",
        "products",
        "person",
        "customer",
        "image",
        "images",
        "imageUrls",
        "source",
        "id",
        "url",
        "fileKey",
        "externalId",
        "title",
        "metadata",
        "validForDays",
        "externalUserId",
        "output",
        "keepForDays",
        "engine",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["IMAGE", SHIRT_URL, "sku", "mock", "_anon_x"])
            .prop_map(Value::from),
        prop::sample::select(vec![0, 1, 3, 7, 365]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

#[test]
fn no_body_is_the_servers_fault() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start_with(TestOptions {
        rate_limit: 1_000_000,
        credits: 1_000_000,
        ..TestOptions::default()
    }));
    stock(&server);
    let image = runtime.block_on(upload(&server));
    let cases = ProptestConfig::with_cases(300);
    proptest!(cases, |(near in json_near_a_body(), noise in prop::collection::vec(any::<u8>(), 0..200))| {
        let near = near.to_string().replace("IMAGE", &image);
        let whole = json!({ "product": serde_json::from_str::<Value>(&near).unwrap(), "customer": { "id": image } });
        runtime.block_on(async {
            for path in [TRY_ON, PRODUCTS] {
                for body in [near.clone().into_bytes(), whole.to_string().into_bytes(), noise.clone()] {
                    check(&server.post_bytes(path, "application/json", body).await);
                }
            }
            for path in [TRY_ON, PRODUCTS, UPLOAD] {
                let mut form = b"--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n".to_vec();
                form.extend_from_slice(&noise);
                check(&server.post_bytes(path, "multipart/form-data; boundary=x", form.clone()).await);
                form.extend_from_slice(b"\r\n--x--");
                check(&server.post_bytes(path, "multipart/form-data; boundary=x", form).await);
                check(&server.post_bytes(path, "multipart/form-data; boundary=x", noise.clone()).await);
            }
        });
    });
}

fn check(answer: &drape_testkit::TestResponse) {
    if !answer.status.is_success() {
        assert!(answer.status.is_client_error(), "{}", answer.text());
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        answer.expect_error(answer.status.as_u16(), &code);
    }
}
