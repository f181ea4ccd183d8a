//! The world as the core sees it. One method is one transaction.

mod admin_keys;
mod customers;
mod idempotency;
mod oversight;
mod provenance;
mod watch;
mod watermarks;
mod webhooks;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Result,
    account::{
        Account, AccountChange, ApiKeyHash, KeyInfo, LedgerEntry, LedgerTotals, NewAccount, NewKey,
    },
    generation::{
        Enqueued, ExpiredBlob, Generation, Job, JobOutcome, JobProgress, LeaseState, NewGeneration,
        PersonChoice, ProductChoice, Reported,
    },
    ids::{AccountId, AttemptId, EntryId, GenerationId, ImageId, KeyId, ProductId},
    image::{BlobKey, PersonImage, StoredPicture},
    page::{Page, PageRequest},
    product::{ExternalId, Product, ProductUpsert, UnfetchedImage, Upserted},
    time::Timestamp,
    watermark::{NormalizedLogo, Watermark},
};

pub use admin_keys::AdminKeys;
pub use customers::Customers;
pub use idempotency::Idempotency;
pub use oversight::Oversight;
pub use provenance::{Drawn, NoProvenance, Provenance, ProvenanceFacts};
pub use watch::ChangeWatch;
pub use watermarks::Watermarks;
pub use webhooks::{Post, PostError, PostRequest, Webhooks};

/// The clock; the server's may be shifted, a test's stands still.
pub trait Clock: Send + Sync {
    /// Present moment.
    fn now(&self) -> Timestamp;
}

/// Source of `UUIDv7`s and of random bytes.
pub trait Ids: Send + Sync {
    /// Next `UUIDv7`; later ones sort after earlier ones.
    fn uuid(&self) -> uuid::Uuid;

    /// 32 bytes that nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// Accounts and their keys.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account with its first key and its first credits; a taken name is a validation error on `name`.
    async fn create(&self, account: NewAccount) -> Result<Account>;

    /// Finds the active account that holds this key, unless the key was revoked.
    async fn find_by_key(&self, key: ApiKeyHash) -> Result<Option<Account>>;

    /// Finds an account by id.
    async fn find(&self, account: AccountId) -> Result<Option<Account>>;

    /// Finds an account by name.
    async fn find_by_name(&self, name: &str) -> Result<Option<Account>>;

    /// Lists all accounts, newest first.
    async fn list(&self) -> Result<Vec<Account>>;

    /// Switches an account off or on; false when there is none.
    async fn set_active(&self, account: AccountId, is_active: bool) -> Result<bool>;

    /// Changes settings of an account; none when there is no such account.
    async fn update(&self, account: AccountId, change: AccountChange) -> Result<Option<Account>>;

    /// Adds a key to an account.
    async fn create_key(&self, account: AccountId, key: NewKey) -> Result<()>;

    /// Lists the keys of an account, newest first.
    async fn list_keys(&self, account: AccountId) -> Result<Vec<KeyInfo>>;

    /// Revokes a key; false when the account has no such working key.
    async fn revoke_key(&self, account: AccountId, key: KeyId, now: Timestamp) -> Result<bool>;
}

/// Credits.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Adds credits (or takes back, when negative) and returns the new balance; never below zero.
    async fn grant(
        &self,
        account: AccountId,
        entry: EntryId,
        amount: i64,
        note: &str,
        now: Timestamp,
    ) -> Result<i64>;

    /// Credits that can be spent, holds subtracted.
    async fn balance(&self, account: AccountId) -> Result<i64>;

    /// Newest entries first, at most `limit`.
    async fn entries(&self, account: AccountId, limit: u32) -> Result<Vec<LedgerEntry>>;

    /// Sums of the entries after number `after_seq`; with none only the number of the newest entry is told.
    async fn totals(&self, after_seq: Option<u64>) -> Result<LedgerTotals>;

    /// Accounts whose balance differs from the sum of their entries; always empty unless something is broken.
    async fn inconsistent_accounts(&self) -> Result<Vec<AccountId>>;
}

/// Pictures of persons.
#[async_trait]
pub trait Images: Send + Sync {
    /// Stores the row of an upload whose bytes already lie in the store.
    async fn insert(&self, image: PersonImage) -> Result<()>;

    /// Finds an image of any account, also an expired one.
    async fn find(&self, image: ImageId) -> Result<Option<PersonImage>>;
}

/// Products.
#[async_trait]
pub trait Products: Send + Sync {
    /// Creates or updates by [`apply_upsert`](crate::product::apply_upsert); `id` is for a new row.
    async fn upsert(
        &self,
        account: AccountId,
        id: ProductId,
        upsert: ProductUpsert,
        now: Timestamp,
    ) -> Result<Upserted>;

    /// Finds a living product.
    async fn find(
        &self,
        account: AccountId,
        external_id: &ExternalId,
        now: Timestamp,
    ) -> Result<Option<Product>>;

    /// Lists living products, one-shot ones left out, newest first.
    async fn list(
        &self,
        account: AccountId,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<Product>>;

    /// Deletes a product; false when there is no living one.
    async fn delete(
        &self,
        account: AccountId,
        external_id: &ExternalId,
        now: Timestamp,
    ) -> Result<bool>;

    /// Claims pictures that were never fetched, for `lease`; a picture is offered at most three times.
    async fn claim_unfetched(
        &self,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<UnfetchedImage>>;

    /// Keeps the bytes of a fetched picture; false when the product no longer has that picture (throw the blob away).
    async fn keep_fetched(&self, image: &UnfetchedImage, picture: StoredPicture) -> Result<bool>;
}

/// Generations, for reading.
#[async_trait]
pub trait Generations: Send + Sync {
    /// Finds a generation of any account.
    async fn find(&self, generation: GenerationId) -> Result<Option<Generation>>;

    /// Finds the mask of a generation's result, while that is kept; none where the engine gave none.
    async fn find_mask(&self, generation: GenerationId) -> Result<Option<StoredPicture>>;

    /// Lists an account's generations, newest first.
    async fn list(&self, account: AccountId, page: PageRequest) -> Result<Page<Generation>>;

    /// Watches a generation. Make the watch first and look afterwards, so that no change slips in between.
    fn watch(&self, generation: GenerationId) -> Box<dyn ChangeWatch>;
}

/// Place in the queue at which counting stops.
pub const MAX_POSITION: u32 = 10_000;

/// The job queue; one database makes job, credit and result one transaction.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Checks references and credits without writing, so that a request that will be refused costs no picture work.
    async fn check(
        &self,
        account: AccountId,
        products: &[ProductChoice],
        person: Option<&PersonChoice>,
        now: Timestamp,
    ) -> Result<()>;

    /// Writes products, person, generation, job and the hold of one credit per product in one durable transaction.
    ///
    /// Errors, in this order: `IMAGE_NOT_FOUND` / `FORBIDDEN`, `PRODUCT_NOT_FOUND` / `PRODUCT_IMAGES_REQUIRED`,
    /// `INSUFFICIENT_CREDITS`, `SERVER_BUSY` when the queue is full, `IDEMPOTENCY_KEY_IN_USE` when the ticket's hold
    /// was lost. A refusal writes nothing.
    async fn enqueue(&self, generation: NewGeneration) -> Result<Enqueued>;

    /// Leases the oldest job that is due and not for one of the engines in `except`; the lease runs on the database's
    /// clock.
    async fn claim(
        &self,
        worker: &str,
        attempt: AttemptId,
        lease: Duration,
        except: &[String],
        now: Timestamp,
    ) -> Result<Option<Job>>;

    /// Notes how far the work on a leased job is, for whoever watches it.
    async fn note_progress(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        progress: JobProgress,
    ) -> Result<Reported>;

    /// Extends a lease.
    async fn heartbeat(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        lease: Duration,
    ) -> Result<LeaseState>;

    /// Says whether a lease is still held, without extending it.
    async fn lease_state(&self, generation: GenerationId, attempt: AttemptId)
    -> Result<LeaseState>;

    /// Ends a job: generation, ledger, attempt and job row in one transaction.
    async fn finish(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        outcome: JobOutcome,
        now: Timestamp,
    ) -> Result<Reported>;

    /// Puts a job back after a failure that may pass; it becomes due after `delay`. When its attempts are used up
    /// it ends as failed with this code and message instead.
    async fn retry(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        delay: Duration,
        code: crate::Code,
        message: &str,
        now: Timestamp,
    ) -> Result<Reported>;

    /// Gives a job back unharmed (shutdown): the attempt does not count.
    async fn put_back(&self, generation: GenerationId, attempt: AttemptId) -> Result<Reported>;

    /// Puts jobs with run-out leases back, or ends them as failed (dead) when their attempts are used up; returns how many.
    async fn reap(&self, now: Timestamp) -> Result<u64>;

    /// Cancels a pending or running job and releases its credits; false when it has already ended.
    async fn cancel(&self, generation: GenerationId, now: Timestamp) -> Result<bool>;

    /// Time for which the most overdue waiting job has been due; zero when none is.
    async fn lag(&self) -> Result<Duration>;

    /// Number of jobs that wait.
    async fn depth(&self) -> Result<u64>;

    /// Place of a waiting job in the queue: 1 is next, [`MAX_POSITION`] is that or more; none when it does not wait.
    async fn position(&self, generation: GenerationId) -> Result<Option<u32>>;

    /// Returns when there may be new work that is not for an engine in `except`, at the latest after `timeout`.
    async fn wait_for_work(&self, timeout: Duration, except: &[String]);
}

/// What retention has ended, and what nobody knows.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Blobs whose rows have expired, at most `limit`; none that a waiting or running job still needs.
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<ExpiredBlob>>;

    /// Removes the rows (or the rows' hold on the blob) after the files are gone.
    async fn forget(&self, blobs: &[ExpiredBlob], now: Timestamp) -> Result<()>;

    /// Keys that rows hold whose retention lasts, in lexical order after `after`, at most `limit`.
    async fn held(
        &self,
        now: Timestamp,
        after: Option<&BlobKey>,
        limit: u32,
    ) -> Result<Vec<BlobKey>>;

    /// Of these keys, the ones that no row holds.
    async fn unknown(&self, keys: &[BlobKey]) -> Result<Vec<BlobKey>>;
}

/// How busy the writing side of a database is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteStats {
    /// Writes that wait for their turn.
    pub waiting: u64,
    /// Writes that were committed since the start.
    pub writes: u64,
    /// Commits since the start; one serves many writes.
    pub commits: u64,
}

/// The database as a whole.
#[async_trait]
pub trait Database: Send + Sync {
    /// Counts of this process.
    fn write_stats(&self) -> WriteStats {
        WriteStats::default()
    }

    /// Answers when reading and writing work.
    async fn ping(&self) -> Result<()>;

    /// The secret that signs picture URLs; made on first use from `fresh`.
    async fn signing_secret(&self, fresh: [u8; 32]) -> Result<[u8; 32]>;
}

/// Picture bytes.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes a blob, all or nothing; durable when it returns.
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<()>;

    /// Reads a blob; none when there is no such key.
    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>>;

    /// Deletes a blob; a missing one is no error.
    async fn delete(&self, key: &BlobKey) -> Result<()>;

    /// Keys in lexical order after `after`, at most `limit`.
    async fn list(&self, after: Option<&BlobKey>, limit: usize) -> Result<Vec<BlobKey>>;

    /// Answers when reading and writing work.
    async fn ping(&self) -> Result<()>;
}

/// Why a picture could not be fetched; the text is for the caller and names no internal address.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct FetchError {
    /// What went wrong, such as `the server answered 404`.
    pub reason: String,
    /// Whether a later try may work.
    pub retryable: bool,
}

/// Guarded fetches of addresses that somebody else chose.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Fetches at most `max_bytes` with a plain GET.
    async fn fetch(
        &self,
        url: &str,
        max_bytes: u64,
        timeout: Duration,
    ) -> Result<Bytes, FetchError>;
}

/// A picture after its checks: upright sRGB JPEG without metadata.
#[derive(Debug, Clone)]
pub struct NormalizedPicture {
    /// The file.
    pub jpeg: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// Picture work, off the async threads and under permits.
#[async_trait]
pub trait Pictures: Send + Sync {
    /// Checks and normalises the picture of a person, cropped to 4:5 around the person if asked.
    ///
    /// Errors: `INVALID_IMAGE`, `UNSUPPORTED_IMAGE_FORMAT`, `PAYLOAD_TOO_LARGE`, `SERVER_BUSY`.
    async fn normalize_person(&self, bytes: Bytes, crop: bool) -> Result<NormalizedPicture>;

    /// Checks and normalises the picture of a product. Errors as above.
    async fn normalize_product(&self, bytes: Bytes) -> Result<NormalizedPicture>;

    /// Checks and normalises the logo of an account. Errors as above.
    async fn normalize_logo(&self, bytes: Bytes) -> Result<NormalizedLogo>;

    /// Draws a logo, the label "AI-generated", or both onto a finished result (JPEG); the size stays.
    ///
    /// Waits for its turn however many wait: a result that is paid for is not refused. Errors: `ENGINE_FAILED` when the
    /// result cannot be read, `INTERNAL_ERROR` when the logo cannot.
    async fn mark_result(
        &self,
        jpeg: Bytes,
        watermark: Option<Watermark>,
        label: bool,
    ) -> Result<NormalizedPicture>;
}

/// Recognises this server's own signed picture URLs, which need no fetch.
pub trait OwnUrls: Send + Sync {
    /// The picture behind a valid signed URL of this server.
    fn resolve(&self, url: &str, now: Timestamp) -> Option<OwnPicture>;
}

/// A picture that this server handed out a URL for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPicture {
    /// An upload.
    Upload(ImageId),
    /// The result of a generation.
    Result(GenerationId),
    /// The mask of a generation's result.
    Mask(GenerationId),
}

/// All ports in one hand.
#[derive(Clone)]
pub struct Ports {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn Ids>,
    /// Accounts and keys.
    pub accounts: Arc<dyn Accounts>,
    /// Keys of the admin API.
    pub admin_keys: Arc<dyn AdminKeys>,
    /// Credits.
    pub ledger: Arc<dyn Ledger>,
    /// Pictures of persons.
    pub images: Arc<dyn Images>,
    /// Customers.
    pub customers: Arc<dyn Customers>,
    /// Products.
    pub products: Arc<dyn Products>,
    /// Generations.
    pub generations: Arc<dyn Generations>,
    /// The job queue.
    pub jobs: Arc<dyn Jobs>,
    /// Keys of repeated requests.
    pub idempotency: Arc<dyn Idempotency>,
    /// Retention.
    pub retention: Arc<dyn Retention>,
    /// Reading across accounts.
    pub oversight: Arc<dyn Oversight>,
    /// Logos of accounts.
    pub watermarks: Arc<dyn Watermarks>,
    /// Webhook endpoints and what is sent to them.
    pub webhooks: Arc<dyn Webhooks>,
    /// The database as a whole.
    pub database: Arc<dyn Database>,
    /// Picture bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Guarded fetches.
    pub fetch: Arc<dyn Fetch>,
    /// Guarded posts.
    pub post: Arc<dyn Post>,
    /// Picture work.
    pub pictures: Arc<dyn Pictures>,
    /// Own signed URLs.
    pub own_urls: Arc<dyn OwnUrls>,
    /// Statements of how results were made.
    pub provenance: Arc<dyn Provenance>,
}
