//! Statements: how they are declared, run and read.

use drape_core::{
    Code,
    ids::AccountId,
    image::{BlobKey, StoredPicture},
    time::Timestamp,
};
use sqlx::{
    Row,
    sqlite::{SqliteArguments, SqliteConnection, SqliteRow},
};
use uuid::Uuid;

use super::DbError;

/// A query with its arguments, not yet run.
pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// Declares the statements of a module, and lists them for the test that prepares each one.
///
/// Parameters are written `$1`, `$2`, never `?1`: the driver counts the gaps of `?N` as arguments of their own, which
/// goes wrong where several statements stand in one string and each uses some of the arguments.
macro_rules! statements {
    ($( $(#[$meta:meta])* $name:ident = $sql:expr; )+) => {
        $( $(#[$meta])* const $name: &str = $sql; )+

        /// Every statement of this module, with its name.
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[ $( (stringify!($name), $name) ),+ ];
    };
}
pub(crate) use statements;

/// The database's own clock in microseconds.
macro_rules! db_now {
    () => {
        "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
    };
}
pub(crate) use db_now;

/// Begins a query; its statement is prepared once per connection.
pub(crate) fn query<'q>(sql: &'static str) -> Query<'q> {
    sqlx::query(sql)
}

/// Runs queries with the errors of this crate.
pub(crate) trait RunQuery {
    /// Runs every statement of the query; returns how many rows they changed in all.
    async fn run(self, connection: &mut SqliteConnection) -> Result<u64, DbError>;

    /// Runs a query of one statement up to its first row.
    async fn first(self, connection: &mut SqliteConnection) -> Result<Option<SqliteRow>, DbError>;

    /// Runs every statement of the query; returns the rows of all of them.
    async fn rows(self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>, DbError>;
}

impl RunQuery for Query<'_> {
    async fn run(self, connection: &mut SqliteConnection) -> Result<u64, DbError> {
        Ok(self.execute(connection).await?.rows_affected())
    }

    async fn first(self, connection: &mut SqliteConnection) -> Result<Option<SqliteRow>, DbError> {
        Ok(self.fetch_optional(connection).await?)
    }

    async fn rows(self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>, DbError> {
        Ok(self.fetch_all(connection).await?)
    }
}

/// Binds ids as 16 bytes.
pub(crate) trait BindId: Sized {
    /// Binds an id.
    fn bind_id(self, id: &Uuid) -> Self;

    /// Binds an id that may be missing.
    fn bind_optional_id(self, id: Option<&Uuid>) -> Self;
}

impl BindId for Query<'_> {
    fn bind_id(self, id: &Uuid) -> Self {
        self.bind(id.as_bytes().to_vec())
    }

    fn bind_optional_id(self, id: Option<&Uuid>) -> Self {
        self.bind(id.map(|id| id.as_bytes().to_vec()))
    }
}

/// Reads columns as the types of the core.
pub(crate) trait ReadColumn {
    /// A column of any plain type.
    fn column<'r, T>(&'r self, name: &str) -> Result<T, DbError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>;

    /// A number that is never negative.
    fn count<T: TryFrom<i64>>(&self, name: &'static str) -> Result<T, DbError> {
        T::try_from(self.column::<i64>(name)?).map_err(|_| DbError::Corrupt(name))
    }

    /// A number that may be missing.
    fn optional_count<T: TryFrom<i64>>(&self, name: &'static str) -> Result<Option<T>, DbError> {
        self.column::<Option<i64>>(name)?
            .map(T::try_from)
            .transpose()
            .map_err(|_| DbError::Corrupt(name))
    }

    /// A moment.
    fn time(&self, name: &str) -> Result<Timestamp, DbError> {
        self.column(name).map(Timestamp::from_micros)
    }

    /// A moment that may be missing.
    fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, DbError> {
        Ok(self
            .column::<Option<i64>>(name)?
            .map(Timestamp::from_micros))
    }

    /// An id.
    fn uuid(&self, name: &'static str) -> Result<Uuid, DbError> {
        self.optional_uuid(name)?.ok_or(DbError::Corrupt(name))
    }

    /// An id that may be missing.
    fn optional_uuid(&self, name: &'static str) -> Result<Option<Uuid>, DbError> {
        self.column::<Option<&[u8]>>(name)?
            .map(Uuid::from_slice)
            .transpose()
            .map_err(|_| DbError::Corrupt(name))
    }

    /// The owner of a row.
    fn account(&self) -> Result<AccountId, DbError> {
        Ok(AccountId::from_uuid(self.uuid("account_id")?))
    }

    /// 32 bytes: a hash or a secret.
    fn bytes32(&self, name: &'static str) -> Result<[u8; 32], DbError> {
        self.column::<&[u8]>(name)?
            .try_into()
            .map_err(|_| DbError::Corrupt(name))
    }

    /// The key of a blob.
    fn blob_key(&self) -> Result<BlobKey, DbError> {
        self.column::<&str>("blob_key")?
            .parse()
            .map_err(|_| DbError::Corrupt("blob key"))
    }

    /// The picture in the columns `blob_key`, `width`, `height`, `size_bytes` and `sha256`.
    fn picture(&self) -> Result<StoredPicture, DbError> {
        Ok(StoredPicture {
            key: self.blob_key()?,
            width: self.count("width")?,
            height: self.count("height")?,
            size_bytes: self.count("size_bytes")?,
            sha256: self.bytes32("sha256")?,
        })
    }

    /// The picture in those columns, unless they are empty.
    fn optional_picture(&self) -> Result<Option<StoredPicture>, DbError> {
        match self.column::<Option<&str>>("blob_key")? {
            None => Ok(None),
            Some(_) => self.picture().map(Some),
        }
    }

    /// A public error code that may be missing.
    fn optional_code(&self, name: &str) -> Result<Option<Code>, DbError> {
        let Some(wire) = self.column::<Option<&str>>(name)? else {
            return Ok(None);
        };
        Code::from_wire(wire)
            .map(Some)
            .ok_or(DbError::Corrupt("error code"))
    }
}

impl ReadColumn for SqliteRow {
    fn column<'r, T>(&'r self, name: &str) -> Result<T, DbError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        Ok(self.try_get(name)?)
    }
}

/// Binds the five columns of a picture, in the order of [`ReadColumn::picture`].
pub(crate) fn bind_picture<'q>(query: Query<'q>, picture: Option<&StoredPicture>) -> Query<'q> {
    query
        .bind(picture.map(|picture| picture.key.as_str().to_owned()))
        .bind(picture.map(|picture| i64::from(picture.width)))
        .bind(picture.map(|picture| i64::from(picture.height)))
        .bind(picture.map(|picture| picture.size_bytes as i64))
        .bind(picture.map(|picture| picture.sha256.to_vec()))
}
