//! Cached results and who computes which.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Arguments,
    sync::Arc,
};

use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::store::{CacheEntry, CacheKey, CacheLookup, KeyParts, Lead, Lookup, Miss};

/// Keys per definition that are remembered beyond their entries, so that a miss can be explained.
const REMEMBERED: usize = 32;

#[derive(Default)]
pub(in crate::store) struct Cache {
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
    entries: usize,
    by_age: VecDeque<(u64, CacheKey)>,
    recent: VecDeque<(CacheKey, Arc<KeyParts>)>,
}

fn size(entry: &CacheEntry) -> u64 {
    entry.value.len() as u64 + 200
}

impl Cache {
    pub(in crate::store) fn lookup(&mut self, lookup: CacheLookup) -> Lookup {
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
        let nearest = definition.recent.iter().rev().map(|(_, parts)| parts).min_by_key(|parts| {
            let mut differences = 0;
            compare(parts, &lookup.parts, |_| differences += 1);
            differences
        });
        let Some(nearest) = nearest else { return Miss::NeverStored };
        let mut changed = Vec::new();
        compare(nearest, &lookup.parts, |part| changed.push(part.to_string()));
        Miss::Changed(changed)
    }

    pub(in crate::store) fn publish(&mut self, lead: Lead, entry: CacheEntry, keep: u64) {
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
        definition.entries += 1;
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
        let sweep = |by_age: &mut VecDeque<(u64, CacheKey)>, entries: usize| {
            if by_age.len() > 2 * entries + 16 {
                by_age.retain(living);
            }
        };
        sweep(&mut self.by_age, entries.len());
        if let Some(definition) = self.definitions.get_mut(name) {
            sweep(&mut definition.by_age, definition.entries);
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
                definition.entries -= 1;
            }
        }
    }

    pub(in crate::store) fn release(&mut self, lead: Lead) {
        if self.leads.get(&lead.key).is_some_and(|(id, _)| *id == lead.id) {
            self.leads.remove(&lead.key);
        }
    }
}

/// Tells the parts in which two keys differ; a part's name is written only when somebody reads it.
fn compare(stored: &KeyParts, asked: &KeyParts, mut tell: impl FnMut(Arguments<'_>)) {
    let mut tell_if = |differs: bool, part: Arguments<'_>| {
        if differs {
            tell(part);
        }
    };
    tell_if(stored.type_arguments != asked.type_arguments, format_args!("type arguments"));
    tell_if(stored.version != asked.version, format_args!("version"));
    tell_if(stored.body != asked.body, format_args!("body"));
    tell_if(stored.scope != asked.scope, format_args!("scope"));
    for (name, digest) in &asked.arguments {
        tell_if(stored.arguments.get(name) != Some(digest), format_args!("argument `{name}`"));
    }
    tell_if(stored.arguments.len() > asked.arguments.len(), format_args!("arguments"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn queues_forget_what_was_evicted() {
        let mut cache = Cache::default();
        let parts = Arc::new(KeyParts {
            name: "price".into(),
            type_arguments: "".into(),
            version: "".into(),
            body: "".into(),
            scope: None,
            arguments: Default::default(),
        });
        for n in 0..2_000u32 {
            let mut key = CacheKey([0; 32]);
            key.0[..4].copy_from_slice(&n.to_le_bytes());
            let entry = CacheEntry {
                parts: parts.clone(),
                value: vec![0; 800].into(),
                at: Timestamp::default(),
                max_size: None,
            };
            cache.insert(key, entry, 10_000);
        }
        assert_eq!(cache.entries.len(), 10);
        assert!(cache.by_age.len() <= 36, "{}", cache.by_age.len());
        let definition = &cache.definitions["price"];
        assert_eq!(definition.entries, 10);
        assert!(definition.by_age.len() <= 36, "{}", definition.by_age.len());
    }
}
