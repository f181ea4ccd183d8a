//! Reading across accounts, for the operator.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use drape_core::{
    Result,
    account::LedgerEntry,
    erase::CustomerId,
    ids::{AccountId, AttemptId, GenerationId},
    oversight::{
        AccountFilter, AccountWithBalance, Attempt, FoundGeneration, GenerationFilter, UsageDay,
    },
    page::{Cursor, Page, PageRequest},
    ports::Oversight,
    time::Timestamp,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use uuid::Uuid;

use super::{
    DbError, SqlStore,
    accounts::{account_columns, read_account},
    generations::{generation_columns, page_rows, page_start, read_generation},
    ledger::read_entry,
    statement::{BindId, Query, ReadColumn, RunQuery, query, statements},
};

/// How far the time in an id may lie from the moment in its row.
const ID_TIME_SLACK_US: i64 = 60 * 1_000_000;

macro_rules! found_columns {
    () => {
        concat!(
            generation_columns!(),
            ", external_user_id, keep_for_days, watermark, ai_label"
        )
    };
}

/// What a search asks of a row inside its range of ids, `$2` to `$1`.
macro_rules! matching {
    () => {
        " id < $1 AND id >= $2 AND ($4 IS NULL OR status = $4) AND ($5 IS NULL OR engine = $5)
            AND ($6 IS NULL OR error_code = $6) AND ($7 IS NULL OR product_external_id = $7 OR credits > 1 AND EXISTS (
                SELECT 1 FROM outfit_items WHERE generation_id = generations.id AND outfit_items.product_external_id = $7))
            AND ($8 IS NULL OR created_at >= $8) AND ($9 IS NULL OR created_at < $9)
        ORDER BY id DESC LIMIT $3"
    };
}

/// The last id of a window of `$3` + 1 rows, and the one behind it if there is one.
macro_rules! window {
    () => {
        " id < $1 AND id >= $2 ORDER BY id DESC LIMIT 2 OFFSET $3"
    };
}

statements! {
    ACCOUNTS = concat!(
        "SELECT ", account_columns!(), ", balance FROM accounts
        WHERE id < $1 AND ($2 IS NULL OR is_active = $2) AND ($3 IS NULL OR instr(lower(name), lower($3)) > 0)
        ORDER BY id DESC LIMIT $4"
    );
    ENTRIES = "SELECT seq, id, kind, amount, generation_id, note, created_at FROM ledger_entries
        WHERE account_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    SEARCH = concat!("SELECT ", found_columns!(), " FROM generations WHERE", matching!());
    SEARCH_WINDOW = concat!("SELECT id FROM generations WHERE", window!());
    SEARCH_ACCOUNT = concat!(
        "SELECT ", found_columns!(), " FROM generations WHERE account_id = $10 AND", matching!()
    );
    SEARCH_ACCOUNT_WINDOW = concat!("SELECT id FROM generations WHERE account_id = $4 AND", window!());
    SEARCH_USER = concat!(
        "SELECT ", found_columns!(), " FROM generations WHERE account_id = $10 AND external_user_id = $11 AND",
        matching!()
    );
    SEARCH_USER_WINDOW = concat!(
        "SELECT id FROM generations WHERE account_id = $4 AND external_user_id = $5 AND", window!()
    );
    FIND = concat!("SELECT ", found_columns!(), " FROM generations WHERE id = $1");
    ATTEMPTS = "SELECT id, number, worker, started_at, ended_at, outcome, code FROM attempts
        WHERE generation_id = $1 ORDER BY id";
    USAGE = "SELECT day, SUM(created) AS created, SUM(completed) AS completed, SUM(failed) AS failed,
            SUM(credits_captured) AS credits_captured, SUM(completed_ms) AS completed_ms
        FROM usage_days WHERE day BETWEEN $1 AND $2 GROUP BY day ORDER BY day";
    USAGE_OF_ACCOUNT = "WITH RECURSIVE days (asked) AS (
            SELECT $1 WHERE $1 <= $2 UNION ALL SELECT asked + 1 FROM days WHERE asked < $2)
        SELECT day, created, completed, failed, credits_captured, completed_ms
        FROM days JOIN usage_days ON day = asked AND account_id = $3 ORDER BY day";
}

fn read_found(row: &SqliteRow) -> Result<FoundGeneration, DbError> {
    Ok(FoundGeneration {
        generation: read_generation(row)?,
        external_user_id: row.column("external_user_id")?,
        keep_for_days: row.count("keep_for_days")?,
        watermark: row.column("watermark")?,
        ai_label: row.column("ai_label")?,
    })
}

fn read_attempt(row: &SqliteRow) -> Result<Attempt, DbError> {
    Ok(Attempt {
        id: AttemptId::from_uuid(row.uuid("id")?),
        number: row.count("number")?,
        worker: row.column("worker")?,
        started_at: row.time("started_at")?,
        ended_at: row.optional_time("ended_at")?,
        outcome: row.column("outcome")?,
        code: row.optional_code("code")?,
    })
}

fn read_day(row: &SqliteRow) -> Result<UsageDay, DbError> {
    Ok(UsageDay {
        day: row.column("day")?,
        created: row.count("created")?,
        completed: row.count("completed")?,
        failed: row.count("failed")?,
        credits_captured: row.count("credits_captured")?,
        completed_ms: row.count("completed_ms")?,
    })
}

/// Smallest id that carries this moment.
fn first_id_at(moment: Timestamp) -> Uuid {
    let millis = u64::try_from(moment.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Whose generations are searched: each has an index of its own.
enum Scope {
    All,
    Account(AccountId),
    User(AccountId, CustomerId),
}

impl Scope {
    fn of(filter: &GenerationFilter) -> Self {
        match (filter.account, &filter.customer) {
            (Some(account), Some(user)) => Self::User(account, user.clone()),
            (Some(account), None) => Self::Account(account),
            (None, _) => Self::All,
        }
    }

    fn bind(self, query: Query<'_>) -> Query<'_> {
        match self {
            Self::All => query,
            Self::Account(account) => query.bind_id(account.as_uuid()),
            Self::User(account, user) => query
                .bind_id(account.as_uuid())
                .bind(user.as_str().to_owned()),
        }
    }
}

/// Ids that one page looks at: below `start`, down to `floor`.
struct Window {
    start: Uuid,
    floor: Uuid,
    /// Whether there are more below.
    has_more: bool,
}

/// Cuts the window of a page out of the index alone, without reading rows.
async fn cut_window(
    connection: &mut SqliteConnection,
    filter: &GenerationFilter,
    page: PageRequest,
    rows: u32,
) -> Result<Window, DbError> {
    // The time in an id leads to the right part of the index at once; the rows themselves decide.
    let slack = std::time::Duration::from_micros(ID_TIME_SLACK_US.unsigned_abs());
    let end = filter.to.map(|to| first_id_at(to.plus(slack)));
    let start = end.map_or(page_start(page), |end| end.min(page_start(page)));
    let begin = filter.from.map(|from| first_id_at(from.minus(slack)));
    let begin = begin.unwrap_or(Uuid::nil());
    let scope = Scope::of(filter);
    let statement = match &scope {
        Scope::All => SEARCH_WINDOW,
        Scope::Account(_) => SEARCH_ACCOUNT_WINDOW,
        Scope::User(..) => SEARCH_USER_WINDOW,
    };
    let bounds = query(statement)
        .bind_id(&start)
        .bind_id(&begin)
        .bind(i64::from(rows) - 1);
    let edge = scope.bind(bounds).rows(connection).await?;
    let has_more = edge.len() == 2;
    let floor = match edge.first() {
        Some(last) if has_more => last.uuid("id")?,
        _ => begin,
    };
    Ok(Window {
        start,
        floor,
        has_more,
    })
}

async fn search(
    connection: &mut SqliteConnection,
    filter: &GenerationFilter,
    page: PageRequest,
    window_rows: u32,
) -> Result<Page<FoundGeneration>, DbError> {
    let window = cut_window(connection, filter, page, window_rows).await?;
    let scope = Scope::of(filter);
    let statement = match &scope {
        Scope::All => SEARCH,
        Scope::Account(_) => SEARCH_ACCOUNT,
        Scope::User(..) => SEARCH_USER,
    };
    let bounds = query(statement)
        .bind_id(&window.start)
        .bind_id(&window.floor)
        .bind(page_rows(page))
        .bind(filter.status.map(drape_core::generation::Status::as_str))
        .bind(filter.engine.clone())
        .bind(filter.error_code.map(drape_core::Code::as_str))
        .bind(filter.product.as_ref().map(|id| id.as_str().to_owned()))
        .bind(filter.from.map(Timestamp::as_micros))
        .bind(filter.to.map(Timestamp::as_micros));
    let rows = scope.bind(bounds).rows(connection).await?;
    let items = rows.iter().map(read_found).collect::<Result<Vec<_>, _>>()?;
    let mut found =
        Page::from_overfetched(items, page.limit, |found| *found.generation.id.as_uuid());
    if found.next.is_none() && window.has_more {
        found.next = Some(Cursor(window.floor));
    }
    Ok(found)
}

#[async_trait]
impl Oversight for SqlStore {
    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: PageRequest,
    ) -> Result<Page<AccountWithBalance>> {
        let rows = query(ACCOUNTS)
            .bind_id(&page_start(page))
            .bind(filter.is_active)
            .bind(filter.name_part.clone())
            .bind(page_rows(page))
            .rows(&mut *self.reader().await?)
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            items.push(AccountWithBalance {
                account: read_account(row)?,
                balance: row.column("balance").map_err(drape_core::Error::from)?,
            });
        }
        Ok(Page::from_overfetched(items, page.limit, |item| {
            *item.account.id.as_uuid()
        }))
    }

    async fn entries(&self, account: AccountId, page: PageRequest) -> Result<Page<LedgerEntry>> {
        // The order is that of writing, so the cursor carries the number of the row.
        let before = page.after.map_or(i64::MAX, |cursor| {
            i64::try_from(cursor.0.as_u128()).unwrap_or(i64::MAX)
        });
        let rows = query(ENTRIES)
            .bind_id(account.as_uuid())
            .bind(before)
            .bind(page_rows(page))
            .rows(&mut *self.reader().await?)
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let seq: u64 = row.count("seq")?;
            items.push((seq, read_entry(row)?));
        }
        let page = Page::from_overfetched(items, page.limit, |(seq, _)| {
            Uuid::from_u128(u128::from(*seq))
        });
        Ok(Page {
            items: page.items.into_iter().map(|(_, entry)| entry).collect(),
            next: page.next,
        })
    }

    async fn generations(
        &self,
        filter: &GenerationFilter,
        page: PageRequest,
    ) -> Result<Page<FoundGeneration>> {
        let window_rows = self.inner.search_window;
        let mut reader = self.reader().await?;
        Ok(search(&mut reader, filter, page, window_rows).await?)
    }

    async fn generation(
        &self,
        generation: GenerationId,
    ) -> Result<Option<(FoundGeneration, Vec<Attempt>)>> {
        let mut reader = self.reader().await?;
        let found = query(FIND)
            .bind_id(generation.as_uuid())
            .first(&mut reader)
            .await?;
        let Some(found) = found else {
            return Ok(None);
        };
        let rows = query(ATTEMPTS)
            .bind_id(generation.as_uuid())
            .rows(&mut reader)
            .await?;
        let attempts = rows
            .iter()
            .map(read_attempt)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some((read_found(&found)?, attempts)))
    }

    async fn usage(
        &self,
        account: Option<AccountId>,
        days: RangeInclusive<i64>,
    ) -> Result<Vec<UsageDay>> {
        let statement = match account {
            Some(_) => USAGE_OF_ACCOUNT,
            None => USAGE,
        };
        let range = query(statement).bind(*days.start()).bind(*days.end());
        let asked = match &account {
            Some(account) => range.bind_id(account.as_uuid()),
            None => range,
        };
        let rows = asked.rows(&mut *self.reader().await?).await?;
        Ok(rows.iter().map(read_day).collect::<Result<_, _>>()?)
    }
}
