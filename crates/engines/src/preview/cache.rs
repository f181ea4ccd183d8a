//! What was prepared lately, bounded in number and bytes.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Forgotten keys that are remembered as such; the oldest gives way to the next.
const MAX_FORGOTTEN: usize = 16_384;

/// Bounds of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CacheBounds {
    /// Most entries.
    pub(super) max_entries: usize,
    /// Most bytes of all entries together, as their makers estimate them.
    pub(super) max_bytes: usize,
}

/// Least-recently-used cache that can be shared by threads.
///
/// There are few entries and each is large, so the oldest is found by looking at all of them. Work is never done under
/// the lock: two threads that miss the same key both prepare it, and the later one wins.
pub(super) struct Cache<K, V> {
    bounds: CacheBounds,
    entries: Mutex<Entries<K, V>>,
}

struct Entries<K, V> {
    by_key: HashMap<K, Entry<V>>,
    bytes: usize,
    uses: u64,
    /// Keys that must not come back yet, and until when; the longest forgotten one stands first.
    forgotten: VecDeque<(K, Instant)>,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    last_use: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// Makes an empty cache; with a bound of zero it never keeps anything.
    pub(super) fn new(bounds: CacheBounds) -> Self {
        Self {
            bounds,
            entries: Mutex::new(Entries {
                by_key: HashMap::new(),
                bytes: 0,
                uses: 0,
                forgotten: VecDeque::new(),
            }),
        }
    }

    /// Finds a value and marks it as used.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        let mut entries = self.lock();
        entries.uses += 1;
        let now = entries.uses;
        let entry = entries.by_key.get_mut(key)?;
        entry.last_use = now;
        Some(entry.value.clone())
    }

    /// Keeps a value and drops the longest unused ones until the bounds hold; one that is too large alone is not kept.
    pub(super) fn insert(&self, key: K, value: V, bytes: usize) {
        if bytes > self.bounds.max_bytes || self.bounds.max_entries == 0 {
            return;
        }
        let mut entries = self.lock();
        if entries.is_forgotten(&key) {
            return;
        }
        entries.remove(&key);
        while entries.by_key.len() >= self.bounds.max_entries
            || entries.bytes + bytes > self.bounds.max_bytes
        {
            let Some(oldest) = entries.oldest() else {
                break;
            };
            entries.remove(&oldest);
        }
        entries.uses += 1;
        let entry = Entry {
            value,
            bytes,
            last_use: entries.uses,
        };
        entries.bytes += bytes;
        entries.by_key.insert(key, entry);
    }

    /// Drops a value and keeps none under its key for `quiet`: work on it may still be under way and end only later.
    pub(super) fn forget(&self, key: &K, quiet: Duration) {
        let mut entries = self.lock();
        entries.remove(key);
        if entries.forgotten.len() >= MAX_FORGOTTEN {
            entries.forgotten.pop_front();
        }
        if let Some(until) = Instant::now().checked_add(quiet) {
            entries.forgotten.push_back((key.clone(), until));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        // No code that can panic runs between two consistent states.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone, V> Entries<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.by_key.remove(key) {
            self.bytes -= entry.bytes;
        }
    }

    fn is_forgotten(&mut self, key: &K) -> bool {
        let now = Instant::now();
        while self
            .forgotten
            .front()
            .is_some_and(|(_, until)| *until <= now)
        {
            self.forgotten.pop_front();
        }
        let mut forgotten = self.forgotten.iter();
        forgotten.any(|(forgotten, until)| forgotten == key && *until > now)
    }

    fn oldest(&self) -> Option<K> {
        let by_age = self.by_key.iter().min_by_key(|(_, entry)| entry.last_use);
        by_age.map(|(key, _)| key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(max_entries: usize, max_bytes: usize) -> Cache<u8, &'static str> {
        Cache::new(CacheBounds {
            max_entries,
            max_bytes,
        })
    }

    fn keys(cache: &Cache<u8, &'static str>) -> Vec<u8> {
        let mut keys: Vec<u8> = cache.lock().by_key.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let cache = cache(2, 100);
        cache.insert(1, "one", 1);
        cache.insert(2, "two", 1);
        assert_eq!(cache.get(&1), Some("one"));
        cache.insert(3, "three", 1);
        assert_eq!(keys(&cache), [1, 3]);
        assert_eq!(cache.get(&2), None);
    }

    #[test]
    fn bytes_are_bounded_over_all_entries() {
        let cache = cache(10, 100);
        for key in 0..4 {
            cache.insert(key, "x", 30);
        }
        assert_eq!(keys(&cache), [1, 2, 3]);
        cache.insert(9, "large", 95);
        assert_eq!(keys(&cache), [9]);
        cache.insert(8, "too large", 101);
        assert_eq!(keys(&cache), [9]);
    }

    #[test]
    fn a_new_value_takes_the_place_and_the_bytes_of_the_old() {
        let cache = cache(10, 100);
        for _ in 0..50 {
            cache.insert(1, "old", 60);
        }
        cache.insert(1, "new", 40);
        cache.insert(2, "other", 60);
        assert_eq!(keys(&cache), [1, 2]);
        assert_eq!(cache.get(&1), Some("new"));
        assert_eq!(cache.lock().bytes, 100);
    }

    #[test]
    fn what_was_forgotten_is_not_kept_until_the_quiet_time_is_over() {
        let cache = cache(10, 100);
        cache.insert(1, "one", 60);
        cache.insert(2, "two", 10);
        cache.forget(&1, Duration::from_hours(1));
        // Work that was under way ends only now.
        cache.insert(1, "one", 60);
        assert_eq!(keys(&cache), [2]);
        assert_eq!(cache.lock().bytes, 10);
        cache.forget(&2, Duration::ZERO);
        cache.insert(2, "two again", 10);
        assert_eq!(cache.get(&2), Some("two again"));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn the_list_of_forgotten_keys_is_bounded() {
        let cache: Cache<usize, &str> = Cache::new(CacheBounds {
            max_entries: 10,
            max_bytes: 100,
        });
        for key in 0..=MAX_FORGOTTEN {
            cache.forget(&key, Duration::from_hours(1));
        }
        assert_eq!(cache.lock().forgotten.len(), MAX_FORGOTTEN);
        cache.insert(MAX_FORGOTTEN, "the newest is still forgotten", 1);
        assert_eq!(cache.get(&MAX_FORGOTTEN), None);
    }

    #[test]
    fn a_bound_of_zero_keeps_nothing() {
        for cache in [cache(0, 100), cache(10, 0)] {
            cache.insert(1, "one", 1);
            assert_eq!(cache.get(&1), None);
        }
    }
}
