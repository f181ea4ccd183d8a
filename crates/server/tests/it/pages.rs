//! Pages of lists.

use drape_testkit::TestServer;
use serde_json::Value;

use crate::world::{
    GENERATIONS, PRODUCTS, accepted, details, keys, one_shot, register, shop, text, upload,
};

fn names(page: &Value, key: &str) -> Vec<String> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item[key]))
        .collect()
}

#[tokio::test]
async fn pages_stay_right_while_rows_are_added() {
    let server = shop().await;
    for number in 0..7 {
        register(&server, &format!("p{number}")).await;
    }
    let first = server
        .get(&format!("{PRODUCTS}?limit=3"))
        .await
        .expect_status(200);
    assert_eq!(keys(&first), ["items", "nextCursor", "hasMore", "count"]);
    assert_eq!(names(&first, "externalId"), ["p6", "p5", "p4"]);
    assert_eq!(
        (first["hasMore"].as_bool(), first["count"].as_u64()),
        (Some(true), Some(3))
    );

    register(&server, "new-1").await;
    let next = |page: &Value| format!("{PRODUCTS}?limit=3&cursor={}", text(&page["nextCursor"]));
    let second = server.get(&next(&first)).await.expect_status(200);
    assert_eq!(names(&second, "externalId"), ["p3", "p2", "p1"]);
    register(&server, "new-2").await;
    server
        .delete(&format!("{PRODUCTS}/p1"))
        .await
        .expect_status(204);
    let last = server.get(&next(&second)).await.expect_status(200);
    assert_eq!(names(&last, "externalId"), ["p0"]);
    assert_eq!(last["nextCursor"], Value::Null);
    assert_eq!(
        (last["hasMore"].as_bool(), last["count"].as_u64()),
        (Some(false), Some(1))
    );
    let all = server.get(PRODUCTS).await.expect_status(200);
    assert_eq!(names(&all, "externalId")[..2], ["new-2", "new-1"]);
}

#[tokio::test]
async fn a_full_last_page_has_no_next_one() {
    let server = shop().await;
    for number in 0..4 {
        register(&server, &format!("p{number}")).await;
    }
    let page = server
        .get(&format!("{PRODUCTS}?limit=4"))
        .await
        .expect_status(200);
    assert_eq!(page["count"], 4);
    assert_eq!(page["nextCursor"], Value::Null);
    let empty = TestServer::start()
        .await
        .get(GENERATIONS)
        .await
        .expect_status(200);
    assert_eq!(
        empty,
        serde_json::json!({ "items": [], "nextCursor": null, "hasMore": false, "count": 0 })
    );
}

#[tokio::test]
async fn generations_are_listed_newest_first_with_their_own_keys() {
    let server = shop().await;
    let image = upload(&server).await;
    let mut body = one_shot(&image);
    body["product"]["description"] = "A shirt".into();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, accepted(&server, &body).await);
    }
    server.run_jobs().await;
    let mut seen = Vec::new();
    let mut path = format!("{GENERATIONS}?limit=2");
    loop {
        let page = server.get(&path).await.expect_status(200);
        seen.extend(names(&page, "id"));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("{GENERATIONS}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made);
    let page = server
        .get(&format!("{GENERATIONS}?limit=1"))
        .await
        .expect_status(200);
    let item = &page["items"][0];
    assert_eq!(
        keys(item),
        [
            "id",
            "status",
            "productDescription",
            "productId",
            "generationTimeMs",
            "createdAt",
            "updatedAt"
        ]
    );
    assert_eq!(item["status"], "COMPLETED");
    assert_eq!(item["productDescription"], "A shirt");
    assert!(text(&item["productId"]).starts_with("_anon_"));
}

#[tokio::test]
async fn bad_limits_and_cursors_are_refused_together() {
    let server = TestServer::start().await;
    for path in [PRODUCTS, GENERATIONS] {
        let answer = server.get(&format!("{path}?limit=0&cursor=nonsense")).await;
        let error = answer.expect_error(400, "VALIDATION_FAILED");
        assert_eq!(
            details(&error),
            [
                "limit: Number must be greater than or equal to 1",
                "cursor: Invalid cursor"
            ]
        );
        for query in [
            "limit=201",
            "limit=-1",
            "limit=1.5",
            "limit=x",
            "limit=",
            "cursor=",
            "cursor=%00",
        ] {
            let answer = server.get(&format!("{path}?{query}")).await;
            answer.expect_error(400, "VALIDATION_FAILED");
        }
        server
            .get(&format!("{path}?limit=200&unknown=1"))
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn a_cursor_of_another_account_shows_nothing_of_it() {
    let server = shop().await;
    let (_, other) = server.another_account("other", 5).await;
    for number in 0..3 {
        register(&server, &format!("p{number}")).await;
    }
    let page = server
        .get(&format!("{PRODUCTS}?limit=1"))
        .await
        .expect_status(200);
    let cursor = text(&page["nextCursor"]);
    let foreign = other
        .get(&format!("{PRODUCTS}?cursor={cursor}"))
        .await
        .expect_status(200);
    assert_eq!(foreign["count"], 0);
}
