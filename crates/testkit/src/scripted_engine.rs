//! An engine that does what a test tells it to.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{
    engine::{
        Capabilities, Category, DigitalSource, Engine, EngineError, EngineErrorKind, EngineInput,
        EngineOutput, MaskPicture, Steps,
    },
    outfit::MAX_ITEMS,
};
use drape_imaging::{Limits, Picture, Subsampling, encode_jpeg, probe};
use tokio::sync::watch;

/// What the engine does with one call.
#[derive(Debug, Clone)]
pub enum Act {
    /// Gives the person's picture back.
    Succeed,
    /// Waits, then gives the person's picture back.
    SucceedAfter(Duration),
    /// Tells so many steps, then gives the person's picture back.
    SucceedInSteps(u32),
    /// Gives the person's picture back, with a mask of 8 x 8 pixels.
    SucceedWithMask,
    /// Never answers.
    Hang,
    /// Gives back a picture of 8 x 8 pixels.
    AnswerWithWrongSize,
    /// Gives back bytes that are no picture, but claims the right size.
    AnswerWithGarbage,
    /// Gives back bytes that begin as a JPEG file and end too soon.
    AnswerWithHalfAJpeg,
    /// Fails for good.
    Fail(EngineErrorKind),
    /// Fails in a way that is worth a retry.
    FailForNow(EngineErrorKind),
    /// Runs out of time after the attempt was paid for.
    ChargedTimeout,
    /// Panics.
    Panic,
}

/// Plays a list of acts, one per call; the last one goes on for good.
pub struct ScriptedEngine {
    name: &'static str,
    acts: Vec<Act>,
    max_items: usize,
    needed_time: Duration,
    max_at_once: Option<usize>,
    inputs: Mutex<Vec<EngineInput>>,
    forgotten: Mutex<Vec<[u8; 32]>>,
    calls: watch::Sender<usize>,
}

impl ScriptedEngine {
    /// Makes an engine under a name; without acts every call succeeds.
    pub fn new(name: &'static str, acts: Vec<Act>) -> Self {
        Self {
            name,
            acts,
            max_items: MAX_ITEMS,
            needed_time: Duration::ZERO,
            max_at_once: None,
            inputs: Mutex::new(Vec::new()),
            forgotten: Mutex::new(Vec::new()),
            calls: watch::Sender::new(0),
        }
    }

    /// Lets the engine put on at most so many products at once.
    #[must_use]
    pub fn with_max_items(mut self, max_items: usize) -> Self {
        self.max_items = max_items;
        self
    }

    /// Lets the engine say that a picture takes it this long.
    #[must_use]
    pub fn with_needed_time(mut self, needed_time: Duration) -> Self {
        self.needed_time = needed_time;
        self
    }

    /// Lets the engine make at most so many pictures at once.
    #[must_use]
    pub fn with_max_at_once(mut self, max_at_once: usize) -> Self {
        self.max_at_once = Some(max_at_once);
        self
    }

    /// Number of calls that have begun.
    pub fn call_count(&self) -> usize {
        *self.calls.borrow()
    }

    /// Waits until so many calls have begun.
    pub async fn wait_for_calls(&self, count: usize) {
        let mut calls = self.calls.subscribe();
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = calls.wait_for(|begun| *begun >= count).await;
    }

    /// What the calls were given, first to last.
    pub fn inputs(&self) -> Vec<EngineInput> {
        match self.inputs.lock() {
            Ok(inputs) => inputs.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// SHA-256 of the persons that it was told to forget, first to last.
    pub fn forgotten(&self) -> Vec<[u8; 32]> {
        match self.forgotten.lock() {
            Ok(forgotten) => forgotten.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// Notes a call and returns what to do with it.
    fn next_act(&self, input: &EngineInput) -> Act {
        let index = {
            let mut inputs = match self.inputs.lock() {
                Ok(inputs) => inputs,
                Err(poisoned) => poisoned.into_inner(),
            };
            inputs.push(input.clone());
            inputs.len() - 1
        };
        self.calls.send_modify(|calls| *calls += 1);
        let act = self.acts.get(index).or(self.acts.last());
        act.cloned().unwrap_or(Act::Succeed)
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            categories: Category::ALL.to_vec(),
            max_items: self.max_items,
            max_at_once: self.max_at_once,
            time_limit: None,
            is_local_cpu: false,
            uses_garment: true,
            source: DigitalSource::Composite,
            version: "1.2.3".to_owned(),
        }
    }

    async fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn can_take(&self, input: &EngineInput) -> Result<(), EngineError> {
        if input.time_limit < self.needed_time {
            let message = "Scripted: a picture takes longer.";
            return Err(EngineError::new(EngineErrorKind::Timeout, message));
        }
        Ok(())
    }

    async fn forget_person(&self, sha256: [u8; 32]) {
        match self.forgotten.lock() {
            Ok(mut forgotten) => forgotten.push(sha256),
            Err(poisoned) => poisoned.into_inner().push(sha256),
        }
    }

    #[expect(clippy::panic, reason = "one of the acts")]
    async fn generate(&self, input: EngineInput) -> Result<EngineOutput, EngineError> {
        match self.next_act(&input) {
            Act::Succeed => person_picture(input),
            Act::SucceedAfter(wait) => {
                tokio::time::sleep(wait).await;
                person_picture(input)
            }
            Act::SucceedInSteps(total) => {
                for done in 1..=total {
                    input.progress.tell(Steps { done, total });
                    tokio::task::yield_now().await;
                }
                person_picture(input)
            }
            Act::SucceedWithMask => Ok(EngineOutput {
                mask: Some(MaskPicture {
                    jpeg: encode_jpeg(&Picture::filled(8, 8, [0; 3]), 90, Subsampling::S420).into(),
                    width: 8,
                    height: 8,
                }),
                ..person_picture(input)?
            }),
            Act::Hang => std::future::pending().await,
            Act::AnswerWithWrongSize => Ok(EngineOutput {
                jpeg: encode_jpeg(&Picture::filled(8, 8, [90; 3]), 90, Subsampling::S444).into(),
                width: 8,
                height: 8,
                confidence: None,
                notes: Vec::new(),
                mask: None,
            }),
            Act::AnswerWithGarbage => Ok(EngineOutput {
                jpeg: Bytes::from_static(b"this is no picture"),
                ..person_picture(input)?
            }),
            Act::AnswerWithHalfAJpeg => {
                let whole = person_picture(input)?;
                Ok(EngineOutput {
                    jpeg: whole.jpeg.slice(..whole.jpeg.len() / 2),
                    ..whole
                })
            }
            Act::Fail(kind) => Err(EngineError::new(kind, format!("Scripted: {kind:?}."))),
            Act::FailForNow(kind) => {
                Err(EngineError::new(kind, format!("Scripted, for now: {kind:?}.")).retryable())
            }
            Act::ChargedTimeout => Err(EngineError {
                charged: true,
                ..EngineError::new(EngineErrorKind::Timeout, "Scripted: charged timeout.")
            }),
            Act::Panic => panic!("scripted panic of the engine"),
        }
    }
}

fn person_picture(input: EngineInput) -> Result<EngineOutput, EngineError> {
    let header = probe(&input.person.bytes, &Limits::default()).map_err(|error| {
        EngineError::new(EngineErrorKind::BadInput, "The person is no picture.")
            .with_detail(error.to_string())
    })?;
    Ok(EngineOutput {
        jpeg: input.person.bytes,
        width: header.width,
        height: header.height,
        confidence: None,
        notes: Vec::new(),
        mask: None,
    })
}
