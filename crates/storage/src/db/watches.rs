//! Who wants to hear of which generation.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use drape_core::{ids::GenerationId, ports::ChangeWatch};
use tokio::sync::watch;

/// The watched generations of this process; an entry lives as long as somebody watches.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    watched: Mutex<HashMap<GenerationId, watch::Sender<()>>>,
}

impl Watches {
    /// Begins to watch a generation.
    pub(crate) fn watch(self: &Arc<Self>, generation: GenerationId) -> Watch {
        let heard = self.lock().entry(generation).or_default().subscribe();
        Watch {
            watches: Arc::clone(self),
            generation,
            heard: Some(heard),
        }
    }

    /// Tells whoever watches the generation; costs one look into a map when nobody does.
    pub(crate) fn tell(&self, generation: GenerationId) {
        if let Some(teller) = self.lock().get(&generation) {
            // Fails only without watchers, and then there is nobody to tell.
            teller.send_replace(());
        }
    }

    /// Number of generations that are watched.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GenerationId, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One watcher.
pub(crate) struct Watch {
    watches: Arc<Watches>,
    generation: GenerationId,
    /// Taken when dropped, under the lock that counts the watchers.
    heard: Option<watch::Receiver<()>>,
}

#[async_trait]
impl ChangeWatch for Watch {
    async fn changed(&mut self) {
        if let Some(heard) = &mut self.heard
            && heard.changed().await.is_ok()
        {
            return;
        }
        // The entry lives at least as long as this watcher, so this is not reached.
        std::future::pending::<()>().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.watches.lock();
        drop(self.heard.take());
        let is_last = watched
            .get(&self.generation)
            .is_some_and(|teller| teller.receiver_count() == 0);
        if is_last {
            watched.remove(&self.generation);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> GenerationId {
        GenerationId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn every_watcher_hears_of_its_own_generation() {
        let watches = Arc::new(Watches::default());
        let mut first = watches.watch(id(1));
        let mut second = watches.watch(id(1));
        let mut other = watches.watch(id(2));
        assert!(first.changed().now_or_never().is_none());
        watches.tell(id(1));
        watches.tell(id(1));
        for watch in [&mut first, &mut second] {
            assert!(watch.changed().now_or_never().is_some());
            assert!(watch.changed().now_or_never().is_none(), "told once");
        }
        assert!(other.changed().now_or_never().is_none());
        // A watch hears nothing of what was before it.
        assert!(watches.watch(id(1)).changed().now_or_never().is_none());
    }

    #[test]
    fn entries_go_with_their_last_watcher() {
        let watches = Arc::new(Watches::default());
        let first = watches.watch(id(1));
        let second = watches.watch(id(1));
        let other = watches.watch(id(2));
        assert_eq!(watches.count(), 2);
        drop(first);
        drop(other);
        assert_eq!(watches.count(), 1);
        drop(second);
        assert_eq!(watches.count(), 0);
        watches.tell(id(1));
        assert_eq!(watches.count(), 0);
    }

    #[test]
    fn parallel_watchers_leave_nothing_behind() {
        let watches = Arc::new(Watches::default());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..2_000 {
                        let watch = watches.watch(id(number % 3));
                        watches.tell(id(number % 3));
                        drop(watch);
                    }
                });
            }
        });
        assert_eq!(watches.count(), 0);
    }
}
