//! Lets requests to the admin API through when they carry a working admin key.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use drape_core::{
    Code,
    admin_key::{ADMIN_KEY_PREFIX, AdminKeyInfo, hash_admin_key},
};
use http::{HeaderMap, HeaderName, StatusCode};

use crate::{
    api::{
        auth::{Counted, sent_key, well_formed},
        error::{ApiError, from_bare_status},
    },
    rate_limit::Bucket,
    state::AppState,
};

/// Header that carries the admin key.
pub(crate) const ADMIN_KEY: HeaderName = HeaderName::from_static("x-admin-key");

/// Lets a request to an admin route through: the API is on, the key works, and the key's own rate allows it.
///
/// An account's key is no help here, and nothing counts against an account. Who asked stands in the log line of the
/// request.
pub(crate) async fn guard(state: &AppState, request: Request, next: Next) -> Response {
    if !state.settings.admin_enabled {
        return from_bare_status(StatusCode::NOT_FOUND).into_response();
    }
    let key = match authenticate(state, request.headers()).await {
        Ok(key) => key,
        Err(error) => return error.into_response(),
    };
    tracing::Span::current().record("admin_key.id", tracing::field::display(key.id));
    let limit = state.settings.admin_rate_limit;
    let now = state.ports.clock.now();
    let counted = Counted::of_admin(limit, state.limiter.check_admin(key.id, limit, now));
    let mut response = match counted.refusal() {
        Some(refusal) => {
            state.metrics.rate_limited(Bucket::Admin);
            refusal.into_response()
        }
        None => next.run(request).await,
    };
    counted.write_headers(response.headers_mut());
    response
}

async fn authenticate(state: &AppState, headers: &HeaderMap) -> Result<AdminKeyInfo, ApiError> {
    let Some(key) = sent_key(headers, &ADMIN_KEY) else {
        return Err(ApiError::new(
            Code::MissingApiKey,
            "Send your admin key in the x-admin-key header.",
        ));
    };
    let invalid = || {
        ApiError::new(
            Code::InvalidApiKey,
            "The admin key is not valid or was revoked.",
        )
    };
    // A text that cannot be a key costs no query.
    let key = well_formed(key, ADMIN_KEY_PREFIX).ok_or_else(invalid)?;
    let found = state
        .ports
        .admin_keys
        .find_by_hash(hash_admin_key(key))
        .await?;
    found.ok_or_else(invalid)
}
