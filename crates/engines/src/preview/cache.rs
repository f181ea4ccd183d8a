//! What was prepared lately, bounded in number and bytes.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

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
    fn a_bound_of_zero_keeps_nothing() {
        for cache in [cache(0, 100), cache(10, 0)] {
            cache.insert(1, "one", 1);
            assert_eq!(cache.get(&1), None);
        }
    }
}
