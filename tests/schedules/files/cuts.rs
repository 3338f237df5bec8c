//! What is durable: over restarts, cuts, and two who look at once.

use std::collections::BTreeMap;

use orch::{RunState, store::Trigger as Why};

use super::{Drop, all_completed, cut, earlier, first, moment, next, rows, serve, set_modified};
use crate::runs_of;

#[tokio::test]
async fn a_file_starts_a_run_and_is_what_the_run_is_given() {
    let drop = Drop::new("*.csv");
    let path = drop.put("a.csv", 5);
    set_modified(&path, earlier(0));
    let (runtime, seen) = first();
    drop.serve(&runtime, 0.1).await;
    let all = seen.all();
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0].path, all[0].new, all[0].size), (&path, true, 5));
    assert_eq!(all[0].modified, moment(earlier(0)));
    let runs = runs_of(&runtime, "::imports").await;
    assert_eq!((runs[0].trigger, runs[0].state), (Why::File, RunState::Completed));
    let by = runs[0].started_by.clone().unwrap();
    assert_eq!(by.detail.as_deref(), path.to_str());
    assert!(by.starter.starts_with("file/") && by.starter.ends_with("a.csv"), "{by:?}");
}

#[tokio::test]
async fn what_happened_while_nobody_served_is_seen_at_the_next_start_and_once() {
    let drop = Drop::new("*.csv");
    drop.put("same.csv", 1);
    drop.put("changed.csv", 1);
    drop.put("gone.csv", 1);
    let (runtime, seen) = first();
    drop.serve(&runtime, 0.1).await;
    assert_eq!((seen.names().len(), rows(&runtime).await), (3, 3));
    drop.put("changed.csv", 2);
    drop.put("new.csv", 3);
    drop.remove("gone.csv");
    let (runtime, seen) = next(&runtime);
    drop.serve(&runtime, 0.1).await;
    assert_eq!(seen.short(), [("changed.csv".into(), false, 2), ("new.csv".into(), true, 3)]);
    assert_eq!(rows(&runtime).await, 3);
    // One that comes back is new, also when it is what it was.
    drop.put("gone.csv", 1);
    let (runtime, seen) = next(&runtime);
    drop.serve(&runtime, 0.1).await;
    assert_eq!(seen.short(), [("gone.csv".into(), true, 1)]);
    // And where nothing has happened, nothing is written.
    let operations = runtime.store().operations();
    let (runtime, seen) = cut(&runtime, operations);
    drop.serve(&runtime, 0.2).await;
    assert!(seen.all().is_empty());
    let written = runtime.store().operations() - operations;
    assert!(written < 5, "{written} operations for nothing");
}

/// Each version of each file has one run after a death at any moment, and what is gone leaves nothing.
#[tokio::test]
async fn after_every_cut_each_version_has_one_run() {
    let drop = Drop::new("*.csv");
    for (name, size) in [("changed.csv", 1), ("same.csv", 1), ("gone.csv", 1)] {
        drop.put(name, size);
    }
    let (before, _) = first();
    drop.serve(&before, 0.02).await;
    let known = before.store().operations();
    drop.put("changed.csv", 2);
    drop.put("new.csv", 1);
    drop.remove("gone.csv");
    let (after, _) = next(&before);
    drop.serve(&after, 0.02).await;
    let all = after.store().operations();
    assert!(all >= known + 5, "two runs of at least two changes each, and one row is removed");
    for operations in 0..=all {
        let (runtime, _) = cut(&after, operations);
        drop.serve(&runtime, 0.1).await;
        let mut versions = BTreeMap::new();
        for run in runs_of(&runtime, "::imports").await {
            assert_eq!(run.state, RunState::Completed, "after operation {operations}");
            let path = run.started_by.as_ref().unwrap().detail.clone().unwrap();
            let name = path.rsplit('/').next().unwrap().to_owned();
            *versions.entry((name, run.label)).or_insert(0) += 1;
        }
        assert!(versions.values().all(|runs| *runs == 1), "after operation {operations}: {versions:?}");
        let count = |name: &str| versions.keys().filter(|(known, _)| known == name).count();
        let counts = ["changed.csv", "same.csv", "new.csv", "gone.csv"].map(count);
        match operations < known {
            // It may have died before it had seen all that was there at first.
            true => assert!(
                (1..=2).contains(&counts[0]) && counts[1..3] == [1, 1] && counts[3] <= 1,
                "after operation {operations}: {counts:?}"
            ),
            false => assert_eq!(counts, [2, 1, 1, 1], "after operation {operations}"),
        }
        assert_eq!(rows(&runtime).await, 3, "after operation {operations}");
    }
}

#[tokio::test]
async fn of_two_who_look_at_once_one_starts_each_run() {
    let drop = Drop::new("*.csv");
    for number in 0..200 {
        drop.put(&format!("{number}.csv"), 1);
    }
    let (runtime, _) = first();
    tokio::join!(drop.serve(&runtime, 0.1), drop.serve(&runtime, 0.1));
    all_completed(&runtime, 200).await;
    assert_eq!(rows(&runtime).await, 200);
}

#[tokio::test]
async fn triggers_whose_names_begin_alike_keep_their_files_apart() {
    let drop = Drop::new("*.csv");
    drop.put("a.csv", 1);
    let triggers = || ["t", "t/a", "t/a.csv"].map(|name| drop.trigger(name));
    let (runtime, seen) = first();
    serve(&runtime, triggers(), 0.1).await;
    assert_eq!(seen.names().len(), 3);
    let (runtime, seen) = next(&runtime);
    serve(&runtime, triggers(), 0.1).await;
    assert_eq!((seen.names().len(), rows(&runtime).await), (0, 3));
}

#[tokio::test]
async fn a_path_that_is_longer_than_a_key_is_known_all_the_same() {
    let drop = Drop::new("**/*.csv");
    let deep = ["d".repeat(200), "e".repeat(200), "f".repeat(200)].join("/");
    drop.put(&format!("{deep}/a.csv"), 1);
    drop.put(&format!("{deep}/b.csv"), 1);
    let (runtime, seen) = first();
    drop.serve(&runtime, 0.1).await;
    assert_eq!(seen.names(), ["a.csv", "b.csv"]);
    let (runtime, seen) = next(&runtime);
    drop.remove(&format!("{deep}/a.csv"));
    drop.serve(&runtime, 0.1).await;
    assert_eq!((seen.names().len(), rows(&runtime).await), (0, 1));
}
