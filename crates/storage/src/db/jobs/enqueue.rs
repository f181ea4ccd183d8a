//! Accepting a try-on: every check, then every write, in one go.

use drape_core::{
    Code, Error, Result,
    account::EntryKind,
    generation::{Enqueued, NewGeneration, NewItem, PersonChoice, ProductChoice},
    ids::{AccountId, GenerationId, ImageId, ProductId},
    image::{ImageOrigin, PersonImage},
    outfit::product_not_found,
    product::{ExternalId, Product, Upserted, apply_upsert, engine_for_all, touch},
    time::Timestamp,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use uuid::Uuid;

use crate::db::{
    DbError, idempotency, images,
    ledger::entry_id,
    products::{find_living, parse_origin, write_upserted},
    statement::{BindId, ReadColumn, RunQuery, db_now, query, statements},
    webhooks::outbox::{self, Written},
};

/// Seconds after which a full queue may have room again.
const QUEUE_RETRY_AFTER_SECONDS: u32 = 10;

statements! {
    /// Everything that decides about a request: credits, room in the queue, the upload and the product.
    ///
    /// Left out on purpose: the product's metadata and pictures, which accepting does not need.
    ADMISSION = "SELECT balance, credits_low_at, waiting,
            person_images.account_id AS image_account_id, person_images.origin AS image_origin,
            person_images.expires_at AS image_expires_at,
            products.id AS product_id, external_id, products.origin, title, description, valid_for_days,
            products.expires_at, last_used_at, products.created_at, updated_at, image_revision
        FROM accounts JOIN queue
            LEFT JOIN person_images ON person_images.id = $2
            LEFT JOIN products ON products.account_id = accounts.id AND external_id = $3 AND deleted_at IS NULL
                AND (products.expires_at IS NULL OR products.expires_at > $4)
        WHERE accounts.id = $1";
    ACCEPT = concat!(
        "UPDATE accounts SET balance = balance - $17 WHERE id = $2;
        UPDATE products SET last_used_at = $3, expires_at = $4 WHERE id = $5;
        INSERT INTO generations (id, account_id, status, created_at, updated_at, product_id, image_revision,
                product_external_id, product_title, product_description, person_image_id, external_user_id, engine,
                keep_for_days, watermark, ai_label, credits)
            VALUES ($1, $2, 'PENDING', $3, $3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $17);
        INSERT INTO jobs (generation_id, run_after) VALUES ($1, ", db_now!(), ");
        INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at)
            VALUES ($16, $2, 'hold', -$17, $1, '', $3)"
    );
    /// A product of an outfit beyond the first.
    ADD_ITEM = "UPDATE products SET last_used_at = $3, expires_at = $4 WHERE id = $5;
        INSERT INTO outfit_items (generation_id, place, product_id, image_revision, product_external_id, product_title,
                product_description)
            VALUES ($1, $2, $5, $6, $7, $8, $9)";
}

/// What the database knows about a request before it is accepted.
struct Admission {
    credits: Credits,
    waiting: u64,
    upload: Option<Upload>,
    /// The first product, if it is a reference; without its metadata and pictures.
    product: Option<Product>,
}

/// Credits before the hold.
#[derive(Clone, Copy)]
struct Credits {
    balance: i64,
    /// Balance at which the shop is told; 0 never tells it.
    low_at: i64,
}

struct Upload {
    account: AccountId,
    origin: ImageOrigin,
    expires_at: Timestamp,
}

/// A product of an accepted request.
enum Chosen {
    Known(Product),
    Upserted {
        upserted: Upserted,
        revision_before: Option<u32>,
    },
}

async fn read_admission(
    connection: &mut SqliteConnection,
    account: AccountId,
    first: Option<&ExternalId>,
    upload: Option<ImageId>,
    now: Timestamp,
) -> Result<Admission, DbError> {
    let row = query(ADMISSION)
        .bind_id(account.as_uuid())
        .bind_optional_id(upload.as_ref().map(ImageId::as_uuid))
        .bind(first.map(ExternalId::as_str))
        .bind(now.as_micros())
        .first(connection)
        .await?
        .ok_or(DbError::Corrupt("account"))?;
    Ok(Admission {
        credits: Credits {
            balance: row.column("balance")?,
            low_at: row.column("credits_low_at")?,
        },
        waiting: row.count("waiting")?,
        upload: read_upload(&row)?,
        product: match first {
            Some(external_id) => read_head(&row, account, external_id)?,
            None => None,
        },
    })
}

fn read_upload(row: &SqliteRow) -> Result<Option<Upload>, DbError> {
    let Some(account) = row.optional_uuid("image_account_id")? else {
        return Ok(None);
    };
    Ok(Some(Upload {
        account: AccountId::from_uuid(account),
        origin: images::parse_origin(row.column("image_origin")?)?,
        expires_at: row.time("image_expires_at")?,
    }))
}

fn read_head(
    row: &SqliteRow,
    account: AccountId,
    external_id: &ExternalId,
) -> Result<Option<Product>, DbError> {
    let Some(id) = row.optional_uuid("product_id")? else {
        return Ok(None);
    };
    Ok(Some(Product {
        id: ProductId::from_uuid(id),
        account,
        external_id: external_id.clone(),
        origin: parse_origin(row.column("origin")?)?,
        title: row.column("title")?,
        description: row.column("description")?,
        metadata: None,
        valid_for_days: row.optional_count("valid_for_days")?,
        expires_at: row.optional_time("expires_at")?,
        last_used_at: row.optional_time("last_used_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        image_revision: row.count("image_revision")?,
        images: Vec::new(),
    }))
}

/// An upload can be named while it lives; a snapshot belongs to the try-on that brought it.
fn check_upload(upload: Option<&Upload>, account: AccountId, now: Timestamp) -> Result<()> {
    let living =
        upload.filter(|upload| upload.origin == ImageOrigin::Upload && upload.expires_at > now);
    match living {
        None => Err(Error::new(
            Code::ImageNotFound,
            "The uploaded image is unknown or has expired. Upload it again.",
        )),
        Some(upload) if upload.account != account => Err(Error::new(
            Code::Forbidden,
            "The uploaded image belongs to another account.",
        )),
        Some(_) => Ok(()),
    }
}

/// Goes through every reason to refuse, in the order that the port promises, and chooses the products.
async fn admit(
    connection: &mut SqliteConnection,
    account: AccountId,
    items: Vec<NewItem>,
    person: Option<&PersonChoice>,
    max_waiting: u64,
    now: Timestamp,
) -> Result<(Vec<Chosen>, Credits)> {
    let upload = match person {
        Some(PersonChoice::Upload(id)) => Some(*id),
        Some(PersonChoice::Snapshot { .. }) | None => None,
    };
    let first = match items.first().map(|item| &item.product) {
        Some(ProductChoice::Reference(external_id)) => Some(external_id),
        Some(ProductChoice::Upsert(_)) | None => None,
    };
    let mut admission = read_admission(connection, account, first, upload, now).await?;
    if upload.is_some() {
        check_upload(admission.upload.as_ref(), account, now)?;
    }
    let cost = items.len() as i64;
    let mut chosen = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        // The first one was read with the rest: that is all there is but for outfits.
        let known = (place == 0).then(|| admission.product.take()).flatten();
        chosen.push(choose(connection, account, item, known, now).await?);
    }
    let balance = admission.credits.balance;
    if balance < cost {
        let message = if cost == 1 {
            "The account has no credits left.".to_owned()
        } else {
            format!(
                "An outfit costs one credit per product: {cost} are needed, the account has {balance}."
            )
        };
        return Err(Error::new(Code::InsufficientCredits, message));
    }
    if admission.waiting >= max_waiting {
        return Err(
            Error::new(Code::ServerBusy, "The queue is full. Try again shortly.")
                .with_retry_after(QUEUE_RETRY_AFTER_SECONDS),
        );
    }
    Ok((chosen, admission.credits))
}

/// Finds a product that is referred to, unless it is `known`, or works out what defining it does.
async fn choose(
    connection: &mut SqliteConnection,
    account: AccountId,
    item: NewItem,
    known: Option<Product>,
    now: Timestamp,
) -> Result<Chosen> {
    let id = match &item.product {
        ProductChoice::Reference(external_id) => external_id,
        ProductChoice::Upsert(upsert) => &upsert.external_id,
    };
    let stored = match known {
        Some(product) => Some(product),
        None => find_living(connection, account, id, now).await?,
    };
    match item.product {
        ProductChoice::Reference(external_id) => stored
            .map(Chosen::Known)
            .ok_or_else(|| product_not_found(&external_id)),
        ProductChoice::Upsert(upsert) => {
            let revision_before = stored.as_ref().map(|product| product.image_revision);
            Ok(Chosen::Upserted {
                upserted: apply_upsert(stored, account, item.product_id, upsert, now)?,
                revision_before,
            })
        }
    }
}

/// Checks a request without accepting it.
pub(crate) async fn check(
    connection: &mut SqliteConnection,
    account: AccountId,
    products: &[ProductChoice],
    person: Option<&PersonChoice>,
    max_waiting: u64,
    now: Timestamp,
) -> Result<()> {
    // Nothing is written, so no row will ever have this id.
    let item = |product: &ProductChoice| NewItem {
        product_id: ProductId::from_uuid(Uuid::nil()),
        product: product.clone(),
    };
    let items = products.iter().map(item).collect();
    admit(connection, account, items, person, max_waiting, now).await?;
    Ok(())
}

/// Accepts a request, or refuses it before the first write.
pub(crate) async fn enqueue(
    connection: &mut SqliteConnection,
    new: NewGeneration,
    max_waiting: u64,
) -> Result<(Enqueued, Written)> {
    let (chosen, credits) = admit(
        connection,
        new.account,
        new.items,
        Some(&new.person),
        max_waiting,
        new.now,
    )
    .await?;
    if let Some(ticket) = &new.ticket {
        idempotency::attach(connection, ticket, new.id, new.now).await?;
    }
    let mut products = Vec::with_capacity(chosen.len());
    for chosen in chosen {
        let mut product = match chosen {
            Chosen::Known(product) => product,
            Chosen::Upserted {
                upserted,
                revision_before,
            } => {
                write_upserted(connection, &upserted, revision_before).await?;
                upserted.product
            }
        };
        touch(&mut product, new.now);
        products.push(product);
    }
    let person_image = match new.person {
        PersonChoice::Upload(id) => id,
        PersonChoice::Snapshot {
            id,
            picture,
            expires_at,
        } => {
            let image = PersonImage {
                id,
                account: new.account,
                origin: ImageOrigin::Snapshot,
                picture,
                external_user_id: new.external_user_id.clone(),
                expires_at,
                created_at: new.now,
            };
            images::insert(connection, image).await?;
            id
        }
    };
    let titles = products.iter().map(|product| product.title.as_deref());
    let engine = engine_for_all(titles, &new.engine).to_owned();
    let cost = products.len() as i64;
    let product_external_ids = products
        .iter()
        .map(|product| product.external_id.clone())
        .collect();
    let mut products = products.into_iter();
    let product = products.next().ok_or(DbError::Corrupt("try-on"))?;
    query(ACCEPT)
        .bind_id(new.id.as_uuid())
        .bind_id(new.account.as_uuid())
        .bind(new.now.as_micros())
        .bind(product.expires_at.map(Timestamp::as_micros))
        .bind_id(product.id.as_uuid())
        .bind(i64::from(product.image_revision))
        .bind(product.external_id.as_str())
        .bind(product.title)
        .bind(product.description)
        .bind_id(person_image.as_uuid())
        .bind(new.external_user_id)
        .bind(engine)
        .bind(i64::from(new.keep_for_days))
        .bind(new.watermark)
        .bind(new.ai_label)
        .bind_id(&entry_id(EntryKind::Hold, new.id.as_uuid(), new.now))
        .bind(cost)
        .run(connection)
        .await?;
    for (product, place) in products.zip(1_i64..) {
        add_item(connection, new.id, place, product, new.now).await?;
    }
    let balances = (credits.balance, credits.balance - cost);
    let about = new.id.as_uuid();
    let written = outbox::write_credits_low(
        connection,
        new.account,
        balances,
        credits.low_at,
        about,
        new.now,
    )
    .await?;
    let enqueued = Enqueued {
        product_external_ids,
    };
    Ok((enqueued, written))
}

/// Writes a product of an outfit beyond the first.
async fn add_item(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    place: i64,
    product: Product,
    now: Timestamp,
) -> Result<(), DbError> {
    query(ADD_ITEM)
        .bind_id(generation.as_uuid())
        .bind(place)
        .bind(now.as_micros())
        .bind(product.expires_at.map(Timestamp::as_micros))
        .bind_id(product.id.as_uuid())
        .bind(i64::from(product.image_revision))
        .bind(product.external_id.as_str())
        .bind(product.title)
        .bind(product.description)
        .run(connection)
        .await?;
    Ok(())
}
