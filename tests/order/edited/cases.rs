//! The cases: what is edited, and what has to run again.

use orch::{store::Page, testing::TestBuilder};

use super::{Code, Expected, Ran, diverged, edit, flows::*, recorded, without_an_edit};

macro_rules! edits {
    ($($name:ident: $($option:ident $setting:expr),*;)*) => {$(
        #[tokio::test]
        async fn $name() {
            edit(super::flows::$name::old::<true>(), expected!($($option $setting),*)).await;
        }
    )*};
}

macro_rules! edits_below {
    ($($name:ident: $($option:ident $setting:expr),*;)*) => {$(
        #[tokio::test]
        async fn $name() {
            edit(super::flows::$name(), expected!($($option $setting),*)).await;
        }
    )*};
}

macro_rules! expected {
    (value $value:expr $(, $option:ident $setting:expr)*) => {
        Expected { $($option: &$setting,)* ..Expected::value($value.to_vec()) }
    };
}

edits! {
    added: value [1, 9, 2, 8], asks ["a(1)", "a(9)", "a(2)", "a(8)"];
    removed: value [1, 3], asks ["a(1)", "a(3)"];
    emptied: value [0u32; 0], asks [];
    reordered: value [3, 1, 2], asks ["a(1)", "a(2)", "a(3)"];
    other_input: value [1, 5, 3], asks ["a(1)", "a(3)", "a(5)"];
    with_formerly: value [1, 2, 3], asks ["after(1)", "a(2)", "after(3)"], renamed [("before", "after")];
    without_formerly: value [1, 2], asks ["elsewhere(1)", "a(2)"];
    version: value [1, 2], asks ["v(1)", "a(2)"], others ["first_version(1)"];
    other_text: value [10, 20], asks ["a(1)", "a(2)"];
    joined: value [3, 4, 1], asks ["a(1)", "a(3)", "a(4)"];
    joined_then: value [3, 2, 1], asks ["a(1)", "a(2)", "a(3)"];
    items_added: value [1, 2, 3, 4], asks ["a(1)", "a(2)", "a(3)", "a(4)"];
    items_moved: value [1, 3, 2], asks ["a(1)", "a(2)", "a(3)"], others ["a(2)", "a(3)"];
    item_edited: value [23, 43], asks ["a(11)", "a(12)", "a(21)", "a(22)"];
    into_a_branch: value [1, 2], asks ["a(1)", "a(2)"], others ["a(1)"];
    started: value [1, 3], asks ["a(1)", "a(3)"];
    with_ids: value [1, 2], asks ["a(1)", "a(2)"];
    items_removed: value [1, 2], asks ["a(1)", "a(2)"];
    branch_removed: value [1, 2], asks ["a(1)", "a(2)"];
    branch_added: value [1, 7, 2], asks ["a(1)", "a(2)", "a(7)"];
}

edits_below! {
    renamed_below: value [1, 2, 3], asks ["after(1)", "a(2)", "after(3)"], renamed [("before", "after")];
    body_below: value [1, 2, 3], asks ["b(1)", "a(2)", "b(3)"], renamed [("old_body", "b")];
    sync_below: value [1, 2, 3], asks ["s(1)", "a(2)", "s(3)"], renamed [("asynchronous", "s")];
    cached_below: value [1, 2, 3], asks ["c(1)", "a(2)", "c(3)"], renamed [("uncached", "c")];
    not_kept_below: value [1, 2, 3], asks ["k(1)", "a(2)", "k(3)"], renamed [("kept", "k")];
    version_below: value [1, 2, 3], asks ["v(1)", "a(2)", "v(3)"], others ["first_version(1)", "first_version(3)"];
}

#[tokio::test]
async fn a_nested_flow_is_edited() {
    let ran = Ran::default();
    let runtime = |builder: TestBuilder, code| builder.provide(ran.clone()).provide(code).build();
    let live = runtime(orch::testing::builder(), Code::Old);
    assert_eq!(live.scope(child::parent()).await.unwrap(), [3, 9]);
    let run = live.runs(Default::default(), Page::all()).await.unwrap().last().unwrap().id;
    let mut ends = Vec::new();
    for cut in 1..live.store().operations() {
        ran.take();
        let fork = runtime(live.fork(cut), Code::New);
        let before = recorded(&fork, &[]).await;
        let value = fork.resume::<Vec<u32>>(run).await.unwrap();
        ends.push((before.join(" "), value[0], ran.take().join(" "), diverged(&fork).await.len()));
    }
    ends.dedup();
    let end = |before: &str, value, ran: &str, told| (before.to_owned(), value, ran.to_owned(), told);
    let expected = [
        end("", 9, "a(2) a(3) a(4) a(9)", 0),
        end("a(1)", 9, "a(2) a(3) a(4) a(9)", 1),
        end("a(1) a(2)", 9, "a(3) a(4) a(9)", 1),
        // It had ended, and its value stands.
        end("a(1) a(2)", 3, "a(9)", 0),
        end("a(1) a(2) a(9)", 3, "", 0),
    ];
    assert_eq!(ends, expected);
}

#[tokio::test]
async fn a_task_that_calls_tasks_is_edited_while_it_is_under_way() {
    let ran = Ran::default();
    let runtime = |builder: TestBuilder, code| builder.provide(ran.clone()).provide(code).build();
    let live = runtime(orch::testing::builder(), Code::Old);
    assert_eq!(live.scope(outer::calls()).await.unwrap(), 3);
    let run = live.last_run().await.unwrap().unwrap();
    let mut ends = Vec::new();
    for cut in 1..live.store().operations() {
        ran.take();
        let fork = runtime(live.fork(cut), Code::New);
        let before = recorded(&fork, &[]).await;
        let value = fork.resume::<u32>(run).await.unwrap();
        ends.push((before.join(" "), value, ran.take().join(" ")));
    }
    ends.dedup();
    let end = |before: &str, value, ran: &str| (before.to_owned(), value, ran.to_owned());
    let expected = [
        end("", 4, "a(1) a(3)"),
        end("a(1)", 4, "a(3)"),
        end("a(1) a(2)", 4, "a(3)"),
        // It had ended, and its value stands.
        end("a(1) a(2) outer_old()", 3, ""),
    ];
    assert_eq!(ends, expected);
}

#[tokio::test]
async fn the_same_differences_without_an_edit_stop_the_run() {
    for (flow, other, named) in [
        (asks_for_more(), vec![1, 9, 2], ""),
        (asks_for_less(), vec![1], "with input `2`"),
        (asks_in_another_order(), vec![2, 1], "with input `1`"),
        (asks_otherwise(), vec![1, 5], "with input `5`"),
        (asks_another_task(), vec![1], "elsewhere` (tests/order/edited/flows.rs:"),
        (joins_otherwise(), vec![1, 3], "with input `3`"),
        (maps_otherwise(), vec![1, 3], "with input `3`"),
        (maps_less(), vec![1], "call 0 of this body"),
        (spawns_less(), vec![2], ""),
    ] {
        let texts = without_an_edit(flow, other.clone()).await;
        assert!(!texts.is_empty(), "{other:?} {named} is not noticed");
        for text in &texts {
            assert!(text.contains(named), "{named} is not in: {text}");
        }
    }
}
