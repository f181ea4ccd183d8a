//! Generations: try-ons that were asked for, and what became of them.

use crate::{
    Code,
    engine::Steps,
    idempotency::Ticket,
    ids::{AccountId, AttemptId, GenerationId, ImageId, ProductId},
    image::{BlobKey, StoredPicture},
    product::{ExternalId, ProductImage, ProductUpsert},
    time::Timestamp,
};

/// Where a generation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Queued.
    Pending,
    /// A worker has it.
    Processing,
    /// The picture is there; the credits are spent.
    Completed,
    /// It failed; the credits were given back.
    Failed,
}

impl Status {
    /// Wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    /// Finds the status with this wire name.
    pub fn from_wire(name: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Processing,
            Self::Completed,
            Self::Failed,
        ]
        .into_iter()
        .find(|status| status.as_str() == name)
    }

    /// Says whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// A stored generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Id of the generation.
    pub id: GenerationId,
    /// Owner.
    pub account: AccountId,
    /// Where it stands.
    pub status: Status,
    /// The product's external id at the time; of an outfit, the first product's.
    pub product_external_id: ExternalId,
    /// External ids of the other products of an outfit, in the caller's order.
    pub more_products: Vec<ExternalId>,
    /// The product's title at the time.
    pub product_title: Option<String>,
    /// The product's description at the time.
    pub product_description: Option<String>,
    /// Engine that did, does or shall do it.
    pub engine: String,
    /// How far that engine is, when it works in steps and is at it.
    pub steps: Option<Steps>,
    /// The picture, while its retention lasts.
    pub result: Option<StoredPicture>,
    /// When the retention of the result ends.
    pub result_expires_at: Option<Timestamp>,
    /// Why it failed.
    pub error_code: Option<Code>,
    /// Why it failed, in words for the caller.
    pub error_message: Option<String>,
    /// Milliseconds from the claim to the end.
    pub generation_time_ms: Option<u64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Generation {
    /// External ids of all products, in the caller's order.
    pub fn product_external_ids(&self) -> Vec<ExternalId> {
        let first = std::iter::once(&self.product_external_id);
        first.chain(&self.more_products).cloned().collect()
    }
}

/// A product of a new generation.
#[derive(Debug, Clone)]
pub enum ProductChoice {
    /// A known product; missing or expired is `PRODUCT_NOT_FOUND`.
    Reference(ExternalId),
    /// Create or update, then use.
    Upsert(ProductUpsert),
}

/// The person of a new generation.
#[derive(Debug, Clone)]
pub enum PersonChoice {
    /// An upload; missing or expired is `IMAGE_NOT_FOUND`, another account's `FORBIDDEN`.
    Upload(ImageId),
    /// A picture that came with the request and now lies in the store.
    Snapshot {
        /// Id of the image row to make.
        id: ImageId,
        /// The stored picture.
        picture: StoredPicture,
        /// When its retention ends.
        expires_at: Timestamp,
    },
}

/// A product to put on, and the id that its row gets, should one be made.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// Id for the product row.
    pub product_id: ProductId,
    /// The product.
    pub product: ProductChoice,
}

/// Everything that one transaction writes when a try-on is accepted.
#[derive(Debug, Clone)]
pub struct NewGeneration {
    /// Id of the generation.
    pub id: GenerationId,
    /// Owner.
    pub account: AccountId,
    /// Products to put on, in the caller's order: 1 to [`MAX_ITEMS`](crate::outfit::MAX_ITEMS), each costs a credit.
    pub items: Vec<NewItem>,
    /// Person to dress.
    pub person: PersonChoice,
    /// The shop's name for the customer.
    pub external_user_id: Option<String>,
    /// Engine that shall do it, unless [`engine_for`](crate::product::engine_for) a product's title says otherwise.
    pub engine: String,
    /// Days that the result is kept.
    pub keep_for_days: u32,
    /// Whether the account's logo goes onto the result.
    pub watermark: bool,
    /// Whether a visible label marks the result as generated; none leaves it to the account.
    pub ai_label: Option<bool>,
    /// The key that the request holds: the generation is written onto it, or the request is refused.
    pub ticket: Option<Ticket>,
    /// Moment of asking.
    pub now: Timestamp,
}

/// What the transaction did.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueued {
    /// External ids of the products, in the caller's order.
    pub product_external_ids: Vec<ExternalId>,
}

/// A product of a job, as it was when the try-on was accepted.
#[derive(Debug, Clone)]
pub struct JobItem {
    /// Product row.
    pub product: ProductId,
    /// Revision of the product's pictures that this job was made with.
    pub image_revision: u32,
    /// Pictures of the product, in order.
    pub product_images: Vec<ProductImage>,
    /// The product's title at the time.
    pub product_title: Option<String>,
    /// The product's description at the time.
    pub product_description: Option<String>,
}

/// A job in the hands of a worker.
#[derive(Debug, Clone)]
pub struct Job {
    /// The lease: whoever holds another one may not finish this job.
    pub lease: AttemptId,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// Generation to make.
    pub generation: GenerationId,
    /// Owner.
    pub account: AccountId,
    /// Engine to use.
    pub engine: String,
    /// Picture of the person.
    pub person: StoredPicture,
    /// Products to put on, in the caller's order.
    pub items: Vec<JobItem>,
    /// Days that the result is kept.
    pub keep_for_days: u32,
    /// Whether the account's logo goes onto the result.
    pub watermark: bool,
    /// Whether a visible label marks the result as generated.
    pub ai_label: Option<bool>,
}

/// How far the work on a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobProgress {
    /// Engine that has it.
    pub engine: String,
    /// How far that engine is, when it works in steps and has begun.
    pub steps: Option<Steps>,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub enum JobOutcome {
    /// The picture lies in the store: capture the credits.
    Completed {
        /// The stored result.
        result: StoredPicture,
        /// Where its pixels come from, when the engine says.
        mask: Option<StoredPicture>,
        /// Engine that made it.
        engine: String,
        /// When the retention of the result ends.
        result_expires_at: Timestamp,
    },
    /// It will not work: release the credits.
    Failed {
        /// Why.
        code: Code,
        /// Why, in words for the caller.
        message: String,
    },
}

/// What became of a worker's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// The report counts.
    Accepted,
    /// The lease had been lost (or the job cancelled): nothing was changed, the result must be thrown away.
    LeaseLost,
}

/// What a heart-beat learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// Carry on.
    Held,
    /// Somebody else has the job, or it was cancelled: stop.
    Lost,
}

/// A blob whose row has ended, to be deleted file first, row after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredBlob {
    /// The blob.
    pub key: BlobKey,
    /// The row that holds it.
    pub holder: BlobHolder,
}

/// Rows that hold a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobHolder {
    /// A picture of a person.
    PersonImage(ImageId),
    /// The result of a generation.
    Result(GenerationId),
    /// The mask of a generation's result.
    Mask(GenerationId),
    /// A picture of a product, with its revision and place.
    ProductImage(ProductId, u32, u32),
    /// An erased customer: only the list of files to delete.
    Erased,
}
