//! A task's way through the cache: a hit, somebody else's computation, or the duty to compute.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::prepared::Prepared;
use crate::{
    cache::Keys,
    clock::Timestamp,
    codec::Bytes,
    definition::CachePolicy,
    error::{Error, ErrorKind},
    id::{RunId, TaskNumber},
    runtime::{Core, Explained},
    state::Notice,
    store::{CacheEntry, CacheKey, CacheLookup, KeyDigest, KeyParts, Lead, Lookup, Miss},
};

use super::RunShared;

/// How many leaders of a key may fail before a follower computes by itself.
const FAILED_LEADERS: u32 = 3;

/// What the cache says about a call.
pub(super) enum Cached {
    /// The value is known, and the call's invocation holds it.
    Hit(Bytes),
    /// It has to be computed, and kept if there is a duty.
    Compute(Option<Duty>),
}

/// How often the cache of a runtime was asked.
#[derive(Default)]
pub(crate) struct CacheUse {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
}

impl CacheUse {
    fn hit(&self, value: Bytes) -> Cached {
        self.hits.fetch_add(1, Ordering::Relaxed);
        Cached::Hit(value)
    }

    fn miss(&self, duty: Option<Duty>) -> Cached {
        self.misses.fetch_add(1, Ordering::Relaxed);
        Cached::Compute(duty)
    }
}

/// The lead of a key. Dropped without a value, the next caller leads.
pub(super) struct Duty(Box<Leading>);

struct Leading {
    core: Arc<Core>,
    lead: Option<Lead>,
    parts: Arc<KeyParts>,
    policy: CachePolicy,
}

impl Duty {
    /// Keeps the value. It is not waited for, and a failure costs only a computation.
    pub(super) fn publish(self, run: &Arc<RunShared>, task: Option<TaskNumber>, value: Bytes) {
        let Self(mut leading) = self;
        let Some(lead) = leading.lead.take() else { return };
        let entry = CacheEntry {
            parts: leading.parts.clone(),
            value,
            at: leading.core.clock.now(),
            max_size: leading.policy.max_size,
        };
        let mut publish = leading.core.store.publish(lead, entry);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(Err(error)) = publish.as_mut().poll(&mut cx) {
            run.notice(task, Notice::CacheFault, format!("the result was not kept: {error}"));
        }
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        if let Some(lead) = self.lead.take() {
            self.core.store.release(lead);
        }
    }
}

/// Looks the call up, and waits for another leader where that cannot hang. A hit is decoded: one that cannot be is
/// a miss, whose lead replaces it.
pub(super) async fn look_up(
    run: &Arc<RunShared>,
    task: Option<TaskNumber>,
    prepared: &mut Prepared,
) -> Result<Cached, Error> {
    let core = &run.core;
    let Some((policy, keys)) = prepared.keys(run.id, run.root_flow) else { return Ok(Cached::Compute(None)) };
    let (name, key) = keys.own()?;
    let mut read = !prepared.options().refresh;
    // Why a value that was there does not count.
    let mut shape = None;
    if read {
        for key in std::iter::once(Ok((name, key))).chain(keys.former()) {
            let (of, key) = key?;
            // A store that cannot answer says why when it is asked for more.
            if let Ok(Some((value, _))) = core.store.cached(key, core.clock.now(), policy.ttl).await {
                match prepared.invocation.as_mut().decode_output(&value) {
                    Ok(()) => return Ok(core.cache_use.hit(value)),
                    Err(error) => {
                        read &= of != name;
                        shape = Some(Miss::Shape(error.to_string()));
                    }
                }
            }
        }
    }
    let parts = keys.parts(name, &prepared.argument_hashes(&keys))?;
    // A body that leads a key or holds a permit may be what the other leader waits for.
    let may_follow = !prepared.parent.as_ref().is_some_and(|parent| parent.holds_something());
    let mut failed_leaders = 0;
    loop {
        let follow = may_follow && failed_leaders < FAILED_LEADERS;
        let lookup =
            CacheLookup { follow, lead: true, read, ..glance(key, parts.clone(), core.clock.now(), policy) };
        match core.store.lookup_or_lead(lookup).await {
            Ok(Lookup::Hit(value, _)) => match prepared.invocation.as_mut().decode_output(&value) {
                Ok(()) => return Ok(core.cache_use.hit(value)),
                Err(error) => {
                    shape = Some(Miss::Shape(error.to_string()));
                    read = false;
                }
            },
            Ok(Lookup::Lead(lead, miss)) => {
                note_miss(run, task, &shape.unwrap_or(miss), "");
                return Ok(core.cache_use.miss(Some(Duty(Box::new(Leading {
                    core: core.clone(),
                    lead: Some(lead),
                    parts,
                    policy: *policy,
                })))));
            }
            Ok(Lookup::Follow(ended)) => {
                run.flush();
                ended.await;
                failed_leaders += 1;
                // What another call has just computed is as new as what this one would compute.
                read = true;
            }
            Ok(Lookup::Busy(miss)) => {
                let and = "; another call computes it, and this one may not wait";
                note_miss(run, task, &shape.unwrap_or(miss), and);
                return Ok(core.cache_use.miss(None));
            }
            Err(error) => {
                run.notice(task, Notice::CacheFault, format!("the lookup failed: {error}"));
                return Ok(core.cache_use.miss(None));
            }
        }
    }
}

impl Prepared {
    /// The cache's policy and the call's keys; `None` when the call does not ask the cache.
    fn keys<'a>(&mut self, run: RunId, root_flow: &'a str) -> Option<(&'static CachePolicy, Keys<'a>)> {
        let definition = self.definition;
        let policy = definition.cache.as_ref().filter(|_| !self.options().no_cache)?;
        let inputs = self.cache_inputs.take()?;
        let type_arguments = self.type_arguments;
        Some((policy, Keys { definition, type_arguments, policy, inputs, run, root_flow }))
    }

    /// What a miss compares argument by argument.
    fn argument_hashes(&self, keys: &Keys<'_>) -> Vec<KeyDigest> {
        if keys.policy.keyed {
            return keys.inputs.clone();
        }
        self.invocation.hash_arguments().unwrap_or_default()
    }
}

/// A question that only looks.
fn glance(key: CacheKey, parts: Arc<KeyParts>, at: Timestamp, policy: &CachePolicy) -> CacheLookup {
    CacheLookup { key, parts, at, ttl: policy.ttl, follow: false, lead: false, read: true }
}

fn note_miss(run: &RunShared, task: Option<TaskNumber>, miss: &Miss, and: &str) {
    // Somebody should look after a disk that loses what it was given.
    let notice = if let Miss::Unreadable(_) = miss { Notice::CacheFault } else { Notice::CacheMiss };
    run.notice(task, notice, format!("{miss}{and}"));
}

/// What the cache would say to the call if it were awaited now, in the run of the body that wrote it, or in a new one.
pub(crate) async fn explain(core: &Core, mut prepared: Box<Prepared>) -> Result<Explained, Error> {
    if let Some(fault) = prepared.fault.take() {
        return Err(fault);
    }
    // It was never begun, so its place goes without a trace.
    drop(prepared.progress.take());
    let (run, root_flow) = match &prepared.parent {
        Some(frame) => (frame.run.id, frame.run.root_flow),
        None => (RunId::new(), prepared.definition.resolve()?.name),
    };
    let Some((policy, keys)) = prepared.keys(run, root_flow) else { return Ok(Explained::NotCached) };
    if prepared.options().refresh {
        return Ok(Explained::Miss(Miss::Refresh));
    }
    // What a call asks first; most are hits, and need nothing of what a miss is explained with.
    let (_, own) = keys.own()?;
    let now = core.clock.now();
    if let Ok(Some((value, at))) = core.store.cached(own, now, policy.ttl).await
        && prepared.invocation.as_mut().decode_output(&value).is_ok()
    {
        return Ok(Explained::Hit { key: own, at, age: now.since(at) });
    }
    let arguments = prepared.argument_hashes(&keys);
    let mut why = Miss::NeverStored;
    for key in keys.former().chain([keys.own()]) {
        let (name, key) = key?;
        let parts = keys.parts(name, &arguments)?;
        let now = core.clock.now();
        let found = core.store.lookup_or_lead(glance(key, parts, now, policy)).await;
        let fault = |error| Error::plain(ErrorKind::Store, format!("the cache cannot be read: {error}"));
        let miss = match found.map_err(fault)? {
            Lookup::Hit(value, at) => match prepared.invocation.as_mut().decode_output(&value) {
                Ok(()) => return Ok(Explained::Hit { key, at, age: now.since(at) }),
                Err(error) => Miss::Shape(error.to_string()),
            },
            Lookup::Busy(miss) => miss,
            Lookup::Lead(lead, miss) => {
                core.store.release(lead);
                miss
            }
            Lookup::Follow(_) => continue,
        };
        // A value of another shape under a former name says more than that there is none under the new one.
        if !matches!(why, Miss::Shape(_)) {
            why = miss;
        }
    }
    Ok(Explained::Miss(why))
}
