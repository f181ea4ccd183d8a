//! Usage by day, and the state of the server.

use std::{collections::BTreeMap, sync::Arc};

use drape_core::{account::EntryKind, engine::EngineErrorKind};
use drape_server::{config::Config, state::ApiSettings};
use drape_testkit::{ScriptedEngine, TestServer, scripted_engine::Act, server::TestOptions};
use serde_json::{Value, json};

use crate::{
    health::AwayEngine,
    world::{
        accepted, details, keys, one_shot, seconds, shop_with, shop_with_engine, text, upload,
    },
};

const USAGE: &str = "/admin/v1/usage";
const SYSTEM: &str = "/admin/v1/system";
const DAY_S: u64 = 24 * 60 * 60;

/// A number of an entry.
fn count(item: &Value, key: &str) -> i64 {
    item[key].as_i64().unwrap()
}

#[tokio::test]
async fn usage_sums_up_to_the_ledger() {
    let server = shop_with_engine(Arc::new(ScriptedEngine::new(
        "scripted",
        vec![
            Act::Succeed,
            Act::Fail(EngineErrorKind::NoPerson),
            Act::Succeed,
        ],
    )))
    .await;
    let admin = server.admin().await;
    let (other, client) = server.another_account("other", 10).await;
    let image = upload(&server).await;
    let foreign = upload(&client).await;
    for _ in 0..3 {
        accepted(&server, &one_shot(&image)).await;
    }
    server.run_jobs().await;
    accepted(&client, &one_shot(&foreign)).await;
    // One second before midnight one is asked for, two days later it is done.
    server.clock.advance(seconds(15 * 60 * 60 - 1));
    accepted(&server, &one_shot(&image)).await;
    server.clock.advance(seconds(2 * DAY_S));
    let job = server.claim().await.unwrap();
    server.clock.advance(seconds(2));
    server.run(&job).await;
    server.run_jobs().await;

    let usage = async |query: &str| {
        let answer = admin.get(&format!("{USAGE}?{query}")).await;
        let answer = answer.expect_status(200);
        assert_eq!(keys(&answer), ["accountId", "items"]);
        answer
    };
    let all = usage("from=2026-03-01&to=2026-03-04").await;
    assert_eq!(all["accountId"], Value::Null);
    let day = |date: &str, created: u64, completed: u64, failed: u64, mean_ms: Value| {
        json!({
            "date": date, "created": created, "completed": completed, "failed": failed,
            "creditsCaptured": completed, "meanMs": mean_ms,
        })
    };
    let expected = json!([
        day("2026-03-01", 5, 2, 1, json!(0)),
        day("2026-03-02", 0, 0, 0, Value::Null),
        day("2026-03-03", 0, 0, 0, Value::Null),
        day("2026-03-04", 0, 2, 0, json!(1_000)),
    ]);
    assert_eq!(all["items"], expected);

    // The same, out of the ledgers.
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for account in [server.account.id, other.id] {
        let own = usage(&format!("accountId={account}&to=2026-03-04")).await;
        assert_eq!(own["accountId"], account.to_string());
        let items = own["items"].as_array().unwrap();
        assert_eq!(items.len(), 30);
        assert_eq!(text(&items[29]["date"]), "2026-03-04");
        let entries = server.ports.ledger.entries(account, 1_000).await.unwrap();
        for (key, kind) in [
            ("created", EntryKind::Hold),
            ("completed", EntryKind::Capture),
            ("creditsCaptured", EntryKind::Capture),
            ("failed", EntryKind::Release),
        ] {
            let told: i64 = items.iter().map(|item| count(item, key)).sum();
            let booked = entries.iter().filter(|entry| entry.kind == kind).count();
            assert_eq!(told, booked as i64, "{key}");
            *sums.entry(key).or_default() += told;
        }
    }
    let items = all["items"].as_array().unwrap();
    for (key, sum) in sums {
        let told: i64 = items.iter().map(|item| count(item, key)).sum();
        assert_eq!(told, sum, "{key}");
    }
}

#[tokio::test]
async fn bad_days_are_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let refused = async |query: &str| {
        let answer = admin.get(&format!("{USAGE}?{query}")).await;
        details(&answer.expect_error(400, "VALIDATION_FAILED"))
    };
    let day = "Expected a day such as 2026-03-01";
    assert_eq!(
        refused("accountId=x&from=2026-03-01T00:00:00Z&to=1").await,
        [
            "accountId: Expected the id of an account".to_owned(),
            format!("to: {day}"),
            format!("from: {day}"),
        ]
    );
    assert_eq!(
        refused("from=2026-03-02&to=2026-03-01").await,
        ["from: Expected a day that is not after to"]
    );
    assert_eq!(
        refused("from=2025-03-01&to=2026-03-02").await,
        ["from: Expected at most 366 days up to to"]
    );
    let answer = admin
        .get(&format!("{USAGE}?from=2025-03-01&to=2026-03-01"))
        .await
        .expect_status(200);
    assert_eq!(answer["items"].as_array().unwrap().len(), 366);
    let unknown = "acc_00000000000070008000000000000099";
    let answer = admin.get(&format!("{USAGE}?accountId={unknown}")).await;
    answer.expect_error(404, "ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn the_system_tells_how_it_is_doing() {
    let server = shop_with(TestOptions {
        settings: ApiSettings {
            shown: Config::default().shown(),
            ..ApiSettings::default()
        },
        ..TestOptions::default()
    })
    .await;
    let admin = server.admin().await;
    let image = upload(&server).await;
    accepted(&server, &one_shot(&image)).await;
    server.clock.advance(seconds(90));
    let system = admin.get(SYSTEM).await.expect_status(200);
    assert_eq!(
        keys(&system),
        [
            "version",
            "startedAt",
            "uptimeSeconds",
            "isReady",
            "problems",
            "waitingJobs",
            "settings"
        ]
    );
    assert_eq!(system["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(system["startedAt"], "2026-03-01T09:00:00.000Z");
    assert_eq!(system["uptimeSeconds"], 90);
    assert_eq!(system["isReady"], true);
    assert_eq!(system["problems"], json!([]));
    assert_eq!(system["waitingJobs"], 1);
    assert_eq!(system["settings"]["engine.default"], "preview");
    assert_eq!(system["settings"]["admin.rate_limit"], 600);
}

#[tokio::test]
async fn the_system_names_what_does_not_work() {
    let server = TestServer::start_with(TestOptions {
        engine: Some(Arc::new(AwayEngine)),
        ..TestOptions::default()
    })
    .await;
    let system = server.admin().await.get(SYSTEM).await.expect_status(200);
    assert_eq!(system["isReady"], false);
    let expected = json!([{ "part": "engine", "message": "set a key for the engine" }]);
    assert_eq!(system["problems"], expected);
}
