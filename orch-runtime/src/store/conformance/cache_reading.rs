//! `cache_entries`, `cache_size` and `cache_forget`: what the cache holds, and how it is emptied.

use std::sync::Arc;

use super::{
    cache::{hit, lead},
    cache_limits::{store_entry, why},
    check::{Checked, PAGES, answer, equal, holds},
    fixture::{cache_key, entry, lookup, moment, parts},
};
use crate::store::{CacheEntry, CacheFilter, CacheSize, CachedResult, Forget, Miss, Page, Store};

const NAME: &str = "suite::price";
const OTHER: &str = "suite::other";

fn of(name: &str) -> CacheFilter {
    CacheFilter { name: Some(name.into()) }
}

async fn list(store: &dyn Store, filter: CacheFilter, page: Page<u64>) -> Checked<Vec<CachedResult>> {
    answer("cache_entries", store.cache_entries(filter, page).await)
}

/// The listed results as definition and first byte of the argument `url`.
async fn names(store: &dyn Store, filter: CacheFilter) -> Checked<Vec<(String, u8)>> {
    let listed = list(store, filter, Page::all()).await?;
    let short = |result: &CachedResult| {
        (result.parts.name.to_string(), result.parts.arguments.get("url").map_or(0, |digest| digest.0[0]))
    };
    Ok(listed.iter().map(short).collect())
}

async fn size(store: &dyn Store) -> Checked<CacheSize> {
    answer("cache_size", store.cache_size().await)
}

async fn forget(store: &dyn Store, which: Forget) -> Checked<u64> {
    answer("cache_forget", store.cache_forget(which).await)
}

/// Results 1 to 5 of one definition, and result 1 of another one after the third of them.
async fn fill(store: &dyn Store) -> Checked {
    for url in 1..=5 {
        store_entry(store, entry(parts(NAME, url), "120")).await?;
        if url == 3 {
            store_entry(store, entry(parts(OTHER, 1), "other")).await?;
        }
    }
    Ok(())
}

/// An entry tells all that was stored of it but its value.
pub(super) async fn entry_tells_all(store: &dyn Store) -> Checked {
    equal("an empty cache", list(store, CacheFilter::default(), Page::all()).await?, Vec::new())?;
    let mut asked = parts(NAME, 1);
    asked.scope = Some("flow suite::root".into());
    asked.type_arguments = "<u8>".into();
    let stored = CacheEntry { at: moment(7), ..entry(asked.clone(), "120") };
    store_entry(store, stored).await?;
    let listed = list(store, CacheFilter::default(), Page::all()).await?;
    let [found] = &listed[..] else { return Err(format!("one result: found {listed:?}")) };
    equal("key", found.key, cache_key(&asked))?;
    equal("parts", &*found.parts, &asked)?;
    equal("when it was computed", found.at, moment(7))?;
    holds("bytes", "at least those of the value", found.bytes >= 3, found.bytes)
}

/// "The one that was stored last first, by pages of their numbers."
pub(super) async fn entries_newest_first_by_pages(store: &dyn Store) -> Checked {
    fill(store).await?;
    let all = list(store, CacheFilter::default(), Page::all()).await?;
    let numbers: Vec<u64> = all.iter().map(|result| result.number).collect();
    equal("results", numbers.len(), 6)?;
    holds("numbers", "falling", numbers.is_sorted_by(|a, b| a > b), &numbers)?;
    for (filter, expected) in [
        (CacheFilter::default(), numbers.clone()),
        (of(NAME), all.iter().filter(|found| found.parts.name == NAME).map(|found| found.number).collect()),
    ] {
        let (mut paged, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = list(store, filter.clone(), Page { after, limit: 2 }).await?;
            holds("length of a page", "at most 2", page.len() <= 2, page.len())?;
            let Some(last) = page.last() else { break };
            after = Some(last.number);
            paged.extend(page.iter().map(|result| result.number));
        }
        equal("pages of two", paged, expected)?;
    }
    equal("an empty page", list(store, CacheFilter::default(), Page::first(0)).await?, Vec::new())
}

/// `CacheFilter::name`: "Only of this definition".
pub(super) async fn entries_by_definition(store: &dyn Store) -> Checked {
    fill(store).await?;
    let expected: Vec<_> = (1..=5).rev().map(|url| (NAME.to_owned(), url)).collect();
    equal("of one definition", names(store, of(NAME)).await?, expected)?;
    equal("of the other", names(store, of(OTHER)).await?, vec![(OTHER.to_owned(), 1)])?;
    equal("of an unknown one", names(store, of("suite::unknown")).await?, Vec::new())
}

/// "A result that is computed anew gets a new number", and is listed once.
pub(super) async fn a_replaced_entry_is_listed_once(store: &dyn Store) -> Checked {
    fill(store).await?;
    let before = size(store).await?;
    let mut anew = lookup(parts(NAME, 2));
    anew.read = false;
    let (leads, _) = lead(store, anew).await?;
    answer("publish", store.publish(leads, entry(parts(NAME, 2), "121")).await)?;
    let urls: Vec<u8> = names(store, of(NAME)).await?.into_iter().map(|(_, url)| url).collect();
    equal("newest first", urls, vec![2, 5, 4, 3, 1])?;
    equal("size", size(store).await?, before)
}

/// `cache_size`: what is listed, counted when it is written.
pub(super) async fn size_is_what_is_listed(store: &dyn Store) -> Checked {
    equal("an empty cache", size(store).await?, CacheSize::default())?;
    fill(store).await?;
    let large = |url| CacheEntry { value: vec![7; 100_000].into(), ..entry(parts(NAME, url), "") };
    store_entry(store, large(6)).await?;
    store_entry(store, large(7)).await?;
    forget(store, Forget::Key(cache_key(&parts(NAME, 6)))).await?;
    let small = CacheEntry { max_size: Some(1_000), ..entry(parts(NAME, 8), "8") };
    store_entry(store, small).await?;
    let listed = list(store, CacheFilter::default(), Page::all()).await?;
    let bytes = listed.iter().map(|result| result.bytes).sum();
    equal("size", size(store).await?, CacheSize { entries: listed.len() as u64, bytes })
}

/// `Forget::Key`: "One result", and what is remembered of its key.
pub(super) async fn forgets_one_result(store: &dyn Store) -> Checked {
    store_entry(store, entry(parts(NAME, 1), "120")).await?;
    let key = cache_key(&parts(NAME, 1));
    equal("forgotten", forget(store, Forget::Key(key)).await?, 1)?;
    equal("forgotten again", forget(store, Forget::Key(key)).await?, 0)?;
    equal("why it missed", why(store, parts(NAME, 1)).await?, Miss::NeverStored)?;
    fill(store).await?;
    equal("forgotten", forget(store, Forget::Key(key)).await?, 1)?;
    // What was forgotten was not evicted.
    match why(store, parts(NAME, 1)).await? {
        Miss::Changed(_) => {}
        other => return Err(format!("why a forgotten result missed: expected Changed, found {other:?}")),
    }
    hit(store, lookup(parts(NAME, 2)), "120", 0).await?;
    hit(store, lookup(parts(OTHER, 1)), "other", 0).await
}

/// `Forget::Definition`: "All results of the definition of this name".
pub(super) async fn forgets_a_definition(store: &dyn Store) -> Checked {
    fill(store).await?;
    equal("of an unknown one", forget(store, Forget::Definition("suite::unknown".into())).await?, 0)?;
    equal("forgotten", forget(store, Forget::Definition(NAME.into())).await?, 5)?;
    equal("why it missed", why(store, parts(NAME, 1)).await?, Miss::NeverStored)?;
    equal("what is left", names(store, CacheFilter::default()).await?, vec![(OTHER.to_owned(), 1)])?;
    hit(store, lookup(parts(OTHER, 1)), "other", 0).await?;
    store_entry(store, entry(parts(NAME, 1), "new")).await?;
    hit(store, lookup(parts(NAME, 1)), "new", 0).await
}

/// `Forget::All`: "Everything". Leads stay, and what they compute is stored.
pub(super) async fn forgets_everything(store: &dyn Store) -> Checked {
    fill(store).await?;
    let (leads, _) = lead(store, lookup(parts(NAME, 9))).await?;
    equal("forgotten", forget(store, Forget::All).await?, 6)?;
    equal("size", size(store).await?, CacheSize::default())?;
    equal("why it missed", why(store, parts(NAME, 1)).await?, Miss::NeverStored)?;
    answer("publish", store.publish(leads, entry(parts(NAME, 9), "late")).await)?;
    hit(store, lookup(parts(NAME, 9)), "late", 0).await?;
    equal("what is there", names(store, CacheFilter::default()).await?, vec![(NAME.to_owned(), 9)])
}

/// `publish`: "a value that is larger than such a limit by itself is an error, and nothing makes room for it"; the
/// lead ends all the same.
pub(super) async fn too_large_makes_no_room(store: &dyn Store) -> Checked {
    fill(store).await?;
    let before = size(store).await?;
    let (leads, _) = lead(store, lookup(parts(NAME, 6))).await?;
    let large =
        CacheEntry { value: vec![7; 5_000].into(), max_size: Some(4_000), ..entry(parts(NAME, 6), "") };
    let error = match store.publish(leads, large).await {
        Err(error) => error.to_string(),
        Ok(()) => return Err("publish of too large a value: expected an error, found it stored".into()),
    };
    holds("the error", "says that `max_size` is the limit", error.contains("`max_size`"), &error)?;
    equal("size", size(store).await?, before)?;
    let (leads, _) = lead(store, lookup(parts(NAME, 6))).await?;
    let small = CacheEntry { parts: Arc::new(parts(NAME, 6)), ..entry(parts(NAME, 6), "6") };
    answer("publish", store.publish(leads, small).await)
}
