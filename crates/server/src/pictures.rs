//! Picture work off the async threads, with one room for working and one for waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{
    Code, Error, Result,
    ports::{NormalizedPicture, Pictures},
    watermark::{Anchor, NormalizedLogo, Watermark, WatermarkStyle},
};
use drape_imaging::{
    ImageError, Limits, Logo, LogoError, LogoStyle, Normalized, Subsampling, decode, encode_jpeg,
    mark_picture, normalize_picture, normalize_upload,
};
use tokio::sync::Semaphore;

use crate::metrics::Metrics;

/// Seconds after which a caller that found no place may come back.
const BUSY_RETRY_AFTER_S: u32 = 1;

/// JPEG quality of results.
const RESULT_QUALITY: u8 = 92;

/// Limits that leave the size of a result to those who let its person picture in.
const ANY_SIZE: Limits = Limits {
    max_bytes: usize::MAX,
    max_pixels: u64::MAX,
    max_side: u32::MAX,
    min_side: 1,
    max_output_side: u32::MAX,
};

/// Normalises incoming pictures: a few at once, some more waiting, and no more than that.
#[derive(Debug)]
pub struct PictureWorkers {
    working: Arc<Semaphore>,
    /// Pictures that are worked on or wait.
    present: Arc<AtomicUsize>,
    room: usize,
    limits: Limits,
    metrics: Metrics,
}

/// A place in the waiting room; leaving frees it, also when the request was dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl PictureWorkers {
    /// Makes room for `workers` pictures at work and `max_waiting` that wait.
    pub fn new(workers: usize, max_waiting: usize, limits: Limits) -> Self {
        let workers = workers.max(1);
        Self {
            working: Arc::new(Semaphore::new(workers)),
            present: Arc::new(AtomicUsize::new(0)),
            room: workers + max_waiting,
            limits,
            metrics: Metrics::off(),
        }
    }

    /// Measures the work.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Does other work on pictures in the same places, for jobs: it waits for as long as it takes, as there are never
    /// more jobs than the workers allow.
    pub async fn run_for_job<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let held = self.metrics.picture_comes();
        self.run_in_turn(held, work).await
    }

    /// Does work for a request, which is refused when the waiting room is full.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Limits) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let before = self.present.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(&self.present));
        if before >= self.room {
            self.metrics.picture_refused();
            return Err(busy());
        }
        let held = (place, self.metrics.picture_comes());
        let limits = self.limits;
        self.run_in_turn(held, move || work(&limits)).await?
    }

    /// Waits for a worker, then works. What is `held` ends with the work, not with the caller who may have gone away.
    async fn run_in_turn<T: Send + 'static>(
        &self,
        held: impl Send + 'static,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let came = Instant::now();
        let permit = Arc::clone(&self.working)
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        let metrics = self.metrics.clone();
        tokio::task::spawn_blocking(move || {
            let _held = (permit, held);
            let begun = Instant::now();
            let done = work();
            metrics.picture_ended(begun.duration_since(came), begun.elapsed());
            done
        })
        .await
        .map_err(Error::internal)
    }
}

#[async_trait]
impl Pictures for PictureWorkers {
    async fn normalize_person(&self, bytes: Bytes, crop: bool) -> Result<NormalizedPicture> {
        self.run(move |limits| normalized(normalize_upload(&bytes, crop, limits)))
            .await
    }

    async fn normalize_product(&self, bytes: Bytes) -> Result<NormalizedPicture> {
        self.run(move |limits| normalized(normalize_picture(&bytes, limits)))
            .await
    }

    async fn normalize_logo(&self, bytes: Bytes) -> Result<NormalizedLogo> {
        self.run(move |_| {
            let logo = Logo::from_upload(&bytes).map_err(|error| logo_refusal(&error))?;
            let (logo, png) = logo.to_png();
            Ok(NormalizedLogo {
                png: png.into(),
                width: logo.width(),
                height: logo.height(),
            })
        })
        .await
    }

    async fn mark_result(
        &self,
        jpeg: Bytes,
        watermark: Option<Watermark>,
        label: bool,
    ) -> Result<NormalizedPicture> {
        self.run_for_job(move || mark(&jpeg, watermark.as_ref(), label))
            .await?
    }
}

fn mark(jpeg: &[u8], watermark: Option<&Watermark>, label: bool) -> Result<NormalizedPicture> {
    let mut picture = decode(jpeg, &ANY_SIZE).map_err(|error| {
        Error::new(
            Code::EngineFailed,
            "The engine answered with a picture that cannot be read.",
        )
        .with_source(error)
    })?;
    let logo = watermark
        .map(|watermark| Logo::from_png(&watermark.logo.png))
        .transpose()
        .map_err(Error::internal)?;
    let style = watermark.map(|watermark| to_imaging(watermark.style));
    mark_picture(&mut picture, logo.as_ref().zip(style.as_ref()), label);
    let jpeg = encode_jpeg(&picture, RESULT_QUALITY, Subsampling::S444);
    Ok(NormalizedPicture {
        sha256: drape_imaging::content_hash(&jpeg),
        jpeg: jpeg.into(),
        width: picture.width(),
        height: picture.height(),
    })
}

fn to_imaging(style: WatermarkStyle) -> LogoStyle {
    use drape_imaging::Place::{End, Middle, Start};

    let (column, row) = match style.anchor() {
        Anchor::TopLeft => (Start, Start),
        Anchor::TopCenter => (Middle, Start),
        Anchor::TopRight => (End, Start),
        Anchor::CenterLeft => (Start, Middle),
        Anchor::Center => (Middle, Middle),
        Anchor::CenterRight => (End, Middle),
        Anchor::BottomLeft => (Start, End),
        Anchor::BottomCenter => (Middle, End),
        Anchor::BottomRight => (End, End),
    };
    LogoStyle {
        anchor: drape_imaging::Anchor { column, row },
        width_share: style.width_share() as f32,
        opacity: style.opacity() as f32,
        margin_share: style.margin_share() as f32,
    }
}

fn busy() -> Error {
    Error::new(
        Code::ServerBusy,
        "The server is busy with pictures. Try again in a moment.",
    )
    .with_retry_after(BUSY_RETRY_AFTER_S)
}

fn normalized(outcome: std::result::Result<Normalized, ImageError>) -> Result<NormalizedPicture> {
    let picture = outcome.map_err(|error| refusal(&error))?;
    Ok(NormalizedPicture {
        sha256: drape_imaging::content_hash(&picture.jpeg),
        jpeg: picture.jpeg.into(),
        width: picture.width,
        height: picture.height,
    })
}

/// Says what is wrong with a picture in the words and codes of the contract.
fn refusal(error: &ImageError) -> Error {
    let code = match error {
        ImageError::TooManyBytes { .. } => Code::PayloadTooLarge,
        ImageError::Unsupported { .. } => Code::UnsupportedImageFormat,
        ImageError::NotAnImage
        | ImageError::TooSmall { .. }
        | ImageError::TooManyPixels { .. }
        | ImageError::SideTooLong { .. }
        | ImageError::Truncated { .. }
        | ImageError::Corrupt { .. } => Code::InvalidImage,
    };
    Error::new(code, format!("{error}."))
}

/// The same for a logo.
fn logo_refusal(error: &LogoError) -> Error {
    let code = match error {
        LogoError::Unsupported { .. } | LogoError::Animated => Code::UnsupportedImageFormat,
        LogoError::Invisible | LogoError::TooSmall { .. } => Code::InvalidImage,
        LogoError::Image(error) => return refusal(error),
    };
    Error::new(code, format!("{error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_waiting_room_answers_at_once_and_empties_again() {
        let workers = Arc::new(PictureWorkers::new(1, 0, Limits::default()));
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let first = {
            let workers = Arc::clone(&workers);
            async move {
                workers
                    .run(move |_| {
                        gate.recv().ok();
                        Err::<(), _>(refusal(&ImageError::NotAnImage))
                    })
                    .await
            }
        };
        let second = async {
            let refused = workers
                .run(|_| Err::<(), _>(refusal(&ImageError::NotAnImage)))
                .await
                .unwrap_err();
            release.send(()).unwrap();
            refused
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap_err().code(), Code::InvalidImage);
        assert_eq!(second.code(), Code::ServerBusy);
        assert_eq!(second.retry_after_seconds(), Some(1));
        let third = workers
            .run(|_| Err::<(), _>(refusal(&ImageError::NotAnImage)))
            .await
            .unwrap_err();
        assert_eq!(third.code(), Code::InvalidImage);
    }

    #[tokio::test]
    async fn jobs_wait_for_a_place_and_a_panic_gives_it_back() {
        let workers = PictureWorkers::new(1, 0, Limits::default());
        let panicked = workers.run_for_job(|| panic!("scripted")).await;
        let panicked: Result<()> = panicked;
        assert_eq!(panicked.unwrap_err().code(), Code::InternalError);
        let first = workers.run_for_job(|| 1);
        let second = workers.run_for_job(|| 2);
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
    }

    #[test]
    fn refusals_have_the_code_of_the_contract() {
        let unsupported = refusal(&ImageError::Unsupported { format: "GIF" });
        assert_eq!(unsupported.code(), Code::UnsupportedImageFormat);
        let large = refusal(&ImageError::TooManyBytes {
            bytes: 2,
            max_bytes: 1,
        });
        assert_eq!(large.code(), Code::PayloadTooLarge);
    }
}
