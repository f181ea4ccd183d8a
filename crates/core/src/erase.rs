//! Erasing a customer (GDPR, article 17): pictures, results, names and what engines remember.

use std::{fmt, str::FromStr};

use crate::{
    Code, Error, Result,
    engine::Engines,
    generation::ExpiredBlob,
    ids::{AccountId, GenerationId},
    image::BlobKey,
    ports::{Blobs, Customers, Ports, Retention},
    time::Timestamp,
};

/// Longest name of a customer, in characters.
pub const MAX_CUSTOMER_ID_CHARS: usize = 255;
/// Files deleted before their rows are taken off the list.
const BATCH: u32 = 200;
/// Seconds after which a caller may try again when a file could not be deleted.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The shop's name for a customer, 1 to 255 printable characters; never shown by `Debug`, so that no log has it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CustomerId(String);

impl CustomerId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CustomerId {
    type Err = &'static str;

    /// Says what is wrong with a text that cannot be such a name.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        if text.is_empty() {
            return Err("String must contain at least 1 character(s)");
        }
        if text.chars().count() > MAX_CUSTOMER_ID_CHARS {
            return Err("String must contain at most 255 character(s)");
        }
        if text.chars().any(char::is_control) {
            return Err("Only printable characters are allowed");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerId(..)")
    }
}

/// What the database has let go of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasure {
    /// SHA-256 of the customer's pictures: engines may remember what they found in these files.
    pub person_sha256s: Vec<[u8; 32]>,
    /// Generations that were cancelled.
    pub cancelled: Vec<GenerationId>,
    /// Results whose files must go.
    pub results: u64,
    /// Generations that lost the name.
    pub generations: u64,
}

/// What became of an erasure, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Pictures of the customer that are gone: uploads and snapshots.
    pub pictures: u64,
    /// Results that are gone.
    pub results: u64,
    /// Generations that were cancelled.
    pub cancelled: u64,
    /// Generations that lost the customer's name.
    pub generations: u64,
    /// Files that were deleted; more than pictures and results when an earlier erasure had not come to its end.
    pub files: u64,
}

/// What an erasure needs of the world.
#[derive(Clone, Copy)]
pub struct Eraser<'a> {
    /// Customers.
    pub customers: &'a dyn Customers,
    /// The list of files to delete.
    pub retention: &'a dyn Retention,
    /// Picture bytes.
    pub blobs: &'a dyn Blobs,
    /// Engines that may remember persons; none outside of a server.
    pub engines: Option<&'a Engines>,
}

/// Erases a customer; when it returns without an error nothing of the customer is left.
///
/// The database goes first, in one step: from then on nothing can be read or made with the pictures. The files follow.
/// When one of them cannot be deleted the others still go and the answer is `SERVICE_UNAVAILABLE`; a repetition
/// deletes what was left, and so does the sweep.
pub async fn erase_customer(
    ports: &Ports,
    engines: &Engines,
    account: AccountId,
    customer: &CustomerId,
) -> Result<Erased> {
    let eraser = Eraser {
        customers: ports.customers.as_ref(),
        retention: ports.retention.as_ref(),
        blobs: ports.blobs.as_ref(),
        engines: Some(engines),
    };
    erase_with(eraser, account, customer, ports.clock.now()).await
}

/// Does the same with less of the world in hand.
pub async fn erase_with(
    eraser: Eraser<'_>,
    account: AccountId,
    customer: &CustomerId,
    now: Timestamp,
) -> Result<Erased> {
    let Eraser {
        customers,
        retention,
        blobs,
        engines,
    } = eraser;
    let erasure = customers.erase(account, customer, now).await?;
    for engine in engines.into_iter().flat_map(Engines::iter) {
        for sha256 in &erasure.person_sha256s {
            engine.forget_person(*sha256).await;
        }
    }
    let mut erased = Erased {
        pictures: erasure.person_sha256s.len() as u64,
        results: erasure.results,
        cancelled: erasure.cancelled.len() as u64,
        generations: erasure.generations,
        files: 0,
    };
    let mut first_failure = None;
    let mut after: Option<BlobKey> = None;
    loop {
        let batch = customers
            .erased_blobs(account, customer, after.as_ref(), BATCH)
            .await?;
        let Some(last) = batch.last() else {
            break;
        };
        after = Some(last.key.clone());
        let (deleted, failure) = delete_files(blobs, batch).await;
        retention.forget(&deleted, now).await?;
        erased.files += deleted.len() as u64;
        first_failure = first_failure.or(failure);
    }
    match first_failure {
        None => Ok(erased),
        Some(cause) => Err(Error::new(
            Code::ServiceUnavailable,
            "Some pictures could not be deleted yet. Nobody can reach them any more; repeat the request to delete the rest.",
        )
        .with_retry_after(RETRY_AFTER_SECONDS)
        .with_source(cause)),
    }
}

/// Deletes the files of blobs; returns those that are gone, and why the first of the others is not.
pub(crate) async fn delete_files(
    blobs: &dyn Blobs,
    expired: Vec<ExpiredBlob>,
) -> (Vec<ExpiredBlob>, Option<Error>) {
    let mut deleted = Vec::with_capacity(expired.len());
    let mut first_failure = None;
    for blob in expired {
        match blobs.delete(&blob.key).await {
            Ok(()) => deleted.push(blob),
            Err(error) => {
                first_failure.get_or_insert(error);
            }
        }
    }
    (deleted, first_failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_1_to_255_printable_characters() {
        for good in ["c", "a@b.example", "Zoë /\\ %", &"é".repeat(255)] {
            assert_eq!(
                good.parse::<CustomerId>()
                    .ok()
                    .as_ref()
                    .map(CustomerId::as_str),
                Some(good)
            );
        }
        for bad in ["", "a\nb", "\u{7f}", &"é".repeat(256)] {
            assert!(bad.parse::<CustomerId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_output_hides_the_name() {
        let customer: CustomerId = "alice".parse().unwrap();
        assert_eq!(format!("{customer:?}"), "CustomerId(..)");
    }
}
