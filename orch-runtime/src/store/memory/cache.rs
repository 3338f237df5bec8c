//! Cached results.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use rustc_hash::FxHashMap;

use crate::{
    cache::{Leads, REMEMBERED, Turn, explain},
    clock::Timestamp,
    codec::Bytes,
    store::{
        CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Forget, KeyParts, Lead,
        Lookup, Miss, Page, StoreError,
    },
};

#[derive(Default)]
pub(super) struct Cache {
    entries: FxHashMap<CacheKey, (u64, CacheEntry)>,
    by_age: BTreeMap<u64, CacheKey>,
    definitions: HashMap<String, PerDefinition>,
    leads: Leads,
    bytes: u64,
    next: u64,
}

#[derive(Default)]
struct PerDefinition {
    bytes: u64,
    by_age: BTreeMap<u64, CacheKey>,
    recent: VecDeque<(CacheKey, Arc<KeyParts>)>,
}

fn size(entry: &CacheEntry) -> u64 {
    entry.value.len() as u64 + 200
}

impl Cache {
    pub(super) fn cached(
        &self,
        key: &CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> Option<(Bytes, Timestamp)> {
        let (_, entry) = self.entries.get(key)?;
        let young = ttl.is_none_or(|ttl| at.since(entry.at) < ttl);
        young.then(|| (entry.value.clone(), entry.at))
    }

    pub(super) fn lookup(&mut self, lookup: CacheLookup) -> Lookup {
        let mut miss = Miss::Refresh;
        if lookup.read {
            match self.entries.get(&lookup.key) {
                Some((_, entry)) => {
                    let age = lookup.at.since(entry.at);
                    match lookup.ttl {
                        Some(ttl) if age >= ttl => miss = Miss::Expired(age),
                        _ => return Lookup::Hit(entry.value.clone(), entry.at),
                    }
                }
                None => miss = self.explain(&lookup),
            }
        }
        if !lookup.lead {
            return Lookup::Busy(miss);
        }
        match self.leads.turn(lookup.key, lookup.follow) {
            Turn::Lead(lead) => Lookup::Lead(lead, miss),
            Turn::Follow(ended) => Lookup::Follow(ended),
            Turn::Busy => Lookup::Busy(miss),
        }
    }

    fn explain(&self, lookup: &CacheLookup) -> Miss {
        let Some(definition) = self.definitions.get(lookup.parts.name.as_ref()) else {
            return Miss::NeverStored;
        };
        let recent = definition.recent.iter().rev().map(|(key, parts)| (key, &**parts));
        explain(recent, &lookup.key, &lookup.parts)
    }

    pub(super) fn publish(&mut self, lead: Lead, entry: CacheEntry, keep: u64) -> Result<(), StoreError> {
        let stored = self.insert(lead.key, entry, keep);
        self.release(lead);
        stored
    }

    pub(super) fn insert(&mut self, key: CacheKey, entry: CacheEntry, keep: u64) -> Result<(), StoreError> {
        let bytes = size(&entry);
        let max = entry.max_size.unwrap_or(u64::MAX);
        if bytes > max.min(keep) {
            return Err(StoreError::too_large(bytes, max, keep));
        }
        self.remove(&key);
        self.next += 1;
        let (age, name) = (self.next, entry.parts.name.to_string());
        self.bytes += bytes;
        let definition = self.definitions.entry(name.clone()).or_default();
        definition.bytes += bytes;
        definition.by_age.insert(age, key);
        definition.recent.retain(|(known, _)| *known != key);
        definition.recent.push_back((key, entry.parts.clone()));
        if definition.recent.len() > REMEMBERED {
            definition.recent.pop_front();
        }
        self.by_age.insert(age, key);
        self.entries.insert(key, (age, entry));
        let oldest_of = |own: &PerDefinition| own.by_age.values().next().copied();
        while let Some(oldest) = self.definitions.get(&name).filter(|own| own.bytes > max).and_then(oldest_of)
        {
            self.remove(&oldest);
        }
        while self.bytes > keep
            && let Some(oldest) = self.by_age.values().next().copied()
        {
            self.remove(&oldest);
        }
        Ok(())
    }

    fn remove(&mut self, key: &CacheKey) -> bool {
        let Some((age, entry)) = self.entries.remove(key) else { return false };
        let bytes = size(&entry);
        self.bytes -= bytes;
        self.by_age.remove(&age);
        if let Some(definition) = self.definitions.get_mut(entry.parts.name.as_ref()) {
            definition.bytes -= bytes;
            definition.by_age.remove(&age);
        }
        true
    }

    pub(super) fn release(&mut self, lead: Lead) {
        self.leads.release(lead);
    }

    pub(super) fn list(&self, filter: &CacheFilter, page: Page<u64>) -> Vec<CachedResult> {
        let by_age = match &filter.name {
            None => Some(&self.by_age),
            Some(name) => self.definitions.get(name).map(|definition| &definition.by_age),
        };
        let older =
            by_age.into_iter().flat_map(|by_age| by_age.range(..page.after.unwrap_or(u64::MAX)).rev());
        let shown = older.filter_map(|(number, key)| {
            let (_, entry) = self.entries.get(key)?;
            let parts = entry.parts.clone();
            Some(CachedResult { number: *number, key: *key, parts, at: entry.at, bytes: size(entry) })
        });
        shown.take(page.limit).collect()
    }

    pub(super) fn forget(&mut self, which: &Forget) -> u64 {
        let before = self.entries.len() as u64;
        match which {
            Forget::Key(key) => {
                self.remove(key);
                for definition in self.definitions.values_mut() {
                    definition.recent.retain(|(known, _)| known != key);
                }
            }
            Forget::Definition(name) => {
                let keys: Option<Vec<_>> =
                    self.definitions.get(name).map(|own| own.by_age.values().copied().collect());
                for key in keys.unwrap_or_default() {
                    self.remove(&key);
                }
                self.definitions.remove(name);
            }
            Forget::All => {
                self.entries.clear();
                self.by_age.clear();
                self.definitions.clear();
                self.bytes = 0;
            }
        }
        before - self.entries.len() as u64
    }

    pub(super) fn size(&self) -> CacheSize {
        CacheSize { entries: self.entries.len() as u64, bytes: self.bytes }
    }
}
