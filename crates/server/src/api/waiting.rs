//! Waiting for a generation to change: by notification, in a bounded number of places.

use std::time::Duration;

use drape_core::{
    Code, Error, Result,
    generation::Generation,
    ids::GenerationId,
    ports::{ChangeWatch, Generations},
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::error::ApiError;
use crate::state::AppState;

/// Seconds after which a caller that found no place may come back.
const BUSY_RETRY_AFTER_S: u32 = 5;
/// Time after which a waiting request looks again unasked: another process on the same database cannot notify.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// A place among those who wait; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Takes a place for a request that may have to wait; `SERVER_BUSY` when all are taken.
pub(crate) fn take_place(state: &AppState) -> Result<Place, ApiError> {
    match state.waiting.clone().try_acquire_owned() {
        Ok(permit) => Ok(Place { _permit: permit }),
        Err(_) => Err(Error::new(
            Code::ServerBusy,
            "Too many requests wait for their try-on at this moment. Use POST /try-on, or try again shortly.",
        )
        .with_retry_after(BUSY_RETRY_AFTER_S)
        .into()),
    }
}

/// Waits until a generation has ended; none when it has not by `deadline`, or when the server shuts down before.
pub(crate) async fn wait_for_end(
    state: &AppState,
    id: GenerationId,
    deadline: Instant,
) -> Result<Option<Generation>> {
    let generations = state.ports.generations.as_ref();
    // Armed before the first look: an end between look and wait is not missed.
    let mut watch = generations.watch(id);
    loop {
        if let Some(ended) = find_ended(generations, id).await? {
            return Ok(Some(ended));
        }
        let now = Instant::now();
        if now >= deadline || state.stopping().is_cancelled() {
            return Ok(None);
        }
        let until = deadline.min(now + LOOK_AGAIN);
        wait_for_change(state, watch.as_mut(), until).await;
    }
}

async fn find_ended(generations: &dyn Generations, id: GenerationId) -> Result<Option<Generation>> {
    let found = generations.find(id).await?;
    Ok(found.filter(|generation| generation.status.is_final()))
}

/// Returns at the next change, at `until`, or when the server begins to shut down.
pub(crate) async fn wait_for_change(state: &AppState, watch: &mut dyn ChangeWatch, until: Instant) {
    tokio::select! {
        () = watch.changed() => {}
        () = sleep_until(until) => {}
        () = state.stopping().cancelled() => {}
    }
}
