//! What starts runs by itself: when it is due, what its changes are worth, and what its history tells.

use super::{
    check::{Checked, PAGES, answer, equal, holds, refused, some},
    fixture::{NAME, OpenRun, bytes, claim_of, moment, new_run, worker},
};
use crate::{
    id::RunId,
    state::{EventKind, RunState},
    store::{
        Fate, Happening, NewRun, Page, RunFilter, Skip, StartedBy, Starter, StarterChange, StarterChanged,
        StarterPut, Starters, Store, Submitted, Ticks, Trigger,
    },
};

fn put(wake: Option<u64>, content: &str) -> Option<StarterPut> {
    Some(StarterPut { definition: NAME.into(), wake: wake.map(moment), content: bytes(content) })
}

fn change(key: &str, expect: Option<u64>, put: Option<StarterPut>) -> StarterChange {
    StarterChange { key: key.into(), expect, put, entries: Vec::new(), run: None, at: moment(1) }
}

async fn apply(store: &dyn Store, change: StarterChange) -> Checked<u64> {
    match answer("change_starter", store.change_starter(change).await)? {
        StarterChanged::Applied { revision, .. } => Ok(revision),
        other => Err(format!("change_starter: expected Applied, found {other:?}")),
    }
}

async fn one(store: &dyn Store, key: &str) -> Checked<Option<Starter>> {
    Ok(answer("starters", store.starters(Starters::Key(key.into()), 10).await)?.pop())
}

async fn keys(store: &dyn Store, which: Starters, limit: usize) -> Checked<Vec<String>> {
    let found = answer("starters", store.starters(which, limit).await)?;
    Ok(found.into_iter().map(|starter| starter.key).collect())
}

/// `Starter`: it is what the last change made of it, and is found by its key.
pub(super) async fn are_what_was_put(store: &dyn Store) -> Checked {
    equal("an unknown one", one(store, "s").await?, None)?;
    equal("revision", apply(store, change("s", None, put(Some(10), "first"))).await?, 1)?;
    let found = some("starter", one(store, "s").await?)?;
    let expected = Starter {
        key: "s".into(),
        revision: 1,
        definition: NAME.into(),
        wake: Some(moment(10)),
        content: bytes("first"),
        entries: 0,
    };
    equal("starter", found, expected.clone())?;
    let long = "long ".repeat(5_000);
    equal("revision", apply(store, change("s", Some(1), put(None, &long))).await?, 2)?;
    let changed = Starter { revision: 2, wake: None, content: bytes(&long), ..expected };
    equal("starter", some("starter", one(store, "s").await?)?, changed)?;
    apply(store, change("s", Some(2), None)).await?;
    equal("a removed one", one(store, "s").await?, None)?;
    apply(store, change("s", None, put(None, "again"))).await?;
    equal("content", some("starter", one(store, "s").await?)?.content, bytes("again"))
}

/// `change_starter`: "The key has 1 to `MAX_KEY` bytes, else it is an error."
pub(super) async fn keys_have_a_length(store: &dyn Store) -> Checked {
    refused("an empty key", store.change_starter(change("", None, put(None, ""))).await)?;
    let longest = "k".repeat(Starter::MAX_KEY);
    let longer = format!("{longest}k");
    refused("a key that is too long", store.change_starter(change(&longer, None, put(None, ""))).await)?;
    apply(store, change(&longest, None, put(Some(1), "long"))).await?;
    equal("due", keys(store, Starters::Due(moment(1)), 9).await?, vec![longest])
}

/// `Starters::Due`: "Those that are to be looked at until this moment, the earliest first."
pub(super) async fn the_earliest_is_due_first(store: &dyn Store) -> Checked {
    for (key, wake) in [("a", Some(30)), ("b", Some(10)), ("c", None), ("d", Some(20)), ("e", Some(10))] {
        apply(store, change(key, None, put(wake, key))).await?;
    }
    let due = |until| Starters::Due(moment(until));
    equal("due at 9", keys(store, due(9), 10).await?, vec![])?;
    equal("due at 10", keys(store, due(10), 10).await?, vec!["b".into(), "e".into()])?;
    equal("the earliest at 99", keys(store, due(99), 1).await?, vec!["b".into()])?;
    let all = ["b", "e", "d", "a"].map(str::to_owned).to_vec();
    equal("due at 99", keys(store, due(99), 10).await?, all)?;
    apply(store, change("b", Some(1), put(Some(40), "later"))).await?;
    apply(store, change("e", Some(1), None)).await?;
    apply(store, change("d", Some(1), put(None, "paused"))).await?;
    apply(store, change("c", Some(1), put(Some(5), "woken"))).await?;
    let all = ["c", "a", "b"].map(str::to_owned).to_vec();
    equal("due after changes", keys(store, due(99), 10).await?, all)
}

/// `Starters::Listed`: "Those whose keys begin like this and come after `after`, in the order of their keys."
pub(super) async fn listed_by_pages(store: &dyn Store) -> Checked {
    for key in ["s/b", "s/a", "t/a", "s/c", "s", "s0"] {
        apply(store, change(key, None, put(None, key))).await?;
    }
    let (mut listed, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = keys(store, Starters::Listed { prefix: "s/".into(), after }, 2).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        listed.extend(page);
    }
    equal("all that begin with `s/`", listed, ["s/a", "s/b", "s/c"].map(str::to_owned).to_vec())?;
    let all = keys(store, Starters::Listed { prefix: String::new(), after: None }, 99).await?;
    equal("all", all.len(), 6)
}

/// `change_starter`: "It is a compare-and-set on the revision, so of several who do it at once, one does."
pub(super) async fn of_several_changes_one_holds(store: &dyn Store) -> Checked {
    apply(store, change("s", None, put(Some(1), ""))).await?;
    let tick = || StarterChange {
        run: Some(new_run(1)),
        entries: vec![Happening::Paused],
        ..change("s", Some(1), put(Some(2), ""))
    };
    let changes: Vec<_> = (0..8).map(|_| store.change_starter(tick())).collect();
    let mut applied = 0;
    for change in changes {
        applied += usize::from(answer("change", change.await)? != StarterChanged::Stale);
    }
    equal("changes that held", applied, 1)?;
    let runs = answer("runs", store.runs(RunFilter::default(), Page::all()).await)?;
    equal("runs", runs.len(), 1)?;
    equal("entries", some("starter", one(store, "s").await?)?.entries, 1)?;
    for (what, expect) in [("a revision that was", Some(1)), ("none", None), ("one to come", Some(3))] {
        let found = answer("change", store.change_starter(change("s", expect, None)).await)?;
        equal(&format!("a change that expects {what}"), found, StarterChanged::Stale)?;
    }
    equal("revision", some("starter", one(store, "s").await?)?.revision, 2)
}

/// `Starter::revision`: "One that was removed and comes back goes on above what it had".
pub(super) async fn no_revision_comes_twice(store: &dyn Store) -> Checked {
    let mut seen = Vec::new();
    for content in ["first", "second", "third"] {
        let new = apply(store, change("s", None, put(Some(1), content))).await?;
        let other = apply(store, change("t", None, put(None, content))).await?;
        let changed = apply(store, change("s", Some(new), put(Some(2), content))).await?;
        for old in &seen {
            let found = store.change_starter(change("s", Some(*old), put(None, "by an old reader"))).await;
            equal(
                "a change by whoever read an earlier one",
                answer("change", found)?,
                StarterChanged::Stale,
            )?;
        }
        seen.extend([new, changed, apply(store, change("s", Some(changed), None)).await?]);
        apply(store, change("t", Some(other), None)).await?;
    }
    Ok(())
}

/// `change_starter`: "… and creates the run that it starts, as `submit` does".
pub(super) async fn a_tick_starts_its_run(store: &dyn Store) -> Checked {
    apply(store, change("s", None, put(Some(1), ""))).await?;
    let by = StartedBy {
        starter: "s".into(),
        tick: Some(moment(1)),
        run: Some(RunId::new()),
        detail: Some("a detail".into()),
    };
    let run = NewRun {
        trigger: Trigger::Schedule,
        started_by: Some(Box::new(by.clone())),
        worker: Some(worker()),
        ..new_run(1)
    };
    let id = run.id;
    let tick = StarterChange { run: Some(run), ..change("s", Some(1), put(Some(2), "")) };
    let found = answer("tick", store.change_starter(tick).await)?;
    let StarterChanged::Applied { revision: 2, run: Some(fence) } = found else {
        return Err(format!("tick: expected revision 2 and a fence, found {found:?}"));
    };
    let stored = some("run", answer("run", store.run(id).await)?)?;
    equal("trigger", stored.trigger, Trigger::Schedule)?;
    equal("started by", stored.started_by.as_deref(), Some(&by))?;
    equal("state", stored.state, RunState::Running)?;
    let mut open = OpenRun { store, id, fence, number: 1 };
    open.complete().await?;
    let ended = some("run", answer("run", store.run(id).await)?)?;
    equal("started by, after its end", ended.started_by.as_deref(), Some(&by))
}

/// `change_starter`: "all of it holds, or nothing does", also where the run is there already.
pub(super) async fn a_run_that_exists_changes_nothing(store: &dyn Store) -> Checked {
    apply(store, change("s", None, put(Some(1), ""))).await?;
    let given = |input: &str| NewRun { given_id: Some("once".into()), input: bytes(input), ..new_run(1) };
    let first = given("input");
    let id = first.id;
    equal(
        "submit",
        answer("submit", store.submit(first).await)?,
        Submitted::Created(crate::store::Fence(0)),
    )?;
    for input in ["input", "other"] {
        let tick = StarterChange {
            run: Some(given(input)),
            entries: vec![Happening::Paused],
            ..change("s", Some(1), put(Some(2), ""))
        };
        let found = answer("tick", store.change_starter(tick).await)?;
        equal("tick", found, StarterChanged::RunExists(id))?;
    }
    let found = some("starter", one(store, "s").await?)?;
    equal(
        "revision, wake and entries",
        (found.revision, found.wake, found.entries),
        (1, Some(moment(1)), 0),
    )?;
    apply(store, change("s", Some(1), put(Some(2), ""))).await.map(drop)
}

/// `NewRun::waits`: "It waits for its turn, in state `Scheduled`, until somebody claims it: it is nobody's orphan."
pub(super) async fn a_run_may_wait_for_its_turn(store: &dyn Store) -> Checked {
    apply(store, change("s", None, put(Some(1), ""))).await?;
    let run = NewRun { waits: true, ..new_run(1) };
    let id = run.id;
    apply(store, StarterChange { run: Some(run), ..change("s", Some(1), put(Some(2), "")) }).await?;
    equal("state", some("run", answer("run", store.run(id).await)?)?.state, RunState::Scheduled)?;
    let orphans = answer("orphans", store.orphans(Page::all()).await)?;
    holds("orphans", "none", orphans.is_empty(), orphans.len())?;
    let filter = RunFilter { state: Some(RunState::Scheduled), ..RunFilter::default() };
    equal("runs that wait", answer("runs", store.runs(filter, Page::all()).await)?.len(), 1)?;
    let claimed = some("claim", answer("claim", store.claim(claim_of(id)).await)?)?;
    equal("state when claimed", claimed.run.state, RunState::Running)?;
    equal("deaths", claimed.run.deaths, 0)?;
    let events = answer("events", store.run_events(id, Page::all()).await)?;
    let states: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Run { state, .. } => Some(*state),
            _ => None,
        })
        .collect();
    equal("events", states, vec![RunState::Scheduled, RunState::Running])
}

/// `StarterEntry`: what happened, in the order of the numbers, by pages; the oldest are forgotten.
pub(super) async fn history_by_pages(store: &dyn Store) -> Checked {
    let ticks =
        |n: u64, fate| Happening::Ticks(Ticks { first: moment(n), last: moment(n + 5), count: n, fate });
    let run = RunId::new();
    let told = vec![
        Happening::Created("every 5 minutes".into()),
        ticks(1, Fate::Fired(run)),
        ticks(2, Fate::Skipped(Skip::Overlap)),
        Happening::Changed { from: "this".into(), to: "that".into() },
        Happening::Emitted { type_name: "u32".into(), value: bytes("value") },
        Happening::Started { run, by: "an event".into() },
    ];
    let first = StarterChange { entries: told[..2].to_vec(), ..change("s", None, put(None, "")) };
    apply(store, first).await?;
    let second =
        StarterChange { entries: told[2..].to_vec(), at: moment(7), ..change("s", Some(1), put(None, "")) };
    apply(store, second).await?;
    let entries = answer("entries", store.starter_entries("s".into(), Page::all()).await)?;
    let numbers: Vec<_> = entries.iter().map(|entry| entry.number).collect();
    equal("numbers", numbers, (0..6).collect())?;
    equal("times", (entries[1].at, entries[2].at), (moment(1), moment(7)))?;
    equal("what happened", entries.into_iter().map(|entry| entry.what).collect::<Vec<_>>(), told)?;
    let page = answer("entries", store.starter_entries("s".into(), Page::after(2, 2)).await)?;
    equal("a page", page.iter().map(|entry| entry.number).collect(), vec![3, 4])?;
    let other = answer("entries", store.starter_entries("other".into(), Page::all()).await)?;
    equal("history of an unknown one", other, vec![])?;
    apply(store, change("s", Some(2), None)).await?;
    apply(store, change("s", None, put(None, ""))).await?;
    let other = answer("entries", store.starter_entries("s".into(), Page::all()).await)?;
    equal("history of one that was removed", other, vec![])
}

/// `change_starter`: "Of the history the last `KEEP_ENTRIES` entries are kept."
pub(super) async fn history_has_an_end(store: &dyn Store) -> Checked {
    let many = |n: u64| vec![Happening::Resumed; usize::try_from(n).unwrap_or_default()];
    let keep = Starter::KEEP_ENTRIES;
    let first = StarterChange { entries: many(keep - 1), ..change("s", None, put(None, "")) };
    apply(store, first).await?;
    for (expect, more, oldest) in [(1, 1, 0), (2, 3, 3), (3, 2, 5)] {
        let next = StarterChange { entries: many(more), ..change("s", Some(expect), put(None, "")) };
        apply(store, next).await?;
        let entries = answer("entries", store.starter_entries("s".into(), Page::first(1)).await)?;
        equal("the oldest entry", entries.first().map(|entry| entry.number), Some(oldest))?;
    }
    equal("entries in all", some("starter", one(store, "s").await?)?.entries, keep + 5)?;
    let rest = answer("entries", store.starter_entries("s".into(), Page::after(keep + 2, 9)).await)?;
    equal("the last two", rest.len(), 2)
}
