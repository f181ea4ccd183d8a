//! Signed picture URLs: making them for answers, and serving what they open.

use axum::{
    body::Body,
    extract::{FromRequestParts, Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use drape_core::{
    Code,
    ids::{AccountId, GenerationId, ImageId},
    image::StoredPicture,
    ports::OwnPicture,
    time::Timestamp,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts};

use super::{auth::count, error::ApiError, tryon_v1::get_generation::has_result};
use crate::{
    rate_limit::Bucket,
    signing::{LinkError, parse_picture},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::Forbidden, Code::NotFound, Code::RateLimited];

/// Makes picture URLs for one answer.
pub(crate) struct Links {
    state: AppState,
    base: String,
}

impl Links {
    /// Links to the address in the settings; none when there is none.
    pub(crate) fn public(state: &AppState) -> Option<Self> {
        let base = state.settings.public_url.clone()?;
        Some(Self {
            state: state.clone(),
            base,
        })
    }

    /// URL of an uploaded picture.
    pub(crate) fn upload(&self, id: ImageId) -> String {
        self.link(OwnPicture::Upload(id))
    }

    /// URL of a result.
    pub(crate) fn result(&self, id: GenerationId) -> String {
        self.link(OwnPicture::Result(id))
    }

    /// URL of the mask of a result.
    pub(crate) fn mask(&self, id: GenerationId) -> String {
        self.link(OwnPicture::Mask(id))
    }

    fn link(&self, picture: OwnPicture) -> String {
        let path = self
            .state
            .signer
            .sign(picture, self.state.ports.clock.now());
        format!("{}{path}", self.base)
    }
}

impl FromRequestParts<AppState> for Links {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let base = match &state.settings.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", asked_host(&parts.uri, &parts.headers)),
        };
        Ok(Self {
            state: state.clone(),
            base,
        })
    }
}

/// The name under which the caller reached this server.
fn asked_host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> &'r str {
    let in_header = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or(in_header);
    let is_plain = |host: &&str| {
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        };
        !host.is_empty() && host.bytes().all(plain)
    };
    host.filter(is_plain).unwrap_or("localhost")
}

/// A picture that a link opens.
struct Opened {
    account: AccountId,
    picture: StoredPicture,
    kept_until: Option<Timestamp>,
}

/// Serves the picture that a signed URL names; no key is needed.
#[utoipa::path(
    get,
    path = "/tryon/v1/pictures/{kind}/{file}",
    operation_id = "get_picture",
    tag = "images",
    params(
        ("kind" = String, Path, description = "`uploads` or `results`"),
        ("file" = String, Path, description = "Id of the picture and `.jpg`"),
        ("expires" = i64, Query, description = "End of the URL's life, in seconds since 1970"),
        ("signature" = String, Query, description = "Signature of the server"),
    ),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>, description = "The picture"),
        (status = 304, description = "The picture is the one that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_picture(
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let now = state.ports.clock.now();
    let picture = path
        .ok()
        .and_then(|Path((kind, file))| parse_picture(&kind, &file))
        .ok_or_else(no_picture)?;
    let query = uri.query().unwrap_or_default();
    let link_ends = state
        .signer
        .verify(picture, query, now)
        .map_err(refused_link)?;
    let opened = find(&state, picture, now).await?.ok_or_else(no_picture)?;
    let account = state.ports.accounts.find(opened.account).await?;
    let account = account
        .filter(|account| account.is_active)
        .ok_or_else(no_picture)?;
    tracing::Span::current().record("account.id", tracing::field::display(account.id));
    let counted = count(&state, &account, Bucket::Poll);
    let mut response = if let Some(refusal) = counted.refusal() {
        refusal.into_response()
    } else {
        let good_until = opened
            .kept_until
            .map_or(link_ends, |end| end.min(link_ends));
        let max_age_s = good_until.millis_since(now) / 1_000;
        serve(&state, &opened.picture, &headers, max_age_s).await?
    };
    counted.write_headers(response.headers_mut());
    Ok(response)
}

/// Finds a picture whose retention lasts.
async fn find(
    state: &AppState,
    picture: OwnPicture,
    now: Timestamp,
) -> Result<Option<Opened>, ApiError> {
    Ok(match picture {
        OwnPicture::Upload(id) => {
            let image = state.ports.images.find(id).await?;
            image
                .filter(|image| now < image.expires_at)
                .map(|image| Opened {
                    account: image.account,
                    picture: image.picture,
                    kept_until: Some(image.expires_at),
                })
        }
        OwnPicture::Result(id) | OwnPicture::Mask(id) => {
            let generation = state.ports.generations.find(id).await?;
            let Some(generation) = generation.filter(|generation| has_result(generation, now))
            else {
                return Ok(None);
            };
            let kept = match picture {
                OwnPicture::Mask(id) => state.ports.generations.find_mask(id).await?,
                _ => generation.result,
            };
            kept.map(|picture| Opened {
                account: generation.account,
                picture,
                kept_until: generation.result_expires_at,
            })
        }
    })
}

async fn serve(
    state: &AppState,
    picture: &StoredPicture,
    asked: &HeaderMap,
    max_age_s: u64,
) -> Result<Response, ApiError> {
    let tag = entity_tag(picture);
    let mut response = Response::new(Body::empty());
    if has_tag(asked, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let bytes = state.ports.blobs.get(&picture.key).await?;
        *response.body_mut() = Body::from(bytes.ok_or_else(no_picture)?);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    }
    let cache_control = format!("private, max-age={max_age_s}");
    for (name, text) in [(header::ETAG, tag), (header::CACHE_CONTROL, cache_control)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Entity tag of a picture: its content hash, shortened.
fn entity_tag(picture: &StoredPicture) -> String {
    use std::fmt::Write as _;
    let mut tag = String::from("\"");
    for byte in &picture.sha256[..16] {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Says whether `If-None-Match` names the tag.
pub(crate) fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|named| named.trim().trim_start_matches("W/"))
        .any(|named| named == tag || named == "*")
}

fn refused_link(error: LinkError) -> ApiError {
    let message = match error {
        LinkError::Invalid => "The signature of this picture URL is not valid.",
        LinkError::Expired => {
            "This picture URL has expired. Read the generation again for a new one."
        }
    };
    ApiError::new(Code::Forbidden, message)
}

fn no_picture() -> ApiError {
    ApiError::new(
        Code::NotFound,
        "There is no such picture, or its retention has ended.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_hosts_get_into_links() {
        let host = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(text).unwrap());
            asked_host(&Uri::from_static("/"), &headers).to_owned()
        };
        for good in ["shop.example", "localhost:8080", "[::1]:80", "10.0.0.1"] {
            assert_eq!(host(good), good);
        }
        for bad in ["", "a b", "a/b", "a?b", "user@host", "a\"b", "a,b"] {
            assert_eq!(host(bad), "localhost", "{bad:?}");
        }
        let absolute = Uri::from_static("http://shop.example:81/x");
        assert_eq!(asked_host(&absolute, &HeaderMap::new()), "shop.example:81");
    }

    #[test]
    fn a_tag_is_found_in_every_spelling_of_the_header() {
        let matches = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(text));
            has_tag(&headers, "\"ab\"")
        };
        for good in ["\"ab\"", "W/\"ab\"", "\"x\", \"ab\"", "*"] {
            assert!(matches(good), "{good}");
        }
        for bad in ["", "ab", "\"abc\"", "\"x\""] {
            assert!(!matches(bad), "{bad}");
        }
    }
}
