//! `lookup_or_lead`, `publish` and `release`: who computes a key, who waits, who hits.

use std::time::Duration;

use super::{
    check::{Checked, answer, equal, holds, waits},
    fixture::{bytes, cache_key, entry, lookup, moment, parts},
};
use crate::store::{BoxFuture, CacheEntry, CacheLookup, Forget, Lead, Lookup, Miss, Store};

const NAME: &str = "suite::price";

/// What was answered, in a form that can be read.
pub(super) fn told(found: &Lookup) -> String {
    match found {
        Lookup::Hit(value, at) => {
            let start = String::from_utf8_lossy(&value[..value.len().min(32)]);
            format!("Hit({} bytes from {start:?}, {at:?})", value.len())
        }
        Lookup::Lead(lead, miss) => format!("Lead({lead:?}, {miss:?})"),
        Lookup::Follow(_) => "Follow".into(),
        Lookup::Busy(miss) => format!("Busy({miss:?})"),
    }
}

async fn ask(store: &dyn Store, question: CacheLookup) -> Checked<Lookup> {
    answer("lookup_or_lead", store.lookup_or_lead(question).await)
}

pub(super) async fn lead(store: &dyn Store, question: CacheLookup) -> Checked<(Lead, Miss)> {
    match ask(store, question).await? {
        Lookup::Lead(lead, miss) => Ok((lead, miss)),
        other => Err(format!("lookup: expected Lead, found {}", told(&other))),
    }
}

async fn follow(store: &dyn Store, question: CacheLookup) -> Checked<BoxFuture<'static, ()>> {
    match ask(store, question).await? {
        Lookup::Follow(end) => Ok(end),
        other => Err(format!("lookup: expected Follow, found {}", told(&other))),
    }
}

pub(super) async fn hit(store: &dyn Store, question: CacheLookup, value: &str, at: u64) -> Checked {
    let expected = Lookup::Hit(bytes(value), moment(at));
    let found = ask(store, question).await?;
    let same = match (&found, &expected) {
        (Lookup::Hit(found, at), Lookup::Hit(value, stored)) => (found, at) == (value, stored),
        _ => false,
    };
    holds("lookup", &told(&expected), same, told(&found))
}

async fn busy(store: &dyn Store, question: CacheLookup) -> Checked<Miss> {
    match ask(store, question).await? {
        Lookup::Busy(miss) => Ok(miss),
        other => Err(format!("lookup: expected Busy, found {}", told(&other))),
    }
}

/// `lookup_or_lead`: "At most one caller leads a key at a time, and it leads until its lead is published or
/// released". Other keys are other leads.
pub(super) async fn first_caller_leads(store: &dyn Store) -> Checked {
    let (first, _) = lead(store, lookup(parts(NAME, 1))).await?;
    equal("key of the lead", first.key, cache_key(&parts(NAME, 1)))?;
    let (second, _) = lead(store, lookup(parts(NAME, 2))).await?;
    equal("key of the other lead", second.key, cache_key(&parts(NAME, 2)))?;
    for _ in 0..3 {
        drop(follow(store, lookup(parts(NAME, 1))).await?);
    }
    // A follower that goes away does not end the lead.
    drop(follow(store, lookup(parts(NAME, 1))).await?);
    store.release(second);
    drop(follow(store, lookup(parts(NAME, 1))).await?);
    lead(store, lookup(parts(NAME, 2))).await.map(drop)
}

/// "`Follow` resolves when the leader ended": with a value.
pub(super) async fn follow_resolves_on_publish(store: &dyn Store) -> Checked {
    let question = || lookup(parts(NAME, 1));
    let (leads, _) = lead(store, question()).await?;
    let mut ends = [follow(store, question()).await?, follow(store, question()).await?];
    for end in &mut ends {
        waits("follower while the leader computes", end)?;
    }
    answer("publish", store.publish(leads, entry(parts(NAME, 1), "120")).await)?;
    for end in ends {
        end.await;
        hit(store, question(), "120", 0).await?;
    }
    Ok(())
}

/// `release`: "Ends a lead without a value; the next follower that looks up leads".
pub(super) async fn follow_resolves_on_release(store: &dyn Store) -> Checked {
    let question = || lookup(parts(NAME, 1));
    let (leads, _) = lead(store, question()).await?;
    let mut ends = [follow(store, question()).await?, follow(store, question()).await?];
    for end in &mut ends {
        waits("follower while the leader computes", end)?;
    }
    store.release(leads);
    for end in ends {
        end.await;
    }
    let (next, _) = lead(store, question()).await?;
    holds("the next lead", "another id than the first", next.id != leads.id, (leads, next))?;
    let mut end = follow(store, question()).await?;
    waits("follower of the next leader", &mut end)
}

/// "With `CacheLookup::follow == false` the answer is never `Follow`."
pub(super) async fn no_follow_is_busy(store: &dyn Store) -> Checked {
    let question = || CacheLookup { follow: false, ..lookup(parts(NAME, 1)) };
    // Nobody leads: who may not wait may still lead.
    let (leads, _) = lead(store, question()).await?;
    equal("why it missed", busy(store, question()).await?, Miss::NeverStored)?;
    drop(follow(store, lookup(parts(NAME, 1))).await?);
    answer("publish", store.publish(leads, entry(parts(NAME, 1), "120")).await)?;
    hit(store, question(), "120", 0).await
}

/// "With `lead == false` it is `Hit` or `Busy`": who only looks takes no duty.
pub(super) async fn no_lead_is_busy(store: &dyn Store) -> Checked {
    let question = || CacheLookup { lead: false, ..lookup(parts(NAME, 1)) };
    equal("why it missed", busy(store, question()).await?, Miss::NeverStored)?;
    let (leads, _) = lead(store, lookup(parts(NAME, 1))).await?;
    busy(store, question()).await?;
    answer("publish", store.publish(leads, entry(parts(NAME, 1), "7")).await)?;
    hit(store, question(), "7", 0).await
}

/// `publish`: "Stores the leader's value and ends its lead". The entry hits until another one replaces it.
pub(super) async fn hit_after_publish(store: &dyn Store) -> Checked {
    let question = || lookup(parts(NAME, 1));
    let (leads, _) = lead(store, question()).await?;
    answer("publish", store.publish(leads, entry(parts(NAME, 1), "")).await)?;
    hit(store, question(), "", 0).await?;
    hit(store, CacheLookup { at: moment(1 << 32), ..question() }, "", 0).await?;
    let fresh = CacheLookup { read: false, ..question() };
    let (leads, _) = lead(store, fresh).await?;
    // Who may read does not wait for the one who computes anew.
    hit(store, question(), "", 0).await?;
    let mut newer = entry(parts(NAME, 1), "90");
    newer.at = moment(5);
    answer("publish", store.publish(leads, newer).await)?;
    hit(store, question(), "90", 5).await?;
    lead(store, lookup(parts(NAME, 2))).await.map(drop)
}

/// `cached`: the value of a key, "if there is one that is younger than `ttl`".
pub(super) async fn cached_is_what_would_hit(store: &dyn Store) -> Checked {
    let key = cache_key(&parts(NAME, 1));
    let cached = async |at: u64, ttl: Option<u64>| {
        answer("cached", store.cached(key, moment(at), ttl.map(Duration::from_secs)).await)
    };
    equal("of an unknown key", cached(0, None).await?, None)?;
    let (leads, _) = lead(store, lookup(parts(NAME, 1))).await?;
    equal("while it is computed", cached(0, None).await?, None)?;
    let stored = CacheEntry { at: moment(100), ..entry(parts(NAME, 1), "120") };
    answer("publish", store.publish(leads, stored).await)?;
    let value = Some((bytes("120"), moment(100)));
    equal("without a ttl", cached(10_000, None).await?, value.clone())?;
    equal("young enough", cached(109, Some(10)).await?, value.clone())?;
    equal("too old", cached(110, Some(10)).await?, None)?;
    equal("with a clock that went back", cached(50, Some(10)).await?, value)?;
    // Asking took no duty.
    let (leads, _) = lead(store, CacheLookup { read: false, ..lookup(parts(NAME, 1)) }).await?;
    store.release(leads);
    answer("cache_forget", store.cache_forget(Forget::Key(key)).await)?;
    equal("after it was forgotten", cached(109, None).await?, None)
}

/// `publish`: "Dropping the future withdraws nothing".
pub(super) async fn dropped_publish_still_stores(store: &dyn Store) -> Checked {
    let question = || lookup(parts(NAME, 1));
    let (leads, _) = lead(store, question()).await?;
    drop(store.publish(leads, entry(parts(NAME, 1), "120")));
    // It may still be on its way; its lead ends when it has arrived.
    if let Lookup::Follow(end) = ask(store, question()).await? {
        end.await;
    }
    hit(store, question(), "120", 0).await
}

/// `CacheLookup::ttl`: "Entries older than this are misses". The question carries it, not the entry.
pub(super) async fn ttl_expires(store: &dyn Store) -> Checked {
    let (leads, _) = lead(store, lookup(parts(NAME, 1))).await?;
    let mut stored = entry(parts(NAME, 1), "120");
    stored.at = moment(100);
    answer("publish", store.publish(leads, stored).await)?;
    let question = |at: u64, ttl: Option<u64>| CacheLookup {
        at: moment(at),
        ttl: ttl.map(Duration::from_secs),
        ..lookup(parts(NAME, 1))
    };
    hit(store, question(109, Some(10)), "120", 100).await?;
    hit(store, question(10_000, None), "120", 100).await?;
    // A clock that went back makes an entry young, not old.
    hit(store, question(50, Some(10)), "120", 100).await?;
    let (leads, miss) = lead(store, question(111, Some(10))).await?;
    equal("why it missed", miss, Miss::Expired(Duration::from_secs(11)))?;
    // The same entry is still young enough for others.
    hit(store, question(111, Some(60)), "120", 100).await?;
    let unwilling = CacheLookup { follow: false, ..question(112, Some(10)) };
    equal("why it missed", busy(store, unwilling).await?, Miss::Expired(Duration::from_secs(12)))?;
    let mut newer = entry(parts(NAME, 1), "90");
    newer.at = moment(112);
    answer("publish", store.publish(leads, newer).await)?;
    hit(store, question(113, Some(10)), "90", 112).await
}

/// `CacheLookup::read`: "Whether an entry counts at all; without it, the caller leads or computes".
pub(super) async fn unread_lookups_lead(store: &dyn Store) -> Checked {
    let (leads, _) = lead(store, lookup(parts(NAME, 1))).await?;
    answer("publish", store.publish(leads, entry(parts(NAME, 1), "120")).await)?;
    let unread = |follow| CacheLookup { read: false, follow, ..lookup(parts(NAME, 1)) };
    let (leads, miss) = lead(store, unread(true)).await?;
    equal("why it missed", miss, Miss::Refresh)?;
    equal("why it missed", busy(store, unread(false)).await?, Miss::Refresh)?;
    let mut end = follow(store, unread(true)).await?;
    waits("follower while the leader computes anew", &mut end)?;
    store.release(leads);
    end.await;
    // What was stored before is still there.
    hit(store, lookup(parts(NAME, 1)), "120", 0).await
}

/// A lead that has ended, or that nobody was given, ends nothing.
pub(super) async fn strange_leads_end_nothing(store: &dyn Store) -> Checked {
    let question = || lookup(parts(NAME, 1));
    let (ended, _) = lead(store, question()).await?;
    store.release(ended);
    store.release(ended);
    let (current, _) = lead(store, question()).await?;
    let mut end = follow(store, question()).await?;
    store.release(ended);
    let unknown = Lead { id: u64::MAX, ..current };
    store.release(unknown);
    let other_key = Lead { key: cache_key(&parts(NAME, 2)), ..current };
    store.release(other_key);
    waits("follower of the current leader", &mut end)?;
    drop(follow(store, question()).await?);
    store.release(current);
    end.await;
    lead(store, question()).await.map(drop)
}
