//! Accounts and their keys.

use async_trait::async_trait;
use drape_core::{
    Error, Result,
    account::{Account, AccountChange, ApiKeyHash, EntryKind, KeyInfo, NewAccount, NewKey},
    ids::{AccountId, KeyId},
    ports::Accounts,
    time::Timestamp,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    ledger::entry_id,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
};

/// Days that pictures of a new account are kept when a request does not say.
const DEFAULT_KEEP_FOR_DAYS: u32 = 7;

/// Balance at which a new account is told that its credits run out; the default of the column.
const DEFAULT_CREDITS_LOW_AT: u32 = 5;

macro_rules! account_columns {
    () => {
        "accounts.id AS account_id, name, is_active, rate_limit, poll_limit, keep_for_days, engine, ai_label,
        credits_low_at, accounts.created_at"
    };
}

pub(super) use account_columns;

statements! {
    NAME_IS_TAKEN = "SELECT 1 FROM accounts WHERE name = $1";
    INSERT = "INSERT INTO accounts (id, name, is_active, rate_limit, poll_limit, keep_for_days, balance, created_at)
        VALUES ($1, $2, 1, $3, $4, $5, $6, $7)";
    OPENING_CREDITS = "INSERT INTO ledger_entries (id, account_id, kind, amount, note, created_at)
        VALUES ($1, $2, 'grant', $3, 'opening credits', $4)";
    FIND_BY_KEY = concat!(
        "SELECT ", account_columns!(), " FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id
        WHERE hash = $1 AND revoked_at IS NULL AND is_active = 1"
    );
    FIND = concat!("SELECT ", account_columns!(), " FROM accounts WHERE id = $1");
    FIND_BY_NAME = concat!("SELECT ", account_columns!(), " FROM accounts WHERE name = $1");
    LIST = concat!("SELECT ", account_columns!(), " FROM accounts ORDER BY id DESC");
    UPDATE = "UPDATE accounts SET is_active = COALESCE($2, is_active), rate_limit = COALESCE($3, rate_limit),
        poll_limit = COALESCE($4, poll_limit), keep_for_days = COALESCE($5, keep_for_days),
        engine = iif($6, $7, engine), ai_label = COALESCE($8, ai_label),
        credits_low_at = COALESCE($9, credits_low_at) WHERE id = $1";
    SET_ACTIVE = "UPDATE accounts SET is_active = $2 WHERE id = $1";
    INSERT_KEY = "INSERT INTO api_keys (id, account_id, hash, label, created_at) VALUES ($1, $2, $3, $4, $5)";
    LIST_KEYS = "SELECT id, label, created_at, revoked_at FROM api_keys WHERE account_id = $1 ORDER BY id DESC";
    REVOKE_KEY = "UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL";
}

pub(super) fn read_account(row: &SqliteRow) -> Result<Account, DbError> {
    Ok(Account {
        id: row.account()?,
        name: row.column("name")?,
        is_active: row.column("is_active")?,
        rate_limit: row.count("rate_limit")?,
        poll_limit: row.count("poll_limit")?,
        keep_for_days: row.count("keep_for_days")?,
        engine: row.column("engine")?,
        ai_label: row.column("ai_label")?,
        credits_low_at: row.count("credits_low_at")?,
        created_at: row.time("created_at")?,
    })
}

fn read_key(row: &SqliteRow) -> Result<KeyInfo, DbError> {
    Ok(KeyInfo {
        id: KeyId::from_uuid(row.uuid("id")?),
        label: row.column("label")?,
        created_at: row.time("created_at")?,
        revoked_at: row.optional_time("revoked_at")?,
    })
}

async fn create(connection: &mut SqliteConnection, new: NewAccount) -> Result<Account> {
    let is_taken = query(NAME_IS_TAKEN)
        .bind(new.name.clone())
        .first(connection)
        .await?
        .is_some();
    if is_taken {
        return Err(Error::invalid_field(
            "name",
            "An account with this name exists already",
        ));
    }
    query(INSERT)
        .bind_id(new.id.as_uuid())
        .bind(new.name.clone())
        .bind(i64::from(new.rate_limit))
        .bind(i64::from(new.poll_limit))
        .bind(i64::from(DEFAULT_KEEP_FOR_DAYS))
        .bind(i64::from(new.credits))
        .bind(new.now.as_micros())
        .run(connection)
        .await?;
    if new.credits > 0 {
        query(OPENING_CREDITS)
            .bind_id(&entry_id(EntryKind::Grant, new.id.as_uuid(), new.now))
            .bind_id(new.id.as_uuid())
            .bind(i64::from(new.credits))
            .bind(new.now.as_micros())
            .run(connection)
            .await?;
    }
    insert_key(connection, new.id, new.key).await?;
    Ok(Account {
        id: new.id,
        name: new.name,
        is_active: true,
        rate_limit: new.rate_limit,
        poll_limit: new.poll_limit,
        keep_for_days: DEFAULT_KEEP_FOR_DAYS,
        engine: None,
        ai_label: false,
        credits_low_at: DEFAULT_CREDITS_LOW_AT,
        created_at: new.now,
    })
}

async fn update(
    connection: &mut SqliteConnection,
    account: AccountId,
    change: AccountChange,
) -> Result<Option<Account>> {
    query(UPDATE)
        .bind_id(account.as_uuid())
        .bind(change.is_active)
        .bind(change.rate_limit)
        .bind(change.poll_limit)
        .bind(change.keep_for_days)
        .bind(change.engine.is_some())
        .bind(change.engine.flatten())
        .bind(change.ai_label)
        .bind(change.credits_low_at)
        .run(connection)
        .await?;
    let row = query(FIND)
        .bind_id(account.as_uuid())
        .first(connection)
        .await?;
    Ok(row.as_ref().map(read_account).transpose()?)
}

async fn insert_key(
    connection: &mut SqliteConnection,
    account: AccountId,
    key: NewKey,
) -> Result<(), DbError> {
    query(INSERT_KEY)
        .bind_id(key.id.as_uuid())
        .bind_id(account.as_uuid())
        .bind(key.hash.0.to_vec())
        .bind(key.label)
        .bind(key.now.as_micros())
        .run(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl Accounts for SqlStore {
    async fn create(&self, account: NewAccount) -> Result<Account> {
        self.writer()
            .run(move |connection| Box::pin(create(connection, account)))
            .await
    }

    async fn find_by_key(&self, key: ApiKeyHash) -> Result<Option<Account>> {
        let row = query(FIND_BY_KEY)
            .bind(key.0.to_vec())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_account).transpose()?)
    }

    async fn find(&self, account: AccountId) -> Result<Option<Account>> {
        let row = query(FIND)
            .bind_id(account.as_uuid())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_account).transpose()?)
    }

    async fn find_by_name(&self, name: &str) -> Result<Option<Account>> {
        let row = query(FIND_BY_NAME)
            .bind(name)
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_account).transpose()?)
    }

    async fn list(&self) -> Result<Vec<Account>> {
        let rows = query(LIST).rows(&mut *self.reader().await?).await?;
        Ok(rows.iter().map(read_account).collect::<Result<_, _>>()?)
    }

    async fn set_active(&self, account: AccountId, is_active: bool) -> Result<bool> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let changed = query(SET_ACTIVE)
                        .bind_id(account.as_uuid())
                        .bind(is_active)
                        .run(connection)
                        .await?;
                    Ok(changed == 1)
                })
            })
            .await
    }

    async fn update(&self, account: AccountId, change: AccountChange) -> Result<Option<Account>> {
        self.writer()
            .run(move |connection| Box::pin(update(connection, account, change)))
            .await
    }

    async fn create_key(&self, account: AccountId, key: NewKey) -> Result<()> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move { Ok(insert_key(connection, account, key).await?) })
            })
            .await
    }

    async fn list_keys(&self, account: AccountId) -> Result<Vec<KeyInfo>> {
        let rows = query(LIST_KEYS)
            .bind_id(account.as_uuid())
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(rows.iter().map(read_key).collect::<Result<_, _>>()?)
    }

    async fn revoke_key(&self, account: AccountId, key: KeyId, now: Timestamp) -> Result<bool> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let changed = query(REVOKE_KEY)
                        .bind_id(key.as_uuid())
                        .bind_id(account.as_uuid())
                        .bind(now.as_micros())
                        .run(connection)
                        .await?;
                    Ok(changed == 1)
                })
            })
            .await
    }
}
