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
    Migration {
        version: 3,
        name: "0003_outfits",
        sql: include_str!("../../migrations/sqlite/0003_outfits.sql"),
    },
    Migration {
        version: 4,
        name: "0004_progress",
        sql: include_str!("../../migrations/sqlite/0004_progress.sql"),
    },
    Migration {
        version: 5,
        name: "0005_masks",
        sql: include_str!("../../migrations/sqlite/0005_masks.sql"),
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

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    /// One account with two days of try-ons, as the first version wrote them.
    const OLD_BOOKS: &str = "
        INSERT INTO accounts (id, name, is_active, rate_limit, poll_limit, keep_for_days, balance, created_at)
            VALUES (zeroblob(16), 'shop', 1, 1, 1, 7, 8, 0);
        INSERT INTO generations (id, account_id, status, product_id, image_revision, product_external_id,
                person_image_id, engine, keep_for_days, watermark, generation_time_ms, created_at, updated_at)
            SELECT CAST('generation-----' || value AS BLOB), zeroblob(16), 'COMPLETED', zeroblob(16), 1, 'p',
                zeroblob(16), 'mock', 7, 0, 1000 * value, 0, 0 FROM json_each('[1, 2, 3]');
        INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at) VALUES
            (zeroblob(16), zeroblob(16), 'grant', 10, NULL, '', 1),
            (zeroblob(16), zeroblob(16), 'hold', -1, CAST('generation-----1' AS BLOB), '', 86399999999),
            (zeroblob(16), zeroblob(16), 'hold', -1, CAST('generation-----2' AS BLOB), '', 86400000000),
            (zeroblob(16), zeroblob(16), 'capture', 0, CAST('generation-----1' AS BLOB), '', 86400000001),
            (zeroblob(16), zeroblob(16), 'capture', 0, CAST('generation-----2' AS BLOB), '', 86400000002),
            (zeroblob(16), zeroblob(16), 'hold', -1, CAST('generation-----3' AS BLOB), '', 86400000003),
            (zeroblob(16), zeroblob(16), 'release', 1, CAST('generation-----3' AS BLOB), '', 86400000004);
    ";
    const USAGE: &str =
        "SELECT day, created, completed, failed, completed_ms FROM usage_days ORDER BY day";

    #[tokio::test]
    async fn days_before_the_counting_are_counted_from_the_ledger() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for sql in [MIGRATIONS[0].sql, OLD_BOOKS, MIGRATIONS[1].sql] {
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        let rows = query(USAGE).rows(&mut connection).await.unwrap();
        let days: Vec<[i64; 5]> = rows
            .iter()
            .map(|row| {
                ["day", "created", "completed", "failed", "completed_ms"]
                    .map(|name| row.column(name).unwrap())
            })
            .collect();
        assert_eq!(days, [[0, 1, 0, 0, 0], [1, 2, 2, 1, 3_000]]);
    }

    /// Number of entries, their sum, and the newest one.
    const BOOKS: &str =
        "SELECT COUNT(*) AS entries, SUM(amount) AS sum, MAX(seq) AS newest FROM ledger_entries";
    const HOLD_OF_TWO: &str =
        "INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at)
        SELECT randomblob(16), account_id, 'hold', -2, id, '', 86400000005 FROM generations
        WHERE id NOT IN (SELECT generation_id FROM ledger_entries WHERE kind = 'hold')";
    const CAPTURE_OF_TWO: &str = "INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at)
        SELECT randomblob(16), account_id, 'capture', 0, id, '', 86400000006 FROM generations WHERE credits = 2";
    const CAPTURED: &str = "SELECT day, credits_captured FROM usage_days ORDER BY day";
    const TOO_MUCH: &str = "INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at)
        SELECT randomblob(16), account_id, 'release', 4, id, '', 86400000005 FROM generations LIMIT 1";
    const CHANGE: &str = "UPDATE ledger_entries SET amount = 0";
    const REMOVE: &str = "DELETE FROM ledger_entries";
    const ANOTHER: &str = "INSERT INTO generations (id, account_id, status, product_id, image_revision,
            product_external_id, person_image_id, engine, keep_for_days, watermark, credits, created_at, updated_at)
        VALUES (CAST('generation-----4' AS BLOB), zeroblob(16), 'PENDING', zeroblob(16), 1, 'p', zeroblob(16), 'mock', 7,
            0, 2, 0, 0)";

    #[tokio::test]
    async fn the_ledger_keeps_its_entries_and_its_rules_when_it_learns_of_outfits() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for sql in [
            MIGRATIONS[0].sql,
            OLD_BOOKS,
            MIGRATIONS[1].sql,
            MIGRATIONS[2].sql,
        ] {
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        let row = query(BOOKS).first(&mut connection).await.unwrap().unwrap();
        let books = ["entries", "sum", "newest"].map(|name| row.column::<i64>(name).unwrap());
        assert_eq!(books, [7, 8, 7]);
        query(ANOTHER).run(&mut connection).await.unwrap();
        assert_eq!(query(HOLD_OF_TWO).run(&mut connection).await.unwrap(), 1);
        for forbidden in [TOO_MUCH, CHANGE, REMOVE] {
            assert!(
                query(forbidden).run(&mut connection).await.is_err(),
                "{forbidden}"
            );
        }
        let rows = query(USAGE).rows(&mut connection).await.unwrap();
        let created: Vec<i64> = rows
            .iter()
            .map(|row| row.column("created").unwrap())
            .collect();
        assert_eq!(created, [1, 3], "an outfit is one try-on");
        query(CAPTURE_OF_TWO).run(&mut connection).await.unwrap();
        let rows = query(CAPTURED).rows(&mut connection).await.unwrap();
        let captured: Vec<i64> = rows
            .iter()
            .map(|row| row.column("credits_captured").unwrap())
            .collect();
        assert_eq!(captured, [0, 2 + 2], "two old ones, and an outfit of two");
    }
}
