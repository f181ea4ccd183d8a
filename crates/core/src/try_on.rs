//! Asking for a try-on.

use bytes::Bytes;

use crate::{
    Code, Error, Result,
    account::Account,
    catalog::ProductInput,
    engine::Engines,
    generation::{NewGeneration, NewItem, PersonChoice, ProductChoice},
    idempotency::Ticket,
    ids::{GenerationId, ImageId, ProductId},
    image::BlobKind,
    outfit,
    ports::{NormalizedPicture, Ports},
    product::ExternalId,
    staging::{Staging, read_own_url},
};

/// Largest picture of a person in bytes.
pub const MAX_PERSON_BYTES: u64 = 10 * 1_000 * 1_000;
/// Longest wait for the URL of a person's picture.
pub const PERSON_FETCH_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// The person to dress, as the caller named it.
#[derive(Debug, Clone)]
pub enum PersonInput {
    /// An earlier upload.
    Upload(ImageId),
    /// A picture to fetch now; always cropped.
    Url(String),
    /// A picture in this request; always cropped.
    Bytes(Bytes),
}

/// The one command that all spellings of the request body fold into.
#[derive(Debug, Clone)]
pub struct CreateTryOn {
    /// Products to put on, in the caller's order: 1 to [`MAX_ITEMS`](outfit::MAX_ITEMS).
    pub products: Vec<ProductInput>,
    /// Person to dress.
    pub person: PersonInput,
    /// The shop's name for the customer.
    pub external_user_id: Option<String>,
    /// Days to keep the pictures; the account decides when none.
    pub keep_for_days: Option<u32>,
    /// Whether the account's logo goes onto the result.
    pub watermark: bool,
    /// Whether a visible label marks the result as generated; the account decides when none.
    pub ai_label: Option<bool>,
    /// Engine to use; the account or the server decides when none.
    pub engine: Option<String>,
    /// The key that the request holds, if it was sent with one.
    pub ticket: Option<Ticket>,
}

/// An accepted try-on.
#[derive(Debug, Clone, PartialEq)]
pub struct TryOnCreated {
    /// Id of the generation.
    pub generation: GenerationId,
    /// External ids of the products, in the caller's order; made here for one-shot products.
    pub product_external_ids: Vec<ExternalId>,
}

/// Accepts a try-on: checks references and credits, stores the pictures, then queues it with a hold of one
/// credit per product.
///
/// Whatever is refused leaves nothing behind. Errors: those of [`Jobs::enqueue`](crate::ports::Jobs::enqueue) and of
/// [`Pictures`](crate::ports::Pictures), `CUSTOMER_IMAGE_FETCH_FAILED`, `VALIDATION_FAILED` on `engine`, and on `products`
/// when they cannot be worn at once.
pub async fn create_try_on(
    ports: &Ports,
    engines: &Engines,
    account: &Account,
    command: CreateTryOn,
) -> Result<TryOnCreated> {
    let mut engine = choose_engine(engines, account, command.engine.as_deref())?.to_owned();
    if command.products.len() > 1 {
        engine = outfit::admit(ports, engines, account, &command.products, &engine).await?;
    }
    let keep_for_days = command.keep_for_days.unwrap_or(account.keep_for_days);
    if needs_picture_work(&command) {
        // Cheap refusals first: nobody fetches or decodes for a request without credits.
        let person = match &command.person {
            PersonInput::Upload(id) => Some(PersonChoice::Upload(*id)),
            PersonInput::Url(_) | PersonInput::Bytes(_) => None,
        };
        let outline = |product: &ProductInput| match product {
            ProductInput::Reference(id) => ProductChoice::Reference(id.clone()),
            ProductInput::Define(draft) => ProductChoice::Upsert(draft.outline(ports)),
        };
        let products: Vec<_> = command.products.iter().map(outline).collect();
        ports
            .jobs
            .check(account.id, &products, person.as_ref(), ports.clock.now())
            .await?;
    }
    let mut staging = Staging::new(ports, account.id);
    let accepted = accept(ports, account, command, engine, keep_for_days, &mut staging).await;
    if accepted.is_err() {
        staging.discard().await;
    }
    accepted
}

fn needs_picture_work(command: &CreateTryOn) -> bool {
    let has_bytes =
        |product: &_| matches!(product, ProductInput::Define(draft) if draft.has_bytes());
    command.products.iter().any(has_bytes) || !matches!(command.person, PersonInput::Upload(_))
}

fn choose_engine<'a>(
    engines: &'a Engines,
    account: &'a Account,
    asked: Option<&'a str>,
) -> Result<&'a str> {
    if let Some(name) = asked {
        if engines.is_offered(name) {
            return Ok(name);
        }
        return Err(Error::invalid_field("engine", engines.expected_names()));
    }
    let own = account
        .engine
        .as_deref()
        .filter(|name| engines.is_offered(name));
    Ok(own.unwrap_or(engines.default_name()))
}

async fn accept(
    ports: &Ports,
    account: &Account,
    command: CreateTryOn,
    engine: String,
    keep_for_days: u32,
    staging: &mut Staging<'_>,
) -> Result<TryOnCreated> {
    let person = match command.person {
        PersonInput::Upload(id) => PersonChoice::Upload(id),
        PersonInput::Url(url) => {
            let picture = fetch_person(ports, &url).await?;
            store_person(ports, staging, keep_for_days, picture).await?
        }
        PersonInput::Bytes(bytes) => {
            let picture = ports.pictures.normalize_person(bytes, true).await?;
            store_person(ports, staging, keep_for_days, picture).await?
        }
    };
    let mut items = Vec::with_capacity(command.products.len());
    for product in command.products {
        let product = match product {
            ProductInput::Reference(id) => ProductChoice::Reference(id),
            ProductInput::Define(draft) => {
                ProductChoice::Upsert(draft.store(ports, staging).await?)
            }
        };
        items.push(NewItem {
            product_id: ProductId::from_uuid(ports.ids.uuid()),
            product,
        });
    }
    let generation = GenerationId::from_uuid(ports.ids.uuid());
    let enqueued = ports
        .jobs
        .enqueue(NewGeneration {
            id: generation,
            account: account.id,
            items,
            person,
            external_user_id: command.external_user_id,
            engine,
            keep_for_days,
            watermark: command.watermark,
            ai_label: command.ai_label,
            ticket: command.ticket,
            now: ports.clock.now(),
        })
        .await?;
    Ok(TryOnCreated {
        generation,
        product_external_ids: enqueued.product_external_ids,
    })
}

async fn store_person(
    ports: &Ports,
    staging: &mut Staging<'_>,
    keep_for_days: u32,
    picture: NormalizedPicture,
) -> Result<PersonChoice> {
    let picture = staging
        .put(BlobKind::Person, Some(keep_for_days), picture)
        .await?;
    Ok(PersonChoice::Snapshot {
        id: ImageId::from_uuid(ports.ids.uuid()),
        picture,
        expires_at: ports.clock.now().plus_days(keep_for_days),
    })
}

async fn fetch_person(ports: &Ports, url: &str) -> Result<NormalizedPicture> {
    let failed = |reason: &str| {
        Error::new(
            Code::CustomerImageFetchFailed,
            format!("The customer picture could not be fetched: {reason}."),
        )
    };
    let bytes = match read_own_url(ports, url).await? {
        Some(bytes) => bytes,
        None => ports
            .fetch
            .fetch(url, MAX_PERSON_BYTES, PERSON_FETCH_TIMEOUT)
            .await
            .map_err(|error| failed(&error.reason))?,
    };
    match ports.pictures.normalize_person(bytes, true).await {
        Err(error) if error.code() != Code::ServerBusy && error.kind() != crate::Kind::Internal => {
            Err(failed(error.message().trim_end_matches('.')))
        }
        other => other,
    }
}
