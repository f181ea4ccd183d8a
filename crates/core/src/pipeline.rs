//! What a worker does with one job.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    Code, Error, Result,
    catalog::{ProductImageError, fetch_product_image},
    engine::{
        Category, Engine, EngineError, EngineInput, EngineOutput, Engines, GarmentPicture, Item,
        Listener, PictureFile,
    },
    generation::{Job, JobItem, JobOutcome, JobProgress, LeaseState},
    image::{BlobKind, StoredPicture},
    ports::{Drawn, NormalizedPicture, Ports, ProvenanceFacts},
    product::{ProductImage, UnfetchedImage},
    staging::{Staging, discard},
};

/// Pictures of one product that an engine gets at most.
pub const MAX_GARMENT_PICTURES: usize = 3;

/// How long the parts of a job may take.
#[derive(Debug, Clone, Copy)]
pub struct PipelineOptions {
    /// Time that an engine gets that sets none itself.
    pub engine_time_limit: Duration,
    /// Wait before the second attempt; doubled for each further one.
    pub retry_delay: Duration,
}

/// What to report to the queue.
#[derive(Debug)]
pub enum JobStep {
    /// The job has ended.
    End(JobOutcome),
    /// Worth another attempt after a while; ends with this code when no attempt is left.
    Retry {
        /// Wait before the next attempt.
        delay: Duration,
        /// Public code should this have been the last attempt.
        code: Code,
        /// Words for the caller.
        message: String,
    },
}

/// Why a job stops on its way.
enum Stop {
    Engine(EngineError),
    Fail(Code, String),
    Again(Code, String),
}

impl From<Error> for Stop {
    /// A fault of this server is never the shop's: try again.
    fn from(error: Error) -> Self {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a part of the server failed during a job"
        );
        Self::Again(Code::InternalError, error.message().to_owned())
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// Runs a job up to the point where its outcome can be reported.
///
/// The result already lies in the blob store when a completed outcome is returned; should the report find the lease
/// lost, [`discard_result`] throws it away. Dropping the future abandons the job. `progress` hears which engine has the
/// job, and how far it is.
pub async fn run_job(
    ports: &Ports,
    engines: &Engines,
    job: &Job,
    options: &PipelineOptions,
    progress: Listener<JobProgress>,
) -> JobStep {
    let delay = options.retry_delay * 2_u32.saturating_pow(job.attempt.saturating_sub(1).min(8));
    match make_result(ports, engines, job, options, &progress).await {
        Ok(outcome) => JobStep::End(outcome),
        Err(Stop::Fail(code, message)) => JobStep::End(JobOutcome::Failed { code, message }),
        Err(Stop::Again(code, message)) => JobStep::Retry {
            delay,
            code,
            message,
        },
        Err(Stop::Engine(error)) => {
            let code = error.kind.code();
            tracing::info!(
                generation.id = %job.generation, engine.name = %job.engine, kind = ?error.kind,
                charged = error.charged, detail = error.detail.as_deref(), "the engine refused or failed"
            );
            if error.retryable {
                JobStep::Retry {
                    delay,
                    code,
                    message: error.message,
                }
            } else {
                JobStep::End(JobOutcome::Failed {
                    code,
                    message: error.message,
                })
            }
        }
    }
}

/// Deletes the result of an outcome that did not count.
pub async fn discard_result(ports: &Ports, outcome: &JobOutcome) {
    if let JobOutcome::Completed { result, mask, .. } = outcome {
        let written = std::iter::once(result).chain(mask);
        let keys: Vec<_> = written.map(|picture| picture.key.clone()).collect();
        discard(ports.blobs.as_ref(), &keys).await;
    }
}

async fn make_result(
    ports: &Ports,
    engines: &Engines,
    job: &Job,
    options: &PipelineOptions,
    progress: &Listener<JobProgress>,
) -> Result<JobOutcome, Stop> {
    let Some(person) = ports.blobs.get(&job.person.key).await? else {
        return Err(Stop::Fail(
            Code::ImageNotFound,
            "The picture of the customer is no longer stored.".to_owned(),
        ));
    };
    let uses_garment = engines.uses_garment(&job.engine);
    let mut items = Vec::with_capacity(job.items.len());
    for item in &job.items {
        let pictures = if uses_garment {
            garment_pictures(ports, job, item).await?
        } else {
            Vec::new()
        };
        items.push(Item {
            pictures,
            title: item.product_title.clone(),
            description: item.product_description.clone(),
        });
    }
    let pictures = items.iter().flat_map(|item| &item.pictures);
    let made_from: Vec<[u8; 32]> = pictures.map(|picture| picture.file.sha256).collect();
    let person = PictureFile {
        bytes: person,
        sha256: job.person.sha256,
    };
    let input = EngineInput {
        seed: Some(seed_of(job)),
        ..EngineInput::new(person, items, options.engine_time_limit)
    };
    let (engine, output) = generate(engines, job, input, progress).await?;
    let mut output = checked(job, engine, output)?;
    let drawn = mark(ports, job, &mut output).await?;
    // Last, as nothing may change in the file once it is signed.
    output.jpeg = signed(ports, job, engine, made_from, drawn, output.jpeg).await?;
    still_wanted(ports, job).await?;
    store_result(ports, job, engine.name(), output).await
}

/// The same for every attempt at a generation, another one for each.
fn seed_of(job: &Job) -> u64 {
    let (_, random) = job.generation.as_uuid().as_u64_pair();
    random
}

/// Lets the engines of the route make the picture.
async fn generate<'a>(
    engines: &'a Engines,
    job: &Job,
    input: EngineInput,
    progress: &Listener<JobProgress>,
) -> Result<(&'a dyn Engine, EngineOutput), Stop> {
    let made = engines.generate(&job.engine, input, progress).await?;
    for (name, error) in &made.passed_over {
        tracing::info!(
            generation.id = %job.generation, engine.name = name, kind = ?error.kind, detail = error.detail.as_deref(),
            next = made.engine.name(), "another engine took over"
        );
    }
    Ok((made.engine, made.output))
}

/// Nothing is written for a job that was cancelled or taken over meanwhile; the customer may have been erased.
async fn still_wanted(ports: &Ports, job: &Job) -> Result<(), Stop> {
    let lease = ports.jobs.lease_state(job.generation, job.lease).await?;
    if lease == LeaseState::Held {
        return Ok(());
    }
    // Without the lease this report changes nothing.
    Err(Stop::Fail(
        Code::Cancelled,
        "The try-on was cancelled before it ended.".to_owned(),
    ))
}

/// An engine's answer counts only when it is a JPEG file and has the person picture's size.
fn checked(job: &Job, engine: &dyn Engine, output: EngineOutput) -> Result<EngineOutput, Stop> {
    let is_jpeg = output.jpeg.starts_with(&[0xff, 0xd8, 0xff]);
    let has_the_size = (output.width, output.height) == (job.person.width, job.person.height);
    if is_jpeg && has_the_size {
        return Ok(output);
    }
    tracing::warn!(
        generation.id = %job.generation, engine.name = engine.name(), output.width, output.height, is_jpeg,
        "the engine answered with a picture of another size or kind"
    );
    let message = if is_jpeg {
        "The engine answered with a picture of the wrong size."
    } else {
        "The engine answered with something that is no picture."
    };
    Err(Stop::Again(Code::EngineFailed, message.to_owned()))
}

/// Draws the account's logo and the label, as they are set now; returns what was drawn.
///
/// A result that gets neither stays as the engine made it. One that shall carry them never leaves without: what goes
/// wrong here is tried again and fails the job in the end.
async fn mark(ports: &Ports, job: &Job, output: &mut EngineOutput) -> Result<Vec<Drawn>, Stop> {
    let watermark = if job.watermark {
        ports.watermarks.find(job.account).await?
    } else {
        None
    };
    let has_label = if let Some(asked) = job.ai_label {
        asked
    } else {
        let account = ports.accounts.find(job.account).await?;
        account.is_some_and(|account| account.ai_label)
    };
    let drawn = Drawn::list(watermark.is_some(), has_label);
    if drawn.is_empty() {
        return Ok(drawn);
    }
    let jpeg = output.jpeg.clone();
    match ports.pictures.mark_result(jpeg, watermark, has_label).await {
        Ok(marked) => {
            output.jpeg = marked.jpeg;
            Ok(drawn)
        }
        Err(error) if error.code() == Code::EngineFailed => {
            tracing::warn!(
                generation.id = %job.generation, engine.name = %job.engine,
                error = &error as &dyn std::error::Error, "the engine answered with a broken picture"
            );
            Err(Stop::Again(error.code(), error.message().to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes into the picture how it was made; while that is switched on, no result leaves without it.
async fn signed(
    ports: &Ports,
    job: &Job,
    engine: &dyn Engine,
    product_sha256: Vec<[u8; 32]>,
    drawn: Vec<Drawn>,
    jpeg: Bytes,
) -> Result<Bytes, Stop> {
    let capabilities = engine.capabilities();
    let facts = ProvenanceFacts {
        instance: *job.generation.as_uuid(),
        title: format!("{}.jpg", job.generation),
        engine: engine.name().to_owned(),
        engine_version: capabilities.version,
        source: capabilities.source,
        made_at: ports.clock.now(),
        person_sha256: job.person.sha256,
        product_sha256,
        drawn,
    };
    match ports.provenance.sign(jpeg, facts).await {
        Ok(jpeg) => Ok(jpeg),
        Err(error) if error.code() == Code::EngineFailed => {
            tracing::warn!(
                generation.id = %job.generation, engine.name = engine.name(),
                error = &error as &dyn std::error::Error, "the engine answered with a broken picture"
            );
            Err(Stop::Again(error.code(), error.message().to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

async fn store_result(
    ports: &Ports,
    job: &Job,
    engine: &str,
    output: EngineOutput,
) -> Result<JobOutcome, Stop> {
    let mut staging = Staging::new(ports, job.account);
    match store_pictures(&mut staging, job, output).await {
        Ok((result, mask)) => Ok(JobOutcome::Completed {
            result,
            mask,
            engine: engine.to_owned(),
            result_expires_at: ports.clock.now().plus_days(job.keep_for_days),
        }),
        Err(error) => {
            staging.discard().await;
            Err(error.into())
        }
    }
}

/// Writes the result and, if the engine gave one, its mask.
async fn store_pictures(
    staging: &mut Staging<'_>,
    job: &Job,
    output: EngineOutput,
) -> crate::Result<(StoredPicture, Option<StoredPicture>)> {
    let picture = |jpeg: Bytes, width, height| NormalizedPicture {
        sha256: sha256(&jpeg),
        jpeg,
        width,
        height,
    };
    let days = Some(job.keep_for_days);
    let result = picture(output.jpeg, output.width, output.height);
    let result = staging.put(BlobKind::Result, days, result).await?;
    let mask = match output.mask {
        Some(mask) => {
            let mask = picture(mask.jpeg, mask.width, mask.height);
            Some(staging.put(BlobKind::Mask, days, mask).await?)
        }
        None => None,
    };
    Ok((result, mask))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// Reads a product's pictures, fetching what was never fetched; one usable picture is enough.
async fn garment_pictures(
    ports: &Ports,
    job: &Job,
    item: &JobItem,
) -> Result<Vec<GarmentPicture>, Stop> {
    let mut pictures = Vec::new();
    let mut first_failure = None;
    for image in &item.product_images {
        if pictures.len() == MAX_GARMENT_PICTURES {
            break;
        }
        match garment_file(ports, job, item, image).await {
            Ok(file) => pictures.push(garment_picture(image, file)),
            Err(ProductImageError::Own(error)) => return Err(error.into()),
            Err(ProductImageError::Fetch(error)) => {
                first_failure.get_or_insert(error);
            }
        }
    }
    match first_failure {
        Some(error) if pictures.is_empty() => {
            let message = format!(
                "The product picture could not be fetched: {}.",
                error.reason
            );
            let code = Code::ProductImageFetchFailed;
            Err(if error.retryable {
                Stop::Again(code, message)
            } else {
                Stop::Fail(code, message)
            })
        }
        None if pictures.is_empty() => Err(Stop::Fail(
            Code::ProductImagesRequired,
            "The product has no pictures.".to_owned(),
        )),
        _ => Ok(pictures),
    }
}

async fn garment_file(
    ports: &Ports,
    job: &Job,
    item: &JobItem,
    image: &ProductImage,
) -> std::result::Result<PictureFile, ProductImageError> {
    if let Some(picture) = &image.picture
        && let Some(bytes) = ports.blobs.get(&picture.key).await?
    {
        return Ok(PictureFile {
            bytes,
            sha256: picture.sha256,
        });
    }
    let unfetched = UnfetchedImage {
        account: job.account,
        product: item.product,
        revision: item.image_revision,
        order: image.order,
        url: image.source_url.clone(),
    };
    let (stored, bytes): (_, Bytes) = fetch_product_image(ports, &unfetched).await?;
    Ok(PictureFile {
        bytes,
        sha256: stored.sha256,
    })
}

fn garment_picture(image: &ProductImage, file: PictureFile) -> GarmentPicture {
    let photo = image.classifications.get("photo");
    let photo = photo.and_then(serde_json::Value::as_str);
    GarmentPicture {
        file,
        category: Category::told(&image.classifications),
        is_worn: photo.map(|photo| photo == "worn"),
    }
}
