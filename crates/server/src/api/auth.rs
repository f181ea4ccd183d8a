//! Who is asking, and whether they may ask right now.

use std::{ops::Deref, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use drape_core::{
    Code, Error,
    account::{API_KEY_PREFIX, Account, hash_api_key},
};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};

use super::{admin, error::ApiError};
use crate::{
    rate_limit::{Bucket, Decision, WINDOW_S},
    router,
    state::AppState,
};

/// Header that carries the key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Characters of a key after its prefix: 32 bytes in base64url.
const KEY_CHARS: usize = 43;

/// The account that a request comes from; handlers get it from [`guard`].
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<Account>);

impl Deref for Caller {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Error::internal("a handler wants an account on an open route").into())
    }
}

/// Lets a request through when its size, its key and its account's rate allow it, in this order.
///
/// Every route needs a key unless [`router::OPEN_ROUTES`] names it. Nothing of the body has been read here.
pub(crate) async fn guard(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map(MatchedPath::as_str);
    if let Err(error) = check_declared_size(&state, route, request.headers()) {
        return error.into_response();
    }
    if route.is_some_and(router::is_admin) {
        return admin::guard::guard(&state, request, next).await;
    }
    let is_open = route.is_some_and(|route| router::OPEN_ROUTES.contains(&route));
    if is_open {
        return next.run(request).await;
    }
    let account = match authenticate(&state, request.headers()).await {
        Ok(account) => account,
        // What does not exist needs no key.
        Err(_) if route.is_none() => return next.run(request).await,
        Err(error) => return error.into_response(),
    };
    tracing::Span::current().record("account.id", tracing::field::display(account.id));
    let bucket = match route {
        Some(router::GENERATION | router::GENERATION_EVENTS) => Bucket::Poll,
        _ => Bucket::Default,
    };
    let counted = count(&state, &account, bucket);
    let mut response = if let Some(refusal) = counted.refusal() {
        refusal.into_response()
    } else {
        request.extensions_mut().insert(Caller(Arc::new(account)));
        next.run(request).await
    };
    counted.write_headers(response.headers_mut());
    response
}

/// Refuses by `Content-Length` what would be refused while reading.
fn check_declared_size(
    state: &AppState,
    route: Option<&str>,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let Some(declared) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(());
    };
    let declared = declared.to_str().ok().and_then(|text| text.parse().ok());
    let max_bytes = router::max_body_bytes(&state.settings, route, is_multipart(headers));
    if declared.is_none_or(|declared: usize| declared > max_bytes) {
        return Err(too_large(max_bytes));
    }
    Ok(())
}

/// Refusal of a body over `max_bytes`.
pub(crate) fn too_large(max_bytes: usize) -> ApiError {
    ApiError::new(
        Code::PayloadTooLarge,
        format!("The body is larger than {max_bytes} bytes."),
    )
}

/// Says whether the body is a form with files.
pub(crate) fn is_multipart(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|text| {
        let name = text.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii()
            .eq_ignore_ascii_case(b"multipart/form-data")
    })
}

async fn authenticate(state: &AppState, headers: &HeaderMap) -> Result<Account, ApiError> {
    let Some(key) = sent_key(headers, &API_KEY) else {
        return Err(ApiError::new(
            Code::MissingApiKey,
            "Send your API key in the x-api-key header.",
        ));
    };
    let invalid = || {
        ApiError::new(
            Code::InvalidApiKey,
            "The API key is not valid, was revoked, or its account is inactive.",
        )
    };
    // A text that cannot be a key costs no query.
    let key = well_formed(key, API_KEY_PREFIX).ok_or_else(invalid)?;
    let account = state.ports.accounts.find_by_key(hash_api_key(key)).await?;
    account
        .filter(|account| account.is_active)
        .ok_or_else(invalid)
}

/// The key in a header; none when it is missing or empty.
pub(crate) fn sent_key<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let value = headers.get(name).map(HeaderValue::as_bytes);
    value.filter(|key| !key.trim_ascii().is_empty())
}

/// The key as text, when it has the form of one: its prefix and 32 bytes in base64url.
pub(crate) fn well_formed<'k>(key: &'k [u8], prefix: &str) -> Option<&'k str> {
    let text = std::str::from_utf8(key).ok()?;
    let rest = text.strip_prefix(prefix)?;
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (rest.len() == KEY_CHARS && rest.bytes().all(is_base64url)).then_some(text)
}

/// A request that was counted against the rate of its account, or of its admin key.
pub(crate) struct Counted {
    bucket: Bucket,
    limit: u32,
    decision: Decision,
}

/// Counts a request of an account.
pub(crate) fn count(state: &AppState, account: &Account, bucket: Bucket) -> Counted {
    let limit = match bucket {
        Bucket::Poll => account.poll_limit,
        Bucket::Default | Bucket::Admin => account.rate_limit,
    };
    let now = state.ports.clock.now();
    let decision = state.limiter.check(account.id, bucket, limit, now);
    if !decision.is_allowed {
        state.metrics.rate_limited(bucket);
    }
    Counted {
        bucket,
        limit,
        decision,
    }
}

impl Counted {
    /// A request to the admin API.
    pub(crate) fn of_admin(limit: u32, decision: Decision) -> Self {
        Self {
            bucket: Bucket::Admin,
            limit,
            decision,
        }
    }

    /// The refusal, when the limit is used up.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        if self.decision.is_allowed {
            return None;
        }
        let message = format!(
            "More than {} requests in {WINDOW_S} seconds. Try again in {} s.",
            self.limit, self.decision.reset_s
        );
        let error = Error::new(Code::RateLimited, message);
        Some(error.with_retry_after(self.decision.reset_s).into())
    }

    /// Writes the `RateLimit` headers (IETF draft `httpapi-ratelimit-headers`).
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) {
        let name = self.bucket.as_str();
        let policy = format!("\"{name}\";q={};w={WINDOW_S}", self.limit);
        let state = format!(
            "\"{name}\";r={};t={}",
            self.decision.remaining, self.decision.reset_s
        );
        for (header, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(header, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_of_the_right_form_can_be_keys() {
        let good = format!("gk_{}", "aZ09-_x".repeat(7)[..43].to_owned());
        let well_formed = |text: &'_ [u8]| well_formed(text, "gk_").map(str::to_owned);
        assert_eq!(well_formed(good.as_bytes()).as_deref(), Some(good.as_str()));
        for bad in [
            "gk_",
            "secret",
            &good[3..],
            &format!("{good}a"),
            &good.replace('a', "+"),
            &good.replace("gk_", "GK_"),
            &good.replace("gk_", "dak_"),
        ] {
            assert_eq!(well_formed(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(well_formed(&[0xff; 46]), None);
    }

    #[test]
    fn forms_are_known_by_their_type_alone() {
        let is_form = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
            is_multipart(&headers)
        };
        assert!(is_form("multipart/form-data; boundary=x"));
        assert!(is_form("Multipart/Form-Data;boundary=x"));
        assert!(!is_form("multipart/mixed; boundary=x"));
        assert!(!is_form("application/json"));
        assert!(!is_multipart(&HeaderMap::new()));
    }
}
