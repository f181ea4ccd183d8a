//! Tests that look at the statements and the schema themselves.
#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::{Executor, SqlSafeStr};

use super::{
    SqlStore, StoreOptions, accounts, generations, images, jobs, ledger, migrations, products,
    retention, settings, statement::RunQuery, statement::query, writer,
};

fn all_statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        accounts::STATEMENTS,
        generations::STATEMENTS,
        images::STATEMENTS,
        ledger::STATEMENTS,
        migrations::STATEMENTS,
        products::STATEMENTS,
        retention::STATEMENTS,
        settings::STATEMENTS,
        writer::STATEMENTS,
    ]
    .into_iter()
    .chain(jobs::ALL_STATEMENTS)
    .flatten()
    .copied()
}

async fn open(folder: &tempfile::TempDir) -> SqlStore {
    let path = folder.path().join("drape.db");
    SqlStore::open(path.to_str().unwrap(), StoreOptions::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let mut reader = store.reader().await.unwrap();
    for (name, sql) in all_statements() {
        let prepared = reader.prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {prepared:?}");
    }
}
