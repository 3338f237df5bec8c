//! Cached results and who computes which.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::store::{CacheEntry, CacheKey, CacheLookup, KeyParts, Lead, Lookup, Miss};

/// Keys per definition that are remembered beyond their entries, so that a miss can be explained.
const REMEMBERED: usize = 32;

#[derive(Default)]
pub(super) struct Cache {
    entries: FxHashMap<CacheKey, (u64, CacheEntry)>,
    /// Entries by age; an entry that was replaced stays here until its turn comes and is passed over.
    by_age: VecDeque<(u64, CacheKey)>,
    definitions: HashMap<String, PerDefinition>,
    leads: FxHashMap<CacheKey, (u64, watch::Sender<()>)>,
    bytes: u64,
    next: u64,
}

#[derive(Default)]
struct PerDefinition {
    bytes: u64,
    by_age: VecDeque<(u64, CacheKey)>,
    recent: VecDeque<(CacheKey, Arc<KeyParts>)>,
}

fn size(entry: &CacheEntry) -> u64 {
    entry.value.len() as u64 + 200
}

impl Cache {
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
        if let Some((_, ended)) = self.leads.get(&lookup.key) {
            if !lookup.follow {
                return Lookup::Busy(miss);
            }
            let mut ended = ended.subscribe();
            // The sender goes when the lead ends, which is all that a follower wants to know.
            return Lookup::Follow(Box::pin(async move { while ended.changed().await.is_ok() {} }));
        }
        self.next += 1;
        let lead = Lead { key: lookup.key, id: self.next };
        self.leads.insert(lookup.key, (lead.id, watch::Sender::new(())));
        Lookup::Lead(lead, miss)
    }

    fn explain(&self, lookup: &CacheLookup) -> Miss {
        let Some(definition) = self.definitions.get(lookup.parts.name.as_ref()) else {
            return Miss::NeverStored;
        };
        if definition.recent.iter().any(|(key, _)| *key == lookup.key) {
            return Miss::Evicted;
        }
        // The entry that differs in the fewest parts is the one that a reader had in mind.
        let differences = definition.recent.iter().rev().map(|(_, parts)| difference(parts, &lookup.parts));
        differences.min_by_key(Vec::len).map_or(Miss::NeverStored, Miss::Changed)
    }

    pub(super) fn publish(&mut self, lead: Lead, entry: CacheEntry, keep: u64) {
        self.insert(lead.key, entry, keep);
        self.release(lead);
    }

    pub(super) fn insert(&mut self, key: CacheKey, entry: CacheEntry, keep: u64) {
        self.remove(&key);
        self.next += 1;
        let (age, bytes, max) = (self.next, size(&entry), entry.max_size);
        self.bytes += bytes;
        let name = entry.parts.name.to_string();
        let definition = self.definitions.entry(name.clone()).or_default();
        definition.bytes += bytes;
        definition.by_age.push_back((age, key));
        definition.recent.retain(|(known, _)| *known != key);
        definition.recent.push_back((key, entry.parts.clone()));
        if definition.recent.len() > REMEMBERED {
            definition.recent.pop_front();
        }
        self.by_age.push_back((age, key));
        self.entries.insert(key, (age, entry));
        while let Some(definition) =
            self.definitions.get_mut(&name).filter(|own| max.is_some_and(|max| own.bytes > max))
        {
            let Some((age, key)) = definition.by_age.pop_front() else {
                break;
            };
            self.evict(age, &key);
        }
        while self.bytes > keep {
            let Some((age, key)) = self.by_age.pop_front() else {
                break;
            };
            self.evict(age, &key);
        }
        self.drop_stale_ages(&name);
    }

    /// The queues by age keep entries that were replaced; they are swept before they outnumber the living.
    fn drop_stale_ages(&mut self, name: &str) {
        let entries = &self.entries;
        let living = |(age, key): &(u64, CacheKey)| entries.get(key).is_some_and(|(now, _)| now == age);
        if self.by_age.len() > 2 * entries.len() + 16 {
            self.by_age.retain(living);
            if let Some(definition) = self.definitions.get_mut(name) {
                definition.by_age.retain(living);
            }
        }
    }

    fn evict(&mut self, age: u64, key: &CacheKey) {
        if self.entries.get(key).is_some_and(|(now, _)| *now == age) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some((_, entry)) = self.entries.remove(key) {
            let bytes = size(&entry);
            self.bytes -= bytes;
            if let Some(definition) = self.definitions.get_mut(entry.parts.name.as_ref()) {
                definition.bytes -= bytes;
            }
        }
    }

    pub(super) fn release(&mut self, lead: Lead) {
        if self.leads.get(&lead.key).is_some_and(|(id, _)| *id == lead.id) {
            self.leads.remove(&lead.key);
        }
    }
}

fn difference(stored: &KeyParts, asked: &KeyParts) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut compare = |differs: bool, name: &str| {
        if differs {
            parts.push(name.to_owned());
        }
    };
    compare(stored.type_arguments != asked.type_arguments, "type arguments");
    compare(stored.version != asked.version, "version");
    compare(stored.body != asked.body, "body");
    compare(stored.scope != asked.scope, "scope");
    for (name, digest) in &asked.arguments {
        compare(stored.arguments.get(name) != Some(digest), &format!("argument `{name}`"));
    }
    compare(stored.arguments.len() > asked.arguments.len(), "arguments");
    parts
}
