//! Leasing a job to a worker.

use drape_core::{
    Code, Result,
    generation::{Job, JobItem},
    ids::{AttemptId, GenerationId, ProductId},
    time::Timestamp,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    end::{self, Ending},
    no_progress, not_excepted,
};
use crate::db::{
    DbError,
    products::read_product_image,
    statement::{BindId, ReadColumn, RunQuery, db_now, query, statements},
};

statements! {
    LEASE = concat!(
        "UPDATE jobs SET attempt_id = $1, lease_until = ", db_now!(), " + $2, attempts = attempts + 1, ", no_progress!(), "
        WHERE generation_id = (
            SELECT generation_id FROM jobs WHERE attempt_id IS NULL AND run_after <= ", db_now!(), " AND ",
            not_excepted!("$3"), " ORDER BY run_after, generation_id LIMIT 1)
        RETURNING generation_id, attempts"
    );
    /// Notes the attempt, then reads the job: one row for each picture of the product.
    BEGIN_ATTEMPT = "UPDATE generations SET status = 'PROCESSING', updated_at = $3 WHERE id = $1;
        INSERT INTO attempts (generation_id, id, number, worker, started_at) VALUES ($1, $2, $4, $5, $3);
        SELECT generations.account_id, engine, generations.product_id, image_revision, product_title,
            product_description, credits, keep_for_days, watermark, ai_label,
            person.blob_key AS person_key, person.width AS person_width, person.height AS person_height,
            person.size_bytes AS person_size_bytes, person.sha256 AS person_sha256,
            ord, source_url, classifications, garment.blob_key AS blob_key, garment.width AS width,
            garment.height AS height, garment.size_bytes AS size_bytes, garment.sha256 AS sha256
        FROM generations
            JOIN person_images AS person ON person.id = person_image_id
            JOIN product_images AS garment
                ON garment.product_id = generations.product_id AND revision = image_revision
        WHERE generations.id = $1 ORDER BY ord";
    /// The products of an outfit beyond the first: one row for each picture.
    MORE_ITEMS = "SELECT place, outfit_items.product_id, image_revision, product_title, product_description,
            ord, source_url, classifications, blob_key, width, height, size_bytes, sha256
        FROM outfit_items JOIN product_images AS garment
            ON garment.product_id = outfit_items.product_id AND revision = image_revision
        WHERE generation_id = $1 ORDER BY place, ord";
}

/// Leases the job that has been due for longest.
pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    worker: String,
    attempt: AttemptId,
    lease_us: i64,
    except: Option<String>,
    now: Timestamp,
) -> Result<Option<Job>> {
    loop {
        let leased = query(LEASE)
            .bind_id(attempt.as_uuid())
            .bind(lease_us)
            .bind(except.clone())
            .first(connection)
            .await?;
        let Some(leased) = leased else {
            return Ok(None);
        };
        let generation = GenerationId::from_uuid(leased.uuid("generation_id")?);
        let number = leased.count("attempts")?;
        let rows = query(BEGIN_ATTEMPT)
            .bind_id(generation.as_uuid())
            .bind_id(attempt.as_uuid())
            .bind(now.as_micros())
            .bind(i64::from(number))
            .bind(worker.clone())
            .rows(connection)
            .await?;
        if let Some(first) = rows.first() {
            let mut job = read_job(first, generation, attempt, number)?;
            let products: usize = first.count("credits")?;
            job.items.push(read_item(&rows)?);
            if products > 1 {
                job.items
                    .extend(read_more_items(connection, generation).await?);
            }
            if job.items.len() == products {
                return Ok(Some(job));
            }
        }
        // Retention spares what a job needs, so this takes a hand in the database. The job must not block the queue.
        let ending = Ending {
            code: Code::ImageNotFound,
            message: "A picture of this try-on is no longer stored.".to_owned(),
            outcome: "failed",
        };
        // Whoever sends webhooks finds the message at the next look.
        let _ = end::end_failed(connection, generation, Some(attempt), ending, now).await?;
    }
}

async fn read_more_items(
    connection: &mut SqliteConnection,
    generation: GenerationId,
) -> Result<Vec<JobItem>, DbError> {
    let rows = query(MORE_ITEMS)
        .bind_id(generation.as_uuid())
        .rows(connection)
        .await?;
    let place = |row: &SqliteRow| row.column::<i64>("place").ok();
    rows.chunk_by(|one, other| place(one) == place(other))
        .map(read_item)
        .collect()
}

/// Reads a product from its rows, one for each picture.
fn read_item(rows: &[SqliteRow]) -> Result<JobItem, DbError> {
    let first = rows.first().ok_or(DbError::Corrupt("product"))?;
    let mut product_images = Vec::with_capacity(rows.len());
    for row in rows {
        product_images.extend(read_product_image(row)?);
    }
    Ok(JobItem {
        product: ProductId::from_uuid(first.uuid("product_id")?),
        image_revision: first.count("image_revision")?,
        product_images,
        product_title: first.column("product_title")?,
        product_description: first.column("product_description")?,
    })
}

fn read_job(
    row: &SqliteRow,
    generation: GenerationId,
    lease: AttemptId,
    attempt: u32,
) -> Result<Job, DbError> {
    Ok(Job {
        lease,
        attempt,
        generation,
        account: row.account()?,
        engine: row.column("engine")?,
        person: drape_core::image::StoredPicture {
            key: row
                .column::<&str>("person_key")?
                .parse()
                .map_err(|_| DbError::Corrupt("blob key"))?,
            width: row.count("person_width")?,
            height: row.count("person_height")?,
            size_bytes: row.count("person_size_bytes")?,
            sha256: row.bytes32("person_sha256")?,
        },
        items: Vec::new(),
        keep_for_days: row.count("keep_for_days")?,
        watermark: row.column("watermark")?,
        ai_label: row.column("ai_label")?,
    })
}
