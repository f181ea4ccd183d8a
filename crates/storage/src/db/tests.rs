//! Tests that look at the statements and the tables themselves.

use std::{collections::BTreeSet, time::Duration};

use drape_core::{
    Code, generation::Status, oversight::GenerationFilter, page::PageRequest,
    product::ProductOrigin,
};
use drape_testkit::conformance::data::{DataPorts, external_id, upsert, url_image};
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr, sqlite::SqliteConnection};

use super::{
    DbError, SqlStore, StoreOptions, accounts, admin_keys, customers, generations, idempotency,
    images, jobs, ledger, migrations, oversight, products, retention, settings,
    statement::{ReadColumn, RunQuery, query},
    watermarks, webhooks, writer,
};

const NEWER_VERSION: &str =
    "INSERT INTO schema_migrations (version, name, applied_at) VALUES (9999, 'future', 0)";
const CHANGE_LEDGER: &str = "UPDATE ledger_entries SET amount = 100";
const CLEAR_LEDGER: &str = "DELETE FROM ledger_entries";
const TAKE_TOO_MUCH: &str = "UPDATE accounts SET balance = -1";
const LOSE_PICTURES: &str = "DELETE FROM person_images";
const COUNT_PRODUCTS: &str = "SELECT (SELECT COUNT(*) FROM products) AS products,
        (SELECT COUNT(*) FROM product_images) AS images";
const READ_ATTEMPTS: &str = "SELECT outcome, number FROM attempts ORDER BY id";

fn all_statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        accounts::STATEMENTS,
        admin_keys::STATEMENTS,
        customers::STATEMENTS,
        generations::STATEMENTS,
        idempotency::STATEMENTS,
        images::STATEMENTS,
        ledger::STATEMENTS,
        migrations::STATEMENTS,
        oversight::STATEMENTS,
        products::STATEMENTS,
        retention::STATEMENTS,
        settings::STATEMENTS,
        watermarks::STATEMENTS,
        writer::STATEMENTS,
    ]
    .into_iter()
    .chain(jobs::ALL_STATEMENTS)
    .chain(webhooks::ALL_STATEMENTS)
    .flatten()
    .copied()
}

async fn open(folder: &tempfile::TempDir) -> Result<SqlStore, DbError> {
    let path = folder.path().join("drape.db");
    SqlStore::open(path.to_str().unwrap(), StoreOptions::default()).await
}

/// Runs a statement that no port has.
async fn meddle(store: &SqlStore, sql: &'static str) -> drape_core::Result<u64> {
    store
        .writer()
        .run(move |connection| Box::pin(async move { Ok(query(sql).run(connection).await?) }))
        .await
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    for (name, sql) in all_statements() {
        let prepared = reader.prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {prepared:?}");
    }
}

/// Lines of the query plan that read a whole table or index.
async fn scans(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(explained).fetch_all(connection).await.unwrap();
    rows.iter()
        .map(|row| row.column::<String>("detail").unwrap())
        .filter(|detail| detail.starts_with("SCAN"))
        .collect()
}

/// What grows with the number of try-ons is never read as a whole: each exception stands here with its reason.
#[tokio::test]
async fn statements_use_their_indexes() {
    const FINE: &[&str] = &[
        // One row.
        "ADMISSION: SCAN queue",
        "DEPTH: SCAN queue",
        "PROBE_READ: SCAN queue",
        // In the order of the index, up to the first row.
        "NEXT_DUE: SCAN jobs USING INDEX jobs_waiting",
        // The jobs before one, found by the index, up to a limit.
        "POSITION: SCAN (subquery-1)",
        // Files of the last erasures only, up to the limit.
        "ERASED: SCAN erased_blobs",
        // The page that was just found, and values that the statement brings along.
        "LIST: SCAN products",
        "UNKNOWN: SCAN json_each VIRTUAL TABLE INDEX 1:",
        // The queue is bounded, and looked through once per sweep at most.
        "EXPIRED_PERSONS: SCAN jobs",
        "EXPIRED_PRODUCT_IMAGES: SCAN jobs",
        "TIDY_IMAGES: SCAN jobs",
        // The few engines that are busy.
        "LEASE: SCAN json_each VIRTUAL TABLE INDEX 1:",
        "NEXT_DUE: SCAN json_each VIRTUAL TABLE INDEX 1:",
        // Up to the first row, then one endpoint after the other.
        "LEASE: SCAN CONSTANT ROW",
        "LEASE: SCAN waiting",
        "LEASE: SCAN webhook_deliveries USING COVERING INDEX webhook_deliveries_waiting",
        "NEXT_DUE: SCAN CONSTANT ROW",
        "NEXT_DUE: SCAN waiting",
        "NEXT_DUE: SCAN webhook_deliveries USING COVERING INDEX webhook_deliveries_waiting",
        // The few messages that are on their way.
        "TAKE_BACK: SCAN webhook_deliveries USING INDEX webhook_deliveries_sending",
        // For the operator, who has few accounts.
        "INCONSISTENT: SCAN accounts",
        "LIST: SCAN accounts",
        "LIST: SCAN admin_keys",
        // The days that were asked for.
        "USAGE_OF_ACCOUNT: SCAN CONSTANT ROW",
        "USAGE_OF_ACCOUNT: SCAN days",
        "HAS_TABLE: SCAN sqlite_schema",
    ];

    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    let mut found = BTreeSet::new();
    for (name, sql) in all_statements() {
        for part in sql.split(';').filter(|part| !part.trim().is_empty()) {
            for scan in scans(&mut reader, part).await {
                found.insert(format!("{name}: {scan}"));
            }
        }
    }
    let fine: BTreeSet<String> = FINE.iter().map(|scan| (*scan).to_owned()).collect();
    assert_eq!(found, fine);
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    meddle(&store, NEWER_VERSION).await.unwrap();
    store.close().await;
    let refused = open(&folder).await.unwrap_err();
    assert!(matches!(refused, DbError::NewerSchema { found: 9_999, .. }));
}

#[tokio::test]
async fn the_database_guards_its_books() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 3).await.id;
    for statement in [CHANGE_LEDGER, CLEAR_LEDGER, TAKE_TOO_MUCH] {
        let error = meddle(&store, statement).await.unwrap_err();
        assert_eq!(error.code(), Code::InternalError, "{statement}");
    }
    data.assert_books_balance(account).await;
    assert_eq!(data.ledger.balance(account).await.unwrap(), 3);
}

/// A job whose pictures somebody deleted ends; it does not block the jobs behind it.
#[tokio::test]
async fn a_job_without_its_picture_fails() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 3).await.id;
    let lost = data.queue(account, 2).await;
    meddle(&store, LOSE_PICTURES).await.unwrap();
    let upload = data.upload(account).await.id;
    let whole = data.by_reference(account, "queued", upload);
    let whole_id = whole.id;
    data.enqueue(whole).await.unwrap();
    assert_eq!(data.claim().await.unwrap().generation, whole_id);
    for id in lost {
        let generation = data.read(id).await;
        assert_eq!(generation.status, Status::Failed);
        assert_eq!(generation.error_code, Some(Code::ImageNotFound));
    }
    data.assert_books_balance(account).await;
}

/// A search reads nothing but rows of its window, in the order of an index.
#[tokio::test]
async fn searches_walk_down_one_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    let mut plans = Vec::new();
    for (name, sql) in oversight::STATEMENTS {
        if !name.starts_with("SEARCH") {
            continue;
        }
        let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::query(explained).fetch_all(&mut *reader).await;
        for row in rows.unwrap() {
            plans.push(format!(
                "{name}: {}",
                row.column::<String>("detail").unwrap()
            ));
        }
    }
    // One row of each generation at most, in the bounded queue; and the other products of an outfit: two at most, looked up
    // only where there are any.
    let of_each = [
        "CORRELATED SCALAR SUBQUERY",
        "SEARCH jobs USING PRIMARY KEY (generation_id=?)",
        "SEARCH outfit_items USING PRIMARY KEY (generation_id=?)",
        "USE TEMP B-TREE FOR json_group_array(ORDER BY)",
    ];
    plans.retain(|plan: &String| !of_each.iter().any(|fine| plan.contains(fine)));
    let by_id = "USING INDEX sqlite_autoindex_generations_1 (id>? AND id<?)";
    let by_id_alone = by_id.replace("USING", "USING COVERING");
    let of_account = "INDEX generations_of_account (account_id=? AND id>? AND id<?)";
    let of_user =
        "INDEX generations_of_user (account_id=? AND external_user_id=? AND id>? AND id<?)";
    let expected = [
        format!("SEARCH: SEARCH generations {by_id}"),
        format!("SEARCH_WINDOW: SEARCH generations {by_id_alone}"),
        format!("SEARCH_ACCOUNT: SEARCH generations USING {of_account}"),
        format!("SEARCH_ACCOUNT_WINDOW: SEARCH generations USING COVERING {of_account}"),
        format!("SEARCH_USER: SEARCH generations USING {of_user}"),
        format!("SEARCH_USER_WINDOW: SEARCH generations USING COVERING {of_user}"),
    ];
    assert_eq!(plans, expected);
}

/// A search that finds nothing pauses after its window, and comes to an end all the same.
#[tokio::test]
async fn a_search_pauses_after_its_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drape.db");
    let options = StoreOptions {
        search_window: 4,
        ..StoreOptions::default()
    };
    let store = SqlStore::open(path.to_str().unwrap(), options)
        .await
        .unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 20).await.id;
    let mut made = data.queue(account, 12).await;
    let oldest = made[0];
    data.jobs.cancel(oldest, data.now()).await.unwrap();
    made.reverse();
    let pages = async |status: Option<Status>, limit: u32| {
        let filter = GenerationFilter {
            account: Some(account),
            status,
            ..GenerationFilter::default()
        };
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = PageRequest { limit, after };
            let page = data.oversight.generations(&filter, page).await.unwrap();
            let ids: Vec<_> = page.items.iter().map(|item| item.generation.id).collect();
            pages.push(ids);
            after = page.next;
            if after.is_none() {
                return pages;
            }
        }
    };
    // Three windows, the last of which holds the only hit; no page behind it.
    let failed = pages(Some(Status::Failed), 10).await;
    assert_eq!(failed, [vec![], vec![], vec![oldest]]);
    for limit in [1, 3, 4, 5, 200] {
        let all = pages(None, limit).await;
        assert_eq!(all.concat(), made, "{limit}");
        assert!(all.iter().all(|page| !page.is_empty()), "{limit}");
    }
}

/// Products that nobody can name any more leave no rows, with or without pictures.
#[tokio::test]
async fn forgetting_clears_dead_products_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 3).await.id;
    let counts = async || {
        let mut reader = store.reader().await.unwrap();
        let row = query(COUNT_PRODUCTS).first(&mut reader).await.unwrap();
        let row = row.unwrap();
        let count = |name| row.count::<u32>(name).unwrap();
        (count("products"), count("images"))
    };
    data.upsert(account, upsert("expires", ProductOrigin::Inline))
        .await;
    data.upsert(account, upsert("replaced", ProductOrigin::Registered))
        .await;
    let mut other = upsert("replaced", ProductOrigin::Registered);
    other.images = Some(vec![url_image("https://shop.example/b.jpg")]);
    data.upsert(account, other).await;
    data.register(account, "deleted").await;
    let name = external_id("deleted");
    data.products
        .delete(account, &name, data.now())
        .await
        .unwrap();
    assert_eq!(counts().await, (3, 4));
    data.retention.forget(&[], data.now()).await.unwrap();
    assert_eq!(counts().await, (2, 2));
    data.clock.advance_days(15);
    data.retention.forget(&[], data.now()).await.unwrap();
    assert_eq!(counts().await, (1, 1));
}

/// Every attempt leaves a row that says how it ended.
#[tokio::test]
async fn every_attempt_leaves_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await.unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 3).await.id;
    data.queue(account, 1).await;
    let jobs = &data.jobs;
    let job = data.claim().await.unwrap();
    jobs.put_back(job.generation, job.lease).await.unwrap();
    data.claim_for(Duration::ZERO).await.unwrap();
    jobs.reap(data.now()).await.unwrap();
    let job = data.claim().await.unwrap();
    jobs.retry(
        job.generation,
        job.lease,
        Duration::ZERO,
        Code::EngineFailed,
        "again",
        data.now(),
    )
    .await
    .unwrap();
    let job = data.claim().await.unwrap();
    let done = data.completed(account);
    jobs.finish(job.generation, job.lease, done, data.now())
        .await
        .unwrap();
    let mut reader = store.reader().await.unwrap();
    let rows = query(READ_ATTEMPTS).rows(&mut reader).await.unwrap();
    let attempts: Vec<(String, u32)> = rows
        .iter()
        .map(|row| (row.column("outcome").unwrap(), row.count("number").unwrap()))
        .collect();
    let expected = [
        ("put_back", 1),
        ("lost", 1),
        ("retried", 2),
        ("completed", 3),
    ];
    let expected = expected.map(|(outcome, number)| (outcome.to_owned(), number));
    assert_eq!(attempts, expected);
}
