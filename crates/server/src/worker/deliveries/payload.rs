//! What a message says.

use bytes::Bytes;
use drape_core::{
    Error, Result,
    ids::GenerationId,
    webhook::{Delivery, Occurrence, Payload},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    api::{pictures::Links, tryon_v1::get_generation::GenerationResponse},
    state::AppState,
};

/// `data` of the event `credits.low`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreditsLow {
    /// Credits that were left.
    credit_balance: i64,
    /// The account's threshold.
    threshold: i64,
}

/// Makes the body of a message as of now: links in it are signed anew at each attempt.
pub(super) async fn body(state: &AppState, delivery: &Delivery) -> Result<Bytes> {
    let data = match delivery.occurrence {
        Occurrence::GenerationCompleted(id) | Occurrence::GenerationFailed(id) => {
            generation(state, id).await?
        }
        Occurrence::CreditsLow { balance, threshold } => to_json(&CreditsLow {
            credit_balance: balance,
            threshold,
        })?,
        Occurrence::Test => Value::Object(Map::new()),
    };
    let payload = Payload {
        event: delivery.occurrence.event().as_str(),
        timestamp: delivery.created_at,
        data,
    };
    serde_json::to_vec(&payload)
        .map(Bytes::from)
        .map_err(Error::internal)
}

/// The generation as `GET /generations/{id}` answers it; without a link when the server does not know its own address.
async fn generation(state: &AppState, id: GenerationId) -> Result<Value> {
    let found = state.ports.generations.find(id).await?;
    let found = found.ok_or_else(|| Error::internal("a webhook is about a missing generation"))?;
    let now = state.ports.clock.now();
    let links = Links::public(state);
    let link = |id| links.as_ref().map(|links| links.result(id));
    to_json(&GenerationResponse::with_link(found, None, link, now))
}

fn to_json(data: &impl Serialize) -> Result<Value> {
    serde_json::to_value(data).map_err(Error::internal)
}
