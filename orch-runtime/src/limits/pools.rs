//! The pools of a runtime: what there is, and how much of it is taken.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::Settings;
use crate::store::KeyDigest;

/// The pool of threads for synchronous bodies, which every runtime has.
pub(crate) const CPU: &str = "cpu";

/// Its place.
pub(super) const CPU_AT: usize = 0;

/// Which pool is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PoolName {
    /// One that people named.
    Named(&'static str),
    /// The runs of the flow of this name, at most so many at once.
    Runs(&'static str, u64),
}

/// Permits of one name.
pub(super) struct Pool {
    pub(super) name: Cow<'static, str>,
    /// How many there are for all together.
    pub(super) size: Option<u64>,
    /// How many of them one key may have.
    pub(super) per_key: Option<u64>,
    pub(super) used: u64,
    /// What the keys have that have anything.
    keys: FxHashMap<KeyDigest, u64>,
}

impl Pool {
    fn new(name: Cow<'static, str>, size: Option<u64>, per_key: Option<u64>) -> Self {
        Self { name, size, per_key, used: 0, keys: FxHashMap::default() }
    }

    /// What is free for all together.
    pub(super) fn free(&self) -> u64 {
        self.size.map_or(u64::MAX, |size| size.saturating_sub(self.used))
    }

    /// What is free for one key, where keys are counted.
    pub(super) fn free_for(&self, key: Option<&KeyDigest>) -> u64 {
        let Some((per_key, key)) = self.per_key.zip(key) else { return u64::MAX };
        per_key.saturating_sub(self.keys.get(key).copied().unwrap_or(0))
    }

    /// The most that a call can ever get, with a key or without one; `None` when there is no limit for it.
    pub(super) fn most(&self, keyed: bool) -> Option<u64> {
        self.size.into_iter().chain(self.per_key.filter(|_| keyed)).min()
    }

    fn take(&mut self, amount: u64, key: Option<KeyDigest>) {
        self.used += amount;
        // Counted also where no limit per key is set yet: one may be set at any time.
        if let Some(key) = key {
            *self.keys.entry(key).or_default() += amount;
        }
    }

    fn give_back(&mut self, amount: u64, key: Option<KeyDigest>) {
        self.used -= amount;
        if let Some(key) = key
            && let Some(has) = self.keys.get_mut(&key)
        {
            *has -= amount;
            if *has == 0 {
                self.keys.remove(&key);
            }
        }
    }
}

/// What is taken of one pool, by its place.
pub(super) type Part = (usize, u64);

/// All pools, which never move.
pub(super) struct Pools {
    list: Vec<Pool>,
    by_name: FxHashMap<Cow<'static, str>, usize>,
    runs: FxHashMap<&'static str, usize>,
}

impl Pools {
    pub(super) fn new(settings: Settings) -> Self {
        let mut pools = Self { list: Vec::new(), by_name: FxHashMap::default(), runs: FxHashMap::default() };
        for (name, size, per_key) in settings.into_pools() {
            pools.add(name, size, per_key);
        }
        pools
    }

    pub(super) fn add(&mut self, name: Cow<'static, str>, size: Option<u64>, per_key: Option<u64>) -> usize {
        let at = self.list.len();
        self.by_name.insert(name.clone(), at);
        self.list.push(Pool::new(name, size, per_key));
        at
    }

    /// Where a pool lies; that of a flow's runs is made at its first use.
    pub(super) fn find(&mut self, name: PoolName) -> Option<usize> {
        match name {
            PoolName::Named(CPU) => Some(CPU_AT),
            PoolName::Named(name) => self.by_name.get(name).copied(),
            PoolName::Runs(flow, size) => Some(*self.runs.entry(flow).or_insert_with(|| {
                let name = format!("max_concurrent of {flow}");
                self.list.push(Pool::new(name.into(), Some(size), None));
                self.list.len() - 1
            })),
        }
    }

    /// The same by a name from anywhere.
    pub(super) fn named(&mut self, name: &str) -> Option<&mut Pool> {
        let at = *self.by_name.get(name)?;
        self.list.get_mut(at)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pool> {
        self.list.iter()
    }

    pub(super) fn take(&mut self, parts: &[Part], key: Option<KeyDigest>) {
        parts.iter().for_each(|(pool, amount)| self.list[*pool].take(*amount, key));
    }

    pub(super) fn give_back(&mut self, parts: &[Part], key: Option<KeyDigest>) {
        parts.iter().for_each(|(pool, amount)| self.list[*pool].give_back(*amount, key));
    }
}

/// By place. Places come from [`Pools::find`], and pools never go.
impl std::ops::Index<usize> for Pools {
    type Output = Pool;

    fn index(&self, at: usize) -> &Pool {
        &self.list[at]
    }
}

#[cfg(test)]
impl Pool {
    /// Nothing is remembered of anybody who has nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.keys.is_empty()
    }
}
