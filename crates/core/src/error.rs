//! The one table of public error codes and the error that carries them.

use std::fmt;

/// Result of every port and use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Families of errors; HTTP status and exit code follow from the family alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request does not fit.
    InvalidInput,
    /// Nobody known is asking.
    Unauthenticated,
    /// Somebody known asks for what is not theirs.
    Forbidden,
    /// The thing does not exist (any more).
    NotFound,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// The request clashes with another one.
    Conflict,
    /// There are no credits left.
    PaymentRequired,
    /// The request is over a size limit.
    TooLarge,
    /// The format is one that is not accepted.
    Unsupported,
    /// Too many requests in a window of time.
    RateLimited,
    /// The server has no free place for more work.
    Overloaded,
    /// The input of a job is at fault.
    Unprocessable,
    /// An engine or another server answered wrongly.
    Upstream,
    /// A needed part (database, engine) is out of reach.
    Unavailable,
    /// Work took longer than its limit.
    Timeout,
    /// A fault of this program.
    Internal,
}

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $wire:literal, $kind:ident, retry: $retry:literal; )+) => {
        /// Public error codes, as they stand in `code` and `errorCode`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $variant, )+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[ $( Code::$variant, )+ ];

            /// Wire name, such as `PRODUCT_NOT_FOUND`.
            pub fn as_str(self) -> &'static str { match self { $( Code::$variant => $wire, )+ } }

            /// Family of the code.
            pub fn kind(self) -> Kind { match self { $( Code::$variant => Kind::$kind, )+ } }

            /// Says whether the same request may succeed later without a change.
            pub fn is_retryable(self) -> bool { match self { $( Code::$variant => $retry, )+ } }

            /// One-line description for the error page.
            pub fn description(self) -> &'static str { match self { $( Code::$variant => concat!($($doc),+), )+ } }
        }
    };
}

codes! {
    /// The header with the key is missing: `x-api-key`, or `x-admin-key` on the admin API.
    MissingApiKey = "MISSING_API_KEY", Unauthenticated, retry: false;
    /// The key is wrong or revoked, or its account is inactive.
    InvalidApiKey = "INVALID_API_KEY", Unauthenticated, retry: false;
    /// The generation or image belongs to another account.
    Forbidden = "FORBIDDEN", Forbidden, retry: false;
    /// The body or query does not fit; `details` names every offending field.
    ValidationFailed = "VALIDATION_FAILED", InvalidInput, retry: false;
    /// `POST /products` needs an `externalId`.
    ExternalIdRequired = "EXTERNAL_ID_REQUIRED", InvalidInput, retry: false;
    /// A product cannot be created without a picture.
    ProductImagesRequired = "PRODUCT_IMAGES_REQUIRED", InvalidInput, retry: false;
    /// A try-on needs a picture of the customer.
    CustomerImageRequired = "CUSTOMER_IMAGE_REQUIRED", InvalidInput, retry: false;
    /// The form lacks its file: the part `file` of an upload, or `logo` of a first watermark.
    FileRequired = "FILE_REQUIRED", InvalidInput, retry: false;
    /// A `fileKey` names no part of the multipart body.
    MultipartFileNotFound = "MULTIPART_FILE_NOT_FOUND", InvalidInput, retry: false;
    /// A picture entry has neither `url` nor `fileKey`.
    InvalidImageInput = "INVALID_IMAGE_INPUT", InvalidInput, retry: false;
    /// The bytes are too small, no picture, truncated, or over the pixel limit.
    InvalidImage = "INVALID_IMAGE", InvalidInput, retry: false;
    /// A picture, but not JPEG, PNG, WebP or HEIC.
    UnsupportedImageFormat = "UNSUPPORTED_IMAGE_FORMAT", Unsupported, retry: false;
    /// The body or a picture is over its size limit.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", TooLarge, retry: false;
    /// The uploaded image is unknown or has expired.
    ImageNotFound = "IMAGE_NOT_FOUND", NotFound, retry: false;
    /// The customer picture could not be fetched from its URL.
    CustomerImageFetchFailed = "CUSTOMER_IMAGE_FETCH_FAILED", InvalidInput, retry: true;
    /// The `Idempotency-Key` was used for another request within the last 24 hours.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", Conflict, retry: false;
    /// The first request with this `Idempotency-Key` is still running; `Retry-After` says when to come back.
    IdempotencyKeyInUse = "IDEMPOTENCY_KEY_IN_USE", Conflict, retry: true;
    /// The account has no credits left, or too few for an outfit.
    InsufficientCredits = "INSUFFICIENT_CREDITS", PaymentRequired, retry: false;
    /// The product is unknown, expired or deleted.
    ProductNotFound = "PRODUCT_NOT_FOUND", NotFound, retry: false;
    /// The generation is unknown.
    GenerationNotFound = "GENERATION_NOT_FOUND", NotFound, retry: false;
    /// The account is unknown (admin API).
    AccountNotFound = "ACCOUNT_NOT_FOUND", NotFound, retry: false;
    /// The key is unknown or already revoked (admin API).
    KeyNotFound = "KEY_NOT_FOUND", NotFound, retry: false;
    /// The account has no watermark (admin API).
    WatermarkNotFound = "WATERMARK_NOT_FOUND", NotFound, retry: false;
    /// The webhook endpoint or delivery is unknown (admin API).
    WebhookNotFound = "WEBHOOK_NOT_FOUND", NotFound, retry: false;
    /// No such route.
    NotFound = "NOT_FOUND", NotFound, retry: false;
    /// The route does not know this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", MethodNotAllowed, retry: false;
    /// The `Content-Type` is not accepted here.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", Unsupported, retry: false;
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited = "RATE_LIMITED", RateLimited, retry: true;
    /// A product picture could not be fetched from its URL (job).
    ProductImageFetchFailed = "PRODUCT_IMAGE_FETCH_FAILED", Unprocessable, retry: true;
    /// No person that the engine can dress was found in the picture (job).
    NoPersonFound = "NO_PERSON_FOUND", Unprocessable, retry: false;
    /// The product picture cannot be used (job).
    GarmentNotUsable = "GARMENT_NOT_USABLE", Unprocessable, retry: false;
    /// The engine cannot do this kind of product (job).
    CategoryNotSupported = "CATEGORY_NOT_SUPPORTED", Unprocessable, retry: false;
    /// The engine's content rules refused the pictures (job).
    ContentRejected = "CONTENT_REJECTED", Unprocessable, retry: false;
    /// The engine is out of reach (job).
    EngineUnavailable = "ENGINE_UNAVAILABLE", Upstream, retry: true;
    /// The engine failed (job).
    EngineFailed = "ENGINE_FAILED", Upstream, retry: true;
    /// The engine took too long (job).
    EngineTimeout = "ENGINE_TIMEOUT", Timeout, retry: true;
    /// The generation was cancelled before it ended (job).
    Cancelled = "CANCELLED", Unprocessable, retry: false;
    /// The queue or the picture workers are full; `Retry-After` says when to come back.
    ServerBusy = "SERVER_BUSY", Overloaded, retry: true;
    /// The database or the picture store is out of reach; `Retry-After` says when to come back.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", Unavailable, retry: true;
    /// A fault of the server; the cause stands in its log only.
    InternalError = "INTERNAL_ERROR", Internal, retry: true;
}

impl Code {
    /// Finds the code with this wire name.
    pub fn from_wire(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One offending field of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Detail {
    /// Dotted path of the field, such as `product.images.0.url`.
    pub path: String,
    /// What is wrong with it, such as `Required`.
    pub message: String,
}

/// A refusal or failure with its public code.
///
/// `message` is for the caller and says what to change; `source` is for the log and is never shown.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    details: Vec<Detail>,
    retry_after_seconds: Option<u32>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error with a message for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            retry_after_seconds: None,
            source: None,
        }
    }

    /// Makes a validation error from the offending fields.
    pub fn validation(details: Vec<Detail>) -> Self {
        let message = match details.as_slice() {
            [one] => format!("{}: {}", one.path, one.message),
            _ => "The request is not valid. See details.".to_owned(),
        };
        Self {
            details,
            ..Self::new(Code::ValidationFailed, message)
        }
    }

    /// Makes a validation error for a single field.
    pub fn invalid_field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::validation(vec![Detail {
            path: path.into(),
            message: message.into(),
        }])
    }

    /// Makes an internal error; the cause goes to the log, the caller gets a fixed text.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::InternalError, "Something went wrong on the server.").with_source(source)
    }

    /// Adds the cause for the log.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds the number of seconds after which a retry makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Public code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Family of the code.
    pub fn kind(&self) -> Kind {
        self.code.kind()
    }

    /// Text for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Offending fields; empty unless the code is `VALIDATION_FAILED`.
    pub fn details(&self) -> &[Detail] {
        &self.details
    }

    /// Seconds after which a retry makes sense.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_are_unique_and_parse_back() {
        for code in Code::ALL {
            assert_eq!(Code::from_wire(code.as_str()), Some(*code));
            assert!(!code.description().trim().is_empty());
        }
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn one_bad_field_is_named_in_the_message() {
        let error = Error::invalid_field("product.title", "Expected string, received number");
        assert_eq!(error.code(), Code::ValidationFailed);
        assert_eq!(
            error.message(),
            "product.title: Expected string, received number"
        );
        assert_eq!(error.details().len(), 1);
    }

    #[test]
    fn the_cause_is_not_in_the_public_text() {
        let error = Error::internal("secret cause");
        assert!(!error.to_string().contains("secret"));
        assert!(std::error::Error::source(&error).is_some());
    }
}
