//! Forms with files, read under limits of size, number and memory.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use drape_core::{Code, Error};
use futures::StreamExt as _;
use http::{HeaderValue, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    auth::{is_multipart, too_large},
    body::{broken_body, fields::Problems, in_time},
    error::ApiError,
};
use crate::state::{AppState, BUFFER_UNIT_BYTES};

/// Most parts of one form.
const MAX_PARTS: usize = 40;
/// Path of a form as a whole, where a problem has no part.
const WHOLE_FORM: &str = "body";
/// Part that holds JSON; it has the limit of a JSON body.
const DATA_PART: &str = "data";

/// The parts of a form, all in memory.
#[derive(Default)]
pub(crate) struct Form {
    parts: Vec<Part>,
    /// Holds the memory budget for as long as the parts live.
    _buffer: Option<Arc<Mutex<BufferLease>>>,
}

/// One part of a form.
pub(crate) struct Part {
    /// Name of the part.
    pub name: String,
    /// Name of the file, when the part says that it is one; empty when a browser's file field was left empty.
    pub file_name: Option<String>,
    /// Content.
    pub bytes: Bytes,
}

/// What a form has under a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'f> {
    /// Nothing.
    Missing,
    /// One part.
    One(&'f Bytes),
    /// More than one: nobody can say which was meant.
    Several,
}

impl Form {
    /// Takes a part out; a name that was given more than once is a problem.
    pub(crate) fn take(&mut self, name: &str, problems: &mut Problems) -> Option<Part> {
        let place = self.parts.iter().position(|part| part.name == name)?;
        let part = self.parts.remove(place);
        if self.parts.iter().any(|other| other.name == name) {
            problems.add(name, "Part is given more than once");
        }
        Some(part)
    }

    /// Takes a file out; a field that a browser's form left empty counts as left out.
    pub(crate) fn take_file(&mut self, name: &str, problems: &mut Problems) -> Option<Part> {
        self.take(name, problems).filter(|part| {
            // Such a field comes as a part without name and content.
            let has_name = part
                .file_name
                .as_deref()
                .is_some_and(|name| !name.is_empty());
            has_name || !part.bytes.is_empty()
        })
    }

    /// Takes the first spelling of a text field out that was given; an empty one counts as left out, as forms send
    /// those too.
    pub(crate) fn take_text(
        &mut self,
        names: &[&'static str],
        problems: &mut Problems,
    ) -> Option<(&'static str, String)> {
        for name in names {
            let Some(part) = self.take(name, problems) else {
                continue;
            };
            let Ok(text) = std::str::from_utf8(&part.bytes) else {
                problems.add(*name, "Invalid UTF-8");
                return None;
            };
            if !text.is_empty() {
                return Some((name, text.to_owned()));
            }
        }
        None
    }

    /// Looks a file up by its `fileKey`.
    pub(crate) fn file(&self, key: &str) -> Named<'_> {
        let mut named = self.parts.iter().filter(|part| part.name == key);
        match (named.next(), named.next()) {
            (None, _) => Named::Missing,
            (Some(part), None) => Named::One(&part.bytes),
            (Some(_), Some(_)) => Named::Several,
        }
    }

    /// All parts that nobody has taken out.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter()
    }

    #[cfg(test)]
    pub(crate) fn of_files(files: &[(&str, &[u8])]) -> Self {
        let parts = files
            .iter()
            .map(|(name, bytes)| Part {
                name: (*name).to_owned(),
                file_name: Some("picture.jpg".to_owned()),
                bytes: Bytes::copy_from_slice(bytes),
            })
            .collect();
        Self {
            parts,
            _buffer: None,
        }
    }
}

/// Reads a whole form.
///
/// Errors: `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE` (the form over `max_bytes`, a file over its own limit),
/// `VALIDATION_FAILED` (malformed, too many parts), `SERVER_BUSY` (no memory left for bodies).
pub(crate) async fn read_form(
    state: &AppState,
    request: Request,
    max_bytes: usize,
) -> Result<Form, ApiError> {
    if !is_multipart(request.headers()) {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "Send multipart/form-data.",
        ));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let boundary = content_type
        .and_then(|value: &HeaderValue| value.to_str().ok())
        .and_then(|text| multer::parse_boundary(text).ok())
        .ok_or_else(|| {
            Error::invalid_field(WHOLE_FORM, "The Content-Type has no valid boundary")
        })?;
    let lease = Arc::new(Mutex::new(BufferLease::new(&state.buffers, max_bytes)));
    let buffer = Arc::clone(&lease);
    let chunks = request.into_body().into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(ReadError::Broken)?;
        let mut lease = buffer.lock().unwrap_or_else(PoisonError::into_inner);
        lease.grow(chunk.len())?;
        Ok::<_, ReadError>(chunk)
    });
    let form = multer::Multipart::new(chunks, boundary);
    Ok(Form {
        parts: in_time(state, read_parts(state, form)).await?,
        _buffer: Some(lease),
    })
}

async fn read_parts(
    state: &AppState,
    mut form: multer::Multipart<'_>,
) -> Result<Vec<Part>, ApiError> {
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(refusal)? {
        if parts.len() == MAX_PARTS {
            let message = format!("Form must contain at most {MAX_PARTS} part(s)");
            return Err(Error::invalid_field(WHOLE_FORM, message).into());
        }
        parts.push(read_part(state, field).await?);
    }
    Ok(parts)
}

async fn read_part(state: &AppState, mut field: multer::Field<'_>) -> Result<Part, ApiError> {
    let name = field.name().unwrap_or_default().to_owned();
    let file_name = field.file_name().map(str::to_owned);
    let max_bytes = if name == DATA_PART {
        state.settings.max_json_bytes
    } else {
        state.settings.max_picture_bytes
    };
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(refusal)? {
        if bytes.len() + chunk.len() > max_bytes {
            let shown: String = name.chars().take(255).collect();
            let message = format!("The part \"{shown}\" is larger than {max_bytes} bytes.");
            return Err(ApiError::new(Code::PayloadTooLarge, message));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Part {
        name,
        file_name,
        bytes: bytes.freeze(),
    })
}

/// Why reading stopped, as it travels through the parser.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("the form is larger than {0} bytes")]
    TooLarge(usize),
    #[error("no memory is left for bodies")]
    Busy,
    #[error("the body broke off")]
    Broken(#[source] axum::Error),
}

fn refusal(error: multer::Error) -> ApiError {
    let multer::Error::StreamReadFailed(cause) = error else {
        return malformed(&error);
    };
    match cause.downcast_ref::<ReadError>() {
        Some(ReadError::TooLarge(max_bytes)) => too_large(*max_bytes),
        Some(ReadError::Busy) => ApiError::new(
            Code::ServerBusy,
            "The server holds too many uploads at this moment.",
        ),
        Some(ReadError::Broken(_)) | None => broken_body(WHOLE_FORM).with_source(cause).into(),
    }
}

fn malformed(error: &multer::Error) -> ApiError {
    let reason = match error {
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => "it ends before its last boundary",
        _ => "the headers of a part cannot be read",
    };
    Error::invalid_field(WHOLE_FORM, format!("Malformed form: {reason}")).into()
}

/// Memory that one form takes from the budget of all forms.
struct BufferLease {
    budget: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    held_bytes: usize,
    used_bytes: usize,
    max_bytes: usize,
}

impl BufferLease {
    fn new(budget: &Arc<Semaphore>, max_bytes: usize) -> Self {
        Self {
            budget: Arc::clone(budget),
            held: None,
            held_bytes: 0,
            used_bytes: 0,
            max_bytes,
        }
    }

    fn grow(&mut self, more_bytes: usize) -> Result<(), ReadError> {
        self.used_bytes += more_bytes;
        if self.used_bytes > self.max_bytes {
            return Err(ReadError::TooLarge(self.max_bytes));
        }
        let missing_bytes = self.used_bytes.saturating_sub(self.held_bytes);
        let units = missing_bytes.div_ceil(BUFFER_UNIT_BYTES);
        if units == 0 {
            return Ok(());
        }
        let count = u32::try_from(units).map_err(|_| ReadError::Busy)?;
        let permit = Arc::clone(&self.budget)
            .try_acquire_many_owned(count)
            .map_err(|_| ReadError::Busy)?;
        self.held_bytes += units * BUFFER_UNIT_BYTES;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_in_units_and_given_back() {
        let budget = Arc::new(Semaphore::new(3));
        let mut lease = BufferLease::new(&budget, 10 * BUFFER_UNIT_BYTES);
        lease.grow(1).unwrap();
        lease.grow(BUFFER_UNIT_BYTES - 1).unwrap();
        assert_eq!(budget.available_permits(), 2);
        lease.grow(1).unwrap();
        assert_eq!(budget.available_permits(), 1);
        let mut other = BufferLease::new(&budget, 10 * BUFFER_UNIT_BYTES);
        assert!(matches!(
            other.grow(BUFFER_UNIT_BYTES + 1),
            Err(ReadError::Busy)
        ));
        drop(lease);
        assert_eq!(budget.available_permits(), 3);
    }

    #[test]
    fn a_form_over_its_limit_is_refused_before_it_takes_memory() {
        let budget = Arc::new(Semaphore::new(100));
        let mut lease = BufferLease::new(&budget, 1_000);
        assert!(matches!(lease.grow(1_001), Err(ReadError::TooLarge(1_000))));
        assert_eq!(budget.available_permits(), 100);
    }

    #[test]
    fn a_name_given_twice_is_nobodys() {
        let mut form = Form::of_files(&[("a", b"1"), ("b", b"2"), ("b", b"3")]);
        assert_eq!(form.file("a"), Named::One(&Bytes::from_static(b"1")));
        assert_eq!(form.file("b"), Named::Several);
        assert_eq!(form.file("c"), Named::Missing);
        let mut problems = Problems::default();
        assert!(form.take("c", &mut problems).is_none());
        assert!(form.take("a", &mut problems).is_some());
        assert!(problems.into_result().is_ok());
        let mut problems = Problems::default();
        form.take("b", &mut problems);
        let error = problems.into_result().unwrap_err();
        assert_eq!(error.message(), "b: Part is given more than once");
    }
}
