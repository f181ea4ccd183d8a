//! Webhooks: endpoints, the outbox of messages to them, and the way out.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Result,
    generation::Reported,
    ids::{AccountId, AttemptId, DeliveryId, EndpointId},
    page::{Page, PageRequest},
    time::Timestamp,
    webhook::{
        ClaimedDelivery, Delivery, DeliveryAttempt, Endpoint, EndpointChange, NextStep,
        WebhookSecret,
    },
};

/// Webhook endpoints and the messages to them.
///
/// Messages come from elsewhere: whatever makes an event happen (the end of a job, a hold that leaves few credits)
/// writes one delivery per active endpoint that wants the event, in its own transaction.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Stores an endpoint with its secret.
    ///
    /// Errors: a validation error on `url` when the account has [`MAX_ENDPOINTS`](crate::webhook::MAX_ENDPOINTS).
    async fn create_endpoint(&self, endpoint: Endpoint, secret: WebhookSecret) -> Result<()>;

    /// Lists the endpoints of an account, newest first.
    async fn endpoints(&self, account: AccountId) -> Result<Vec<Endpoint>>;

    /// Finds an endpoint of any account.
    async fn find_endpoint(&self, endpoint: EndpointId) -> Result<Option<Endpoint>>;

    /// Changes an endpoint; none when there is no such endpoint.
    ///
    /// An endpoint that is switched off gets no new messages; those that wait go on when it is switched on again.
    async fn update_endpoint(
        &self,
        endpoint: EndpointId,
        change: EndpointChange,
    ) -> Result<Option<Endpoint>>;

    /// Gives an endpoint a new secret; the old one signs beside it until `old_until`. False when there is none.
    async fn rotate_secret(
        &self,
        endpoint: EndpointId,
        secret: WebhookSecret,
        old_until: Timestamp,
    ) -> Result<bool>;

    /// Deletes an endpoint with its log, at once for every reader and in batches on the disk; false when there is none.
    async fn delete_endpoint(&self, endpoint: EndpointId, now: Timestamp) -> Result<bool>;

    /// Lists the messages to an endpoint, newest first, or only those that were given up.
    async fn deliveries(
        &self,
        endpoint: EndpointId,
        failed_only: bool,
        page: PageRequest,
    ) -> Result<Page<Delivery>>;

    /// Finds a message with its attempts, oldest first.
    async fn find_delivery(
        &self,
        delivery: DeliveryId,
    ) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>>;

    /// Makes a message due again, whatever became of it, with a whole new round of attempts; none when there is no such
    /// message. One that is just being sent is left alone.
    async fn replay(&self, delivery: DeliveryId, now: Timestamp) -> Result<Option<Delivery>>;

    /// Queues a message of the event `webhook.test`; none when there is no such endpoint.
    async fn send_test(
        &self,
        endpoint: EndpointId,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Delivery>>;

    /// Leases messages that are due at `now`, at most `limit`, and never more than
    /// [`MAX_AT_ONCE`](crate::webhook::MAX_AT_ONCE) to one endpoint. Those of lost leases come again.
    ///
    /// Due times run on the caller's clock, the lease on the database's.
    async fn claim_deliveries(
        &self,
        claim: AttemptId,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>>;

    /// Notes an attempt and what comes next, in one transaction.
    async fn report_delivery(
        &self,
        delivery: DeliveryId,
        claim: AttemptId,
        attempt: DeliveryAttempt,
        next: NextStep,
    ) -> Result<Reported>;

    /// Deletes messages that are older than `before`, and what is left of deleted endpoints, at most `limit` rows;
    /// returns how many.
    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Returns when there may be a message to send, at the latest after `timeout`.
    async fn wait_for_deliveries(&self, now: Timestamp, timeout: Duration);
}

/// Why an address cannot be posted to; the text names no internal address.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct PostError {
    /// What went wrong, such as `the server could not be reached`.
    pub reason: String,
}

/// What is posted.
#[derive(Clone)]
pub struct PostRequest {
    /// Where to.
    pub url: String,
    /// Headers besides the usual ones; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// Time for all of it.
    pub timeout: Duration,
}

/// Guarded posts to addresses that somebody else chose.
#[async_trait]
pub trait Post: Send + Sync {
    /// Says whether an address may be posted to, as far as its text tells.
    fn check(&self, url: &str) -> Result<(), PostError>;

    /// Posts once and returns the status of the answer, whatever it is. No redirect is followed; the body of the answer
    /// is read up to a small limit and dropped.
    async fn post(&self, request: PostRequest) -> Result<u16, PostError>;
}
