//! Numbered changes of the schema; each runs once, in one transaction, under the database's write lock.

use sqlx::sqlite::SqliteConnection;

use super::{
    DbError,
    statement::{ReadColumn, RunQuery, db_now, query, statements},
};

/// One change of the schema.
struct Migration {
    /// Place in the order, from 1.
    version: i64,
    /// Name for people.
    name: &'static str,
    /// What it does.
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "0001_initial",
        sql: include_str!("../../migrations/sqlite/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "0002_contract",
        sql: include_str!("../../migrations/sqlite/0002_contract.sql"),
    },
];

/// Made outside of the list of migrations, which it keeps. Not among the statements: those need it to be prepared.
const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";

statements! {
    HAS_TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
    CURRENT_VERSION = "SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations";
    RECORD = concat!(
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, ", db_now!(), ")"
    );
}

/// Names of the migrations that this database still lacks; fails on a database from a newer version.
pub(crate) async fn pending(
    connection: &mut SqliteConnection,
) -> Result<Vec<&'static str>, DbError> {
    let version = current_version(connection).await?;
    Ok(after(version)?.map(|migration| migration.name).collect())
}

/// Applies what is missing and returns the names. Needs a transaction that holds the write lock: of several processes
/// that begin at once, one does the work and the others find it done.
pub(crate) async fn apply(connection: &mut SqliteConnection) -> Result<Vec<&'static str>, DbError> {
    query(CREATE_TABLE).run(connection).await?;
    let version = current_version(connection).await?;
    let mut applied = Vec::new();
    for migration in after(version)? {
        sqlx::raw_sql(migration.sql)
            .execute(&mut *connection)
            .await?;
        query(RECORD)
            .bind(migration.version)
            .bind(migration.name)
            .run(connection)
            .await?;
        applied.push(migration.name);
    }
    Ok(applied)
}

async fn current_version(connection: &mut SqliteConnection) -> Result<i64, DbError> {
    if query(HAS_TABLE).first(connection).await?.is_none() {
        return Ok(0);
    }
    match query(CURRENT_VERSION).first(connection).await? {
        Some(row) => row.column("version"),
        None => Ok(0),
    }
}

fn after(version: i64) -> Result<impl Iterator<Item = &'static Migration>, DbError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if version > known {
        return Err(DbError::NewerSchema {
            found: version,
            known,
        });
    }
    Ok(MIGRATIONS
        .iter()
        .filter(move |migration| migration.version > version))
}
