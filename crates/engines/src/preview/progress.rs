//! CPU work off the async threads, with a time limit and a way to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use drape_core::engine::{EngineError, EngineErrorKind};

use super::refusal;
use crate::pictures::words_of;

/// Tells the stages of a job whether to go on.
///
/// A stage cannot be interrupted; the longest takes well under a second.
pub(super) struct Progress {
    is_abandoned: Arc<AtomicBool>,
    deadline: Option<Instant>,
    time_limit: Duration,
}

impl Progress {
    /// Fails when the time is used up or nobody waits for the result any more.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        let is_late = self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        if is_late || self.is_abandoned.load(Ordering::Relaxed) {
            return Err(out_of_time(self.time_limit));
        }
        Ok(())
    }
}

/// Asks the work to stop when the future that waits for it is dropped.
struct AbandonOnDrop(Arc<AtomicBool>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work on a thread for blocking work and waits for it, at most `time_limit`.
///
/// A panic in the work is an error of this job alone.
pub(super) async fn run_off_thread<T: Send + 'static>(
    time_limit: Duration,
    work: impl FnOnce(&Progress) -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let _abandon = AbandonOnDrop(Arc::clone(&is_abandoned));
    let progress = Progress {
        is_abandoned,
        deadline: Instant::now().checked_add(time_limit),
        time_limit,
    };
    let running = tokio::task::spawn_blocking(move || {
        progress.check()?;
        work(&progress)
    });
    match tokio::time::timeout(time_limit, running).await {
        Ok(Ok(result)) => result,
        Ok(Err(stopped)) => Err(match stopped.try_into_panic() {
            Ok(panic) => refusal::own_fault(words_of(panic.as_ref())),
            Err(cancelled) => refusal::own_fault(cancelled.to_string()).retryable(),
        }),
        Err(_) => Err(out_of_time(time_limit)),
    }
}

/// The machine may have been busy, so a later try can succeed.
fn out_of_time(time_limit: Duration) -> EngineError {
    EngineError::new(
        EngineErrorKind::Timeout,
        format!(
            "The preview engine did not finish within {} s.",
            time_limit.as_secs_f64()
        ),
    )
    .retryable()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_that_is_not_tried_again() {
        let error = run_off_thread(Duration::MAX, |_| -> Result<(), _> {
            panic!("a {}", "bug")
        })
        .await
        .unwrap_err();
        assert_eq!(error.kind, EngineErrorKind::ProviderError);
        assert_eq!(error.detail.as_deref(), Some("panic: a bug"));
        assert!(!error.message.contains("bug"));
        assert!(!error.retryable);
    }

    #[tokio::test]
    async fn work_that_is_late_is_given_up_and_told_so() {
        let (told, hears) = mpsc::channel();
        let error = run_off_thread(Duration::from_millis(20), move |progress| {
            while progress.check().is_ok() {
                std::thread::yield_now();
            }
            let _ = told.send(());
            // Whichever of the two clocks strikes first, the answer is the same.
            progress.check()
        })
        .await
        .unwrap_err();
        assert_eq!(error.kind, EngineErrorKind::Timeout);
        assert!(error.retryable);
        hears.recv().unwrap();
    }

    #[tokio::test]
    async fn no_time_at_all_starts_nothing() {
        let error = run_off_thread(Duration::ZERO, |_| Ok(()))
            .await
            .unwrap_err();
        assert_eq!(error.kind, EngineErrorKind::Timeout);
    }

    #[tokio::test]
    async fn dropping_the_future_stops_the_work() {
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (told, hears) = mpsc::channel();
        let work = run_off_thread(Duration::MAX, move |progress| {
            let _ = started.send(());
            while progress.check().is_ok() {
                std::thread::yield_now();
            }
            told.send(()).map_err(|_| refusal::own_fault(String::new()))
        });
        tokio::select! {
            _ = work => panic!("the work cannot end by itself"),
            _ = has_started => {}
        }
        hears.recv().unwrap();
    }
}
