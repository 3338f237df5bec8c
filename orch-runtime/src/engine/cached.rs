//! A task's way through the cache: a hit, somebody else's computation, or the duty to compute.

use std::sync::Arc;

use super::prepared::Prepared;
use crate::{
    cache::cache_key,
    codec::Bytes,
    definition::CachePolicy,
    error::Error,
    id::TaskNumber,
    runtime::Core,
    state::Notice,
    store::{CacheEntry, CacheLookup, KeyParts, Lead, Lookup},
};

use super::RunShared;

/// How many leaders of a key may fail before a follower computes by itself.
const FAILED_LEADERS: u32 = 3;

/// What the cache says about a call.
pub(super) enum Cached {
    /// The value is known.
    Hit(Bytes),
    /// It has to be computed, and kept if there is a duty.
    Compute(Option<Duty>),
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

/// Looks the call up, and waits for another leader where that cannot hang.
pub(super) async fn look_up(
    run: &Arc<RunShared>,
    task: Option<TaskNumber>,
    prepared: &mut Prepared,
) -> Result<Cached, Error> {
    let (Some(policy), Some(arguments)) = (&prepared.definition.cache, &prepared.digests) else {
        return Ok(Cached::Compute(None));
    };
    if prepared.options().no_cache {
        return Ok(Cached::Compute(None));
    }
    let core = &run.core;
    let definition = prepared.definition;
    let key_under =
        |name| cache_key(definition, name, policy, prepared.type_arguments, arguments, run.id, run.root_flow);
    let read = !prepared.options().refresh;
    // A result that was kept and does not fit the type any more is a miss, and the next one replaces it.
    let mut passed_over = None;
    for former in definition.formerly.iter().filter(|_| read) {
        let (key, parts) = key_under(former)?;
        let at = core.clock.now();
        let lookup = CacheLookup { key, parts, at, ttl: policy.ttl, follow: false, lead: false, read };
        if let Ok(Lookup::Hit(value, _)) = core.store.lookup_or_lead(lookup).await {
            match prepared.invocation.as_mut().decode_output(&value) {
                Ok(()) => return Ok(Cached::Hit(value)),
                Err(error) => passed_over = Some(error),
            }
        }
    }
    let (key, parts) = key_under(definition.resolve()?.name)?;
    // A body that leads a key or holds a permit may be what the other leader waits for.
    let may_follow = !prepared.parent.as_ref().is_some_and(|parent| parent.holds_something());
    let mut failed_leaders = 0;
    let mut fits = true;
    loop {
        let lookup = CacheLookup {
            key,
            parts: parts.clone(),
            at: core.clock.now(),
            ttl: policy.ttl,
            follow: may_follow && failed_leaders < FAILED_LEADERS,
            lead: true,
            // What another call has just computed is as new as what this one would compute.
            read: fits && (read || failed_leaders > 0),
        };
        let found = core.store.lookup_or_lead(lookup).await;
        match found {
            Ok(Lookup::Hit(value, _)) => match prepared.invocation.as_mut().decode_output(&value) {
                Ok(()) => return Ok(Cached::Hit(value)),
                Err(error) => {
                    passed_over = Some(error);
                    fits = false;
                }
            },
            Ok(Lookup::Lead(lead, miss)) => {
                let why = match passed_over {
                    Some(error) => format!("the kept result was passed over: {error}"),
                    None => miss.to_string(),
                };
                run.notice(task, Notice::CacheMiss, why);
                return Ok(Cached::Compute(Some(Duty(Box::new(Leading {
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
                // The other one has replaced what did not fit.
                fits = true;
            }
            Ok(Lookup::Busy(miss)) => {
                let text = format!("{miss}; another call computes it, and this one may not wait");
                run.notice(task, Notice::CacheMiss, text);
                return Ok(Cached::Compute(None));
            }
            Err(error) => {
                run.notice(task, Notice::CacheFault, format!("the lookup failed: {error}"));
                return Ok(Cached::Compute(None));
            }
        }
    }
}
