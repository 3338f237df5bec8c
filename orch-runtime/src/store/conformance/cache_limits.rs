//! Why a lookup missed, and how much is kept.

use std::sync::Arc;

use super::{
    cache::{hit, lead},
    check::{Checked, answer, equal, holds},
    fixture::{entry, lookup, parts},
};
use crate::store::{CacheEntry, KeyDigest, KeyParts, Miss, Store};

const NAME: &str = "suite::price";

pub(super) async fn store_entry(store: &dyn Store, entry: CacheEntry) -> Checked {
    let (leads, _) = lead(store, lookup(KeyParts::clone(&entry.parts))).await?;
    answer("publish", store.publish(leads, entry).await)
}

/// Asks and gives the lead back at once.
pub(super) async fn why(store: &dyn Store, parts: KeyParts) -> Checked<Miss> {
    let (leads, miss) = lead(store, lookup(parts)).await?;
    store.release(leads);
    Ok(miss)
}

async fn changed(store: &dyn Store, asked: KeyParts, part: &str) -> Checked {
    let miss = why(store, asked).await?;
    let named = match &miss {
        Miss::Changed(names) => names.len() == 1 && names[0].contains(part),
        _ => false,
    };
    holds("why it missed", &format!("Changed with `{part}` alone"), named, miss)
}

/// `Miss::NeverStored`: "Nothing is known of this definition".
pub(super) async fn misses_of_unknown_definitions(store: &dyn Store) -> Checked {
    equal("why it missed", why(store, parts(NAME, 1)).await?, Miss::NeverStored)?;
    // A lead without a value stores nothing, and another definition is another one.
    equal("why it missed again", why(store, parts(NAME, 1)).await?, Miss::NeverStored)?;
    store_entry(store, entry(parts("suite::other", 1), "x")).await?;
    equal("why it missed", why(store, parts(NAME, 1)).await?, Miss::NeverStored)
}

/// `Miss::Changed`: "The nearest entry differs in these parts: argument names, `version`, `body`, `type
/// arguments`, `scope`".
pub(super) async fn misses_name_what_changed(store: &dyn Store) -> Checked {
    let stored = parts(NAME, 1);
    store_entry(store, entry(stored.clone(), "120")).await?;
    changed(store, parts(NAME, 2), "url").await?;
    let mut asked = stored.clone();
    asked.arguments.insert("n".into(), KeyDigest([9; 32]));
    changed(store, asked, "n").await?;
    let other = |change: fn(&mut KeyParts)| {
        let mut asked = stored.clone();
        change(&mut asked);
        asked
    };
    changed(store, other(|parts| parts.version = "2".into()), "version").await?;
    changed(store, other(|parts| parts.body = "c".into()), "body").await?;
    changed(store, other(|parts| parts.type_arguments = "<u8>".into()), "type arguments").await?;
    changed(store, other(|parts| parts.scope = Some("run 1".into())), "scope").await?;
    hit(store, lookup(stored), "120", 0).await
}

/// `Miss::Changed` speaks of "the nearest entry": the one that differs in the fewest parts.
pub(super) async fn the_nearest_entry_explains(store: &dyn Store) -> Checked {
    let mut far = parts(NAME, 9);
    far.version = "9".into();
    far.body = "far".into();
    store_entry(store, entry(parts(NAME, 1), "near")).await?;
    store_entry(store, entry(far, "far")).await?;
    changed(store, parts(NAME, 2), "url").await
}

fn large(parts: KeyParts) -> CacheEntry {
    CacheEntry { value: vec![7; 10_000].into(), max_size: Some(25_000), ..entry(parts, "") }
}

async fn is_there(store: &dyn Store, parts: KeyParts) -> Checked {
    hit(store, lookup(parts), &"\u{7}".repeat(10_000), 0).await
}

/// `CacheEntry::max_size`: "The most bytes that this definition's results may take together"; the oldest goes.
pub(super) async fn max_size_evicts_the_oldest(store: &dyn Store) -> Checked {
    store_entry(store, large(parts("suite::other", 1))).await?;
    for url in 1..=3 {
        store_entry(store, large(parts(NAME, url))).await?;
    }
    let miss = why(store, parts(NAME, 1)).await?;
    equal("why the oldest missed", miss, Miss::Evicted)?;
    for url in 2..=3 {
        is_there(store, parts(NAME, url)).await?;
    }
    // Another definition's results do not count and do not go.
    is_there(store, parts("suite::other", 1)).await?;
    store_entry(store, large(parts(NAME, 4))).await?;
    let miss = why(store, parts(NAME, 2)).await?;
    equal("why the next oldest missed", miss, Miss::Evicted)?;
    is_there(store, parts(NAME, 4)).await
}

/// A replaced entry takes no room any more, and its replacement is as young as it is new.
pub(super) async fn replacing_an_entry_frees_its_room(store: &dyn Store) -> Checked {
    store_entry(store, large(parts(NAME, 1))).await?;
    store_entry(store, large(parts(NAME, 2))).await?;
    for _ in 0..5 {
        let mut anew = lookup(parts(NAME, 1));
        anew.read = false;
        let (leads, _) = lead(store, anew).await?;
        let replacement = CacheEntry { parts: Arc::new(parts(NAME, 1)), ..large(parts(NAME, 1)) };
        answer("publish", store.publish(leads, replacement).await)?;
    }
    is_there(store, parts(NAME, 1)).await?;
    is_there(store, parts(NAME, 2)).await?;
    store_entry(store, large(parts(NAME, 3))).await?;
    is_there(store, parts(NAME, 1)).await?;
    let miss = why(store, parts(NAME, 2)).await?;
    equal("why the oldest missed", miss, Miss::Evicted)
}
