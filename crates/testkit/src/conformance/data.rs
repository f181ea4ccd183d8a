//! The data ports in one hand, and shorthands for what the suites store.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::{sync::Arc, time::Duration};

use drape_core::{
    Code,
    account::{Account, ApiKey, EntryKind, NewAccount, NewKey},
    generation::{
        Enqueued, Generation, Job, JobOutcome, NewGeneration, NewItem, PersonChoice, ProductChoice,
        Status,
    },
    ids::{AccountId, AttemptId, EntryId, GenerationId, ImageId, KeyId, ProductId},
    image::{BlobKey, BlobKind, ImageOrigin, PersonImage, StoredPicture},
    page::{Cursor, PageRequest},
    ports::{
        Accounts, AdminKeys, Clock, Customers, Database, Generations, Idempotency, Ids, Images,
        Jobs, Ledger, Oversight, Products, Retention, Watermarks, Webhooks,
    },
    product::{ExternalId, ImageSource, NewProductImage, Patch, ProductOrigin, ProductUpsert},
    time::Timestamp,
};
use serde_json::{Map, json};

use crate::world::{FakeClock, SeqIds};

/// A lease that no test outlives.
pub const LONG: Duration = Duration::from_hours(1);

/// The data ports of one fresh, empty database, with a clock that stands still.
#[derive(Clone)]
pub struct DataPorts {
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
    /// Webhooks.
    pub webhooks: Arc<dyn Webhooks>,
    /// The database as a whole.
    pub database: Arc<dyn Database>,
    /// The clock.
    pub clock: Arc<FakeClock>,
    /// Ids and secrets.
    pub ids: Arc<SeqIds>,
}

impl DataPorts {
    /// Takes all ports from one store.
    pub fn of<S>(store: S) -> Self
    where
        S: Accounts
            + AdminKeys
            + Ledger
            + Images
            + Customers
            + Products
            + Generations
            + Jobs
            + Idempotency
            + Retention
            + Oversight
            + Watermarks
            + Webhooks
            + Database
            + 'static,
    {
        let store = Arc::new(store);
        let clock = Arc::new(FakeClock::new());
        Self {
            accounts: store.clone(),
            admin_keys: store.clone(),
            ledger: store.clone(),
            images: store.clone(),
            customers: store.clone(),
            products: store.clone(),
            generations: store.clone(),
            jobs: store.clone(),
            idempotency: store.clone(),
            retention: store.clone(),
            oversight: store.clone(),
            watermarks: store.clone(),
            webhooks: store.clone(),
            database: store,
            ids: Arc::new(SeqIds::following(clock.clone())),
            clock,
        }
    }

    /// The clock's moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A key that was never used, and what is stored of it.
    pub fn new_key(&self, label: &str) -> (ApiKey, NewKey) {
        let key = ApiKey::from_random(self.ids.secret());
        let new = NewKey {
            id: KeyId::from_uuid(self.ids.uuid()),
            hash: key.hash(),
            label: label.to_owned(),
            now: self.now(),
        };
        (key, new)
    }

    /// What it takes to make an account.
    pub fn new_account(&self, name: &str, credits: u32) -> (ApiKey, NewAccount) {
        let (key, new_key) = self.new_key("first");
        let new = NewAccount {
            id: AccountId::from_uuid(self.ids.uuid()),
            name: name.to_owned(),
            credits,
            rate_limit: 100,
            poll_limit: 600,
            key: new_key,
            now: self.now(),
        };
        (key, new)
    }

    /// Makes an account.
    pub async fn account(&self, name: &str, credits: u32) -> Account {
        let (_, new) = self.new_account(name, credits);
        self.accounts.create(new).await.unwrap()
    }

    /// A picture that nothing else refers to.
    pub fn picture(&self, account: AccountId, kind: BlobKind) -> StoredPicture {
        let days = (kind != BlobKind::Product).then_some(7);
        StoredPicture {
            key: BlobKey::new(account, kind, days, self.ids.uuid()),
            width: 768,
            height: 1_024,
            size_bytes: 123_456,
            sha256: self.ids.secret(),
        }
    }

    /// Stores an upload that lives for a week.
    pub async fn upload(&self, account: AccountId) -> PersonImage {
        let image = PersonImage {
            id: ImageId::from_uuid(self.ids.uuid()),
            account,
            origin: ImageOrigin::Upload,
            picture: self.picture(account, BlobKind::Person),
            external_user_id: Some("customer 1".to_owned()),
            expires_at: self.now().plus_days(7),
            created_at: self.now(),
        };
        self.images.insert(image.clone()).await.unwrap();
        image
    }

    /// A snapshot that lives for a week.
    pub fn snapshot(&self, account: AccountId) -> PersonChoice {
        PersonChoice::Snapshot {
            id: ImageId::from_uuid(self.ids.uuid()),
            picture: self.picture(account, BlobKind::Person),
            expires_at: self.now().plus_days(7),
        }
    }

    /// Stores a registered product with one URL picture.
    pub async fn register(&self, account: AccountId, name: &str) -> ProductId {
        self.upsert(account, upsert(name, ProductOrigin::Registered))
            .await
    }

    /// Creates or updates a product.
    pub async fn upsert(&self, account: AccountId, upsert: ProductUpsert) -> ProductId {
        let id = ProductId::from_uuid(self.ids.uuid());
        let done = self.products.upsert(account, id, upsert, self.now()).await;
        done.unwrap().product.id
    }

    /// A try-on that names a product and an upload.
    pub fn by_reference(
        &self,
        account: AccountId,
        product: &str,
        upload: ImageId,
    ) -> NewGeneration {
        self.generation(
            account,
            ProductChoice::Reference(external_id(product)),
            PersonChoice::Upload(upload),
        )
    }

    /// A try-on of one product.
    pub fn generation(
        &self,
        account: AccountId,
        product: ProductChoice,
        person: PersonChoice,
    ) -> NewGeneration {
        self.outfit(account, vec![product], person)
    }

    /// A try-on of several products.
    pub fn outfit(
        &self,
        account: AccountId,
        products: Vec<ProductChoice>,
        person: PersonChoice,
    ) -> NewGeneration {
        let item = |product| NewItem {
            product_id: ProductId::from_uuid(self.ids.uuid()),
            product,
        };
        NewGeneration {
            id: GenerationId::from_uuid(self.ids.uuid()),
            account,
            items: products.into_iter().map(item).collect(),
            person,
            external_user_id: Some("customer 1".to_owned()),
            engine: "preview".to_owned(),
            keep_for_days: 3,
            watermark: true,
            ai_label: None,
            ticket: None,
            now: self.now(),
        }
    }

    /// Queues a try-on.
    pub async fn enqueue(&self, new: NewGeneration) -> drape_core::Result<Enqueued> {
        self.jobs.enqueue(new).await
    }

    /// Makes a product and an upload, and queues this many try-ons with them.
    pub async fn queue(&self, account: AccountId, count: usize) -> Vec<GenerationId> {
        let upload = self.upload(account).await.id;
        self.register(account, "queued").await;
        let mut queued = Vec::new();
        for _ in 0..count {
            let new = self.by_reference(account, "queued", upload);
            queued.push(new.id);
            self.enqueue(new).await.unwrap();
        }
        queued
    }

    /// A lease that nobody holds.
    pub fn attempt(&self) -> AttemptId {
        AttemptId::from_uuid(self.ids.uuid())
    }

    /// Claims a job for [`LONG`].
    pub async fn claim(&self) -> Option<Job> {
        self.claim_for(LONG).await
    }

    /// Claims a job.
    pub async fn claim_for(&self, lease: Duration) -> Option<Job> {
        self.jobs
            .claim("worker", self.attempt(), lease, &[], self.now())
            .await
            .unwrap()
    }

    /// A picture as outcome.
    pub fn completed(&self, account: AccountId) -> JobOutcome {
        JobOutcome::Completed {
            result: self.picture(account, BlobKind::Result),
            mask: None,
            engine: "preview".to_owned(),
            result_expires_at: self.now().plus_days(3),
        }
    }

    /// Reads a generation that exists.
    pub async fn read(&self, generation: GenerationId) -> Generation {
        self.generations.find(generation).await.unwrap().unwrap()
    }

    /// Gives credits.
    pub async fn grant(&self, account: AccountId, amount: i64) -> drape_core::Result<i64> {
        let entry = EntryId::from_uuid(self.ids.uuid());
        self.ledger
            .grant(account, entry, amount, "for a test", self.now())
            .await
    }

    /// All generations of an account, newest first.
    pub async fn all_generations(&self, account: AccountId) -> Vec<Generation> {
        let mut all = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = PageRequest { limit: 200, after };
            let page = self.generations.list(account, page).await.unwrap();
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    /// Checks what must hold at every moment: the balance is the sum of the entries, a finished generation has exactly
    /// one capture or release, an unfinished one has an open hold.
    pub async fn assert_books_balance(&self, account: AccountId) {
        assert!(
            self.ledger
                .inconsistent_accounts()
                .await
                .unwrap()
                .is_empty()
        );
        let entries = self.ledger.entries(account, u32::MAX).await.unwrap();
        let sum: i64 = entries.iter().map(|entry| entry.amount).sum();
        assert_eq!(self.ledger.balance(account).await.unwrap(), sum);
        assert!(sum >= 0);
        let generations = self.all_generations(account).await;
        for generation in &generations {
            let mut kinds: Vec<EntryKind> = entries
                .iter()
                .filter(|entry| entry.generation == Some(generation.id))
                .map(|entry| entry.kind)
                .collect();
            kinds.reverse();
            let expected = match generation.status {
                Status::Pending | Status::Processing => vec![EntryKind::Hold],
                Status::Completed => vec![EntryKind::Hold, EntryKind::Capture],
                Status::Failed => vec![EntryKind::Hold, EntryKind::Release],
            };
            assert_eq!(kinds, expected, "{:?}", generation.status);
        }
        let about_generations = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Hold)
            .count();
        assert_eq!(about_generations, generations.len());
    }
}

/// Parses an external id.
pub fn external_id(text: &str) -> ExternalId {
    text.parse().unwrap()
}

/// A product with a title and one URL picture.
pub fn upsert(name: &str, origin: ProductOrigin) -> ProductUpsert {
    ProductUpsert {
        external_id: external_id(name),
        origin,
        title: Patch::Set(format!("Title of {name}")),
        description: Patch::Set("Soft and warm.".to_owned()),
        metadata: Patch::Keep,
        valid_for_days: Patch::Keep,
        images: Some(vec![url_image("https://shop.example/a.jpg")]),
    }
}

/// A picture to be fetched.
pub fn url_image(url: &str) -> NewProductImage {
    NewProductImage {
        source: ImageSource::Url(url.to_owned()),
        source_url: url.to_owned(),
        classifications: Map::from_iter([("category".to_owned(), json!("top"))]),
    }
}

/// A picture whose bytes are there.
pub fn stored_image(picture: StoredPicture) -> NewProductImage {
    NewProductImage {
        source: ImageSource::Stored(picture),
        source_url: "upload://front".to_owned(),
        classifications: Map::new(),
    }
}

/// The code of a refusal; none for success.
pub fn code<T>(result: drape_core::Result<T>) -> Option<Code> {
    result.err().map(|error| error.code())
}
