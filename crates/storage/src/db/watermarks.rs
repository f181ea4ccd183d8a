//! Logos of accounts.

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{
    Result,
    ids::AccountId,
    ports::Watermarks,
    watermark::{Anchor, NormalizedLogo, Watermark, WatermarkChange, WatermarkStyle},
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
};

statements! {
    SET = "INSERT INTO watermarks
        (account_id, logo_png, width, height, anchor, width_share, opacity, margin_share, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (account_id) DO UPDATE SET logo_png = excluded.logo_png, width = excluded.width,
            height = excluded.height, anchor = excluded.anchor, width_share = excluded.width_share,
            opacity = excluded.opacity, margin_share = excluded.margin_share, updated_at = excluded.updated_at";
    FIND = "SELECT logo_png, width, height, anchor, width_share, opacity, margin_share, updated_at
        FROM watermarks WHERE account_id = $1";
    CLEAR = "DELETE FROM watermarks WHERE account_id = $1";
}

fn read_watermark(row: &SqliteRow) -> Result<Watermark, DbError> {
    let change = WatermarkChange {
        anchor: Some(Anchor::from_wire(row.column("anchor")?).ok_or(DbError::Corrupt("anchor"))?),
        width_share: Some(row.column("width_share")?),
        opacity: Some(row.column("opacity")?),
        margin_share: Some(row.column("margin_share")?),
    };
    let style = WatermarkStyle::default().changed(change);
    Ok(Watermark {
        logo: NormalizedLogo {
            png: Bytes::from(row.column::<Vec<u8>>("logo_png")?),
            width: row.count("width")?,
            height: row.count("height")?,
        },
        style: style.map_err(|_| DbError::Corrupt("watermark style"))?,
        updated_at: row.time("updated_at")?,
    })
}

async fn set(
    connection: &mut SqliteConnection,
    account: AccountId,
    watermark: Watermark,
) -> Result<(), DbError> {
    let style = watermark.style;
    query(SET)
        .bind_id(account.as_uuid())
        .bind(watermark.logo.png.to_vec())
        .bind(i64::from(watermark.logo.width))
        .bind(i64::from(watermark.logo.height))
        .bind(style.anchor().as_str())
        .bind(style.width_share())
        .bind(style.opacity())
        .bind(style.margin_share())
        .bind(watermark.updated_at.as_micros())
        .run(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl Watermarks for SqlStore {
    async fn set(&self, account: AccountId, watermark: Watermark) -> Result<()> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move { Ok(set(connection, account, watermark).await?) })
            })
            .await
    }

    async fn find(&self, account: AccountId) -> Result<Option<Watermark>> {
        let row = query(FIND)
            .bind_id(account.as_uuid())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_watermark).transpose()?)
    }

    async fn clear(&self, account: AccountId) -> Result<bool> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let removed = query(CLEAR)
                        .bind_id(account.as_uuid())
                        .run(connection)
                        .await?;
                    Ok(removed == 1)
                })
            })
            .await
    }
}
