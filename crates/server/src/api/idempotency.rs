//! The `Idempotency-Key` header: the same request again gets the same answer, and does nothing twice.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use drape_core::{
    Error,
    account::Account,
    idempotency::{self, IdempotencyKey, ParseKeyError, Start, StoredAnswer, Ticket},
    ids::GenerationId,
    try_on::TryOnCreated,
};
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::{body::RequestBody, error::ApiError, multipart::Form};
use crate::state::AppState;

/// Header that carries the key, as it is named in validation details.
const KEY_NAME: &str = "Idempotency-Key";
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key of a request; a malformed one is told only after the body was found in order.
pub(crate) struct SentKey(Option<Result<IdempotencyKey, ParseKeyError>>);

impl<S: Sync> FromRequestParts<S> for SentKey {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let mut values = parts.headers.get_all(KEY).iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        // Of two keys nobody can say which was meant.
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        let key = text.ok_or(ParseKeyError).and_then(str::parse);
        Ok(Self(Some(key)))
    }
}

/// How a request goes on after a look at its key.
pub(crate) enum Begun {
    /// It does its work.
    Work(Hold),
    /// It was done: this generation.
    Queued(GenerationId),
    /// It was done: this answer.
    Answered(StoredAnswer),
}

/// Takes the key of a request whose body is in order. Without a key there is nothing to hold, and all goes on.
///
/// Errors: `VALIDATION_FAILED` on `Idempotency-Key`, `IDEMPOTENCY_KEY_REUSED`, `IDEMPOTENCY_KEY_IN_USE`.
pub(crate) async fn begin(
    state: &AppState,
    account: &Account,
    key: SentKey,
    route: &str,
    body: &RequestBody,
) -> Result<Begun, ApiError> {
    let Some(key) = key.0 else {
        return Ok(Begun::Work(Hold::nothing(state)));
    };
    let key = key.map_err(|error| Error::invalid_field(KEY_NAME, error.to_string()))?;
    let fingerprint = fingerprint(route, body).await?;
    let started = idempotency::start(&state.ports, account, key, fingerprint).await?;
    Ok(match started {
        Start::Work(ticket) => Begun::Work(Hold {
            state: state.clone(),
            ticket: Some(ticket),
        }),
        Start::Queued(generation) => Begun::Queued(generation),
        Start::Answered(answer) => Begun::Answered(answer),
    })
}

/// The hold of a request on its key; given back when the request comes to nothing, also when its caller goes away.
pub(crate) struct Hold {
    state: AppState,
    ticket: Option<Ticket>,
}

impl Hold {
    fn nothing(state: &AppState) -> Self {
        Self {
            state: state.clone(),
            ticket: None,
        }
    }

    /// The ticket for the work, if the request has a key.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        self.ticket.clone()
    }

    /// Ends the hold with the outcome of the work: a refused request gives its key back before it is answered.
    pub(crate) async fn settle<T, E>(mut self, outcome: Result<T, E>) -> Result<T, E> {
        let ticket = self.ticket.take();
        if let (Err(_), Some(ticket)) = (&outcome, ticket) {
            give_back(&self.state, &ticket).await;
        }
        outcome
    }

    /// As [`Hold::settle`]; an answer is stored for the next one who asks.
    pub(crate) async fn remember(
        mut self,
        outcome: Result<StoredAnswer, ApiError>,
    ) -> Result<StoredAnswer, ApiError> {
        let Ok(answer) = outcome else {
            return self.settle(outcome).await;
        };
        if let Some(ticket) = self.ticket.take() {
            self.store(&ticket, &answer).await;
        }
        Ok(answer)
    }

    async fn store(&self, ticket: &Ticket, answer: &StoredAnswer) {
        let ports = &self.state.ports;
        let stored = ports
            .idempotency
            .complete(ticket, answer.clone(), ports.clock.now());
        if let Err(error) = stored.await {
            // The work is done and its caller hears of it; the key will be free again once its hold runs out.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an answer could not be stored with its idempotency key"
            );
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        // The request was dropped in the middle. Should it have queued its try-on just now, the key stays.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let state = self.state.clone();
        let tasks = state.tasks().clone();
        tasks.spawn_on(async move { give_back(&state, &ticket).await }, &runtime);
    }
}

async fn give_back(state: &AppState, ticket: &Ticket) {
    if let Err(error) = state.ports.idempotency.abandon(ticket).await {
        // Its hold runs out by itself.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "an idempotency key could not be given back"
        );
    }
}

/// The try-on that an earlier request with the same key has queued.
pub(crate) async fn find_created(
    state: &AppState,
    generation: GenerationId,
) -> Result<TryOnCreated, ApiError> {
    let found = state.ports.generations.find(generation).await?;
    let found = found.ok_or_else(|| Error::internal("the generation of a key does not exist"))?;
    Ok(TryOnCreated {
        generation,
        product_external_ids: found.product_external_ids(),
    })
}

/// Marks an answer as one that was given before.
pub(crate) fn replayed(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let value = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, value);
    response
}

/// Renders a stored answer.
pub(crate) fn render(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], answer.body).into_response()
}

/// SHA-256 of what a request asks for: its route, its JSON whatever the order of keys, and its files whatever their
/// order, file names and boundary.
async fn fingerprint(route: &str, body: &RequestBody) -> Result<[u8; 32], ApiError> {
    let mut hash = Sha256::new();
    add_text(&mut hash, route);
    add_value(&mut hash, &body.json);
    for (name, digest) in file_digests(&body.files).await? {
        add_text(&mut hash, &name);
        hash.update(digest);
    }
    Ok(hash.finalize().into())
}

/// Name and SHA-256 of every part, in the order of the names.
async fn file_digests(files: &Form) -> Result<Vec<(String, [u8; 32])>, ApiError> {
    let parts: Vec<(String, Bytes)> = files
        .parts()
        .map(|part| (part.name.clone(), part.bytes.clone()))
        .collect();
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    // Up to 90 MB: not on the threads that serve everybody.
    let digests = tokio::task::spawn_blocking(move || {
        let mut digests: Vec<_> = parts
            .into_iter()
            .map(|(name, bytes)| (name, Sha256::digest(&bytes).into()))
            .collect();
        digests.sort_unstable();
        digests
    });
    Ok(digests.await.map_err(Error::internal)?)
}

/// Adds a text with its length before it, so that no two rows of texts look alike.
fn add_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

/// Adds JSON with a tag for every type, and the keys of objects in order. As deep as the parser lets it be.
fn add_value(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update(b"0"),
        Value::Bool(false) => hash.update(b"f"),
        Value::Bool(true) => hash.update(b"t"),
        Value::Number(number) => {
            hash.update(b"n");
            add_text(hash, &number.to_string());
        }
        Value::String(text) => {
            hash.update(b"s");
            add_text(hash, text);
        }
        Value::Array(items) => {
            hash.update(b"a");
            hash.update((items.len() as u64).to_be_bytes());
            for item in items {
                add_value(hash, item);
            }
        }
        Value::Object(map) => {
            hash.update(b"o");
            hash.update((map.len() as u64).to_be_bytes());
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_str());
            for (key, item) in entries {
                add_text(hash, key);
                add_value(hash, item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn of(route: &str, json: Value, files: &[(&str, &[u8])]) -> [u8; 32] {
        let body = RequestBody {
            json,
            files: Form::of_files(files),
        };
        fingerprint(route, &body).await.unwrap()
    }

    #[tokio::test]
    async fn the_order_of_keys_and_parts_does_not_matter() {
        let one = of(
            "/a",
            json!({ "x": 1, "y": { "p": null, "q": [true] } }),
            &[("f", b"1"), ("g", b"2")],
        );
        let same = of(
            "/a",
            json!({ "y": { "q": [true], "p": null }, "x": 1 }),
            &[("g", b"2"), ("f", b"1")],
        );
        assert_eq!(one.await, same.await);
    }

    #[tokio::test]
    async fn everything_else_matters() {
        let files: &[(&str, &[u8])] = &[("f", b"1"), ("g", b"2")];
        let mut all = vec![
            of("/a", json!({ "x": 1 }), files).await,
            of("/b", json!({ "x": 1 }), files).await,
            of("/a", json!({ "x": 1 }), &[("f", b"2"), ("g", b"1")]).await,
            of("/a", json!({ "x": 1 }), &[("f", b"1")]).await,
            of("/a", json!({ "x": 1 }), &[]).await,
        ];
        for json in [
            json!({ "x": 2 }),
            json!({ "x": "1" }),
            json!({ "x": 1.0 }),
            json!({ "x": [1] }),
            json!({ "x": [[], 1] }),
            json!({ "x": [[1]] }),
            json!({ "x": null }),
            json!({ "x": true }),
            json!({ "x": false }),
            json!({ "x": {} }),
            json!({ "x": [] }),
            json!({ "x": "" }),
            json!({ "y": 1 }),
            json!({ "x": 1, "y": 1 }),
            json!(["x", 1]),
            json!({}),
        ] {
            all.push(of("/a", json, files).await);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
