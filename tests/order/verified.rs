//! Recorded runs against today's code: every verdict, no body, no write.

use std::{sync::Arc, time::Duration};

use orch::{
    DefinitionKind, RunState,
    prelude::*,
    store::{MemoryStore, Page, SledStore, Store, SyncMode},
    testing::{NamesFlow, ReplayReport, TestRuntime, Verdict, verify_replay},
};

use crate::edited::{Code, Ran, flows::*};

fn runtime(ran: &Ran) -> TestRuntime {
    orch::testing::builder().provide(ran.clone()).provide(Code::Old).build()
}

/// Verifies, and sees to it that nothing ran and nothing was written.
async fn verified(flow: impl NamesFlow, store: MemoryStore, code: Code, ran: &Ran) -> ReplayReport {
    let store = Arc::new(store);
    let before = store.operations();
    ran.take();
    let report = verify_replay(flow, store.clone()).provide(ran.clone()).provide(code).await.unwrap();
    assert_eq!(ran.take(), [] as [String; 0], "a body ran");
    assert_eq!(store.operations(), before, "something was written");
    report
}

fn verdict(report: &ReplayReport) -> &Verdict {
    assert_eq!(report.runs().len(), 1, "{report}");
    &report.runs()[0].verdict
}

#[task]
async fn fails_at_first(n: u32, #[provided] ran: &Ran) -> Result<u32, String> {
    ran.note("fails", n);
    if orch::ctx().attempt() == 1 { Err("not yet".into()) } else { Ok(n) }
}

#[flow]
async fn nested(n: u32) -> Result<u32, Error> {
    a(n).await
}

/// A bit of everything.
#[flow(retries = 1)]
async fn everything() -> Result<Vec<u32>, Error> {
    let now = orch::now().await;
    let (x, y) = tokio::try_join!(a(1), a(2))?;
    let items = orch::try_map([10, 20], |n| async move { Ok(a(n).await? + a(n + 1).await?) }).await?;
    let branch = orch::spawn(async { a(3).await });
    let started = a(4).start();
    orch::sleep(Duration::from_secs(60)).await;
    tokio::select! { biased; _ = orch::sleep(Duration::from_secs(9)) => {} _ = a(5) => {} }
    let failed = fails_at_first(6).await.is_err();
    assert!(failed && now <= orch::now().await);
    let child = nested(7).await?;
    Ok(vec![x, y, items[0], items[1], branch.await??, started.await?, child])
}

#[tokio::test]
async fn what_was_not_edited_is_the_same_at_every_cut() {
    let ran = Ran::default();
    let live = runtime(&ran);
    live.scope(everything()).await.unwrap();
    let all = live.store().operations();
    for cut in 1..=all {
        let report = verified(everything(), live.store().fork(cut), Code::New, &ran).await;
        assert_eq!(*verdict(&report), Verdict::Same, "cut {cut} of {all}: {report}");
        report.assert_same();
        let ended = report.runs()[0].state == RunState::Completed;
        assert_eq!(ended, cut == all);
        assert!(!ended || (report.runs()[0].reused > 8 && report.runs()[0].again.is_empty()), "{report:?}");
    }
}

#[tokio::test]
async fn an_edited_flow_tells_what_it_would_do() {
    let ran = Ran::default();
    let live = runtime(&ran);
    live.scope(removed::old::<true>()).await.unwrap();
    let report = verified(removed::new(), live.store().fork(usize::MAX), Code::New, &ran).await;
    let Verdict::Edited(differences) = verdict(&report) else { panic!("{report}") };
    assert!(differences.anew.is_empty(), "{report}");
    assert_eq!((differences.unasked.len(), differences.unasked_count), (1, 1), "{report}");
    assert!(differences.unasked[0].contains("flows::a` (tests/order/edited/flows.rs:"), "{report}");
    assert!(differences.unasked[0].contains("with input `2`"), "{report}");
    assert!(differences.other_value);
    assert_eq!(report.runs()[0].reused, 2);
    for part in [
        "`edited::removed_new`: 1 recorded runs replayed, 0 the same",
        "is not asked for: ",
        "gives another value",
    ] {
        assert!(report.to_string().contains(part), "{part} is not in: {report}");
    }

    let live = runtime(&ran);
    live.scope(other_input::old::<true>()).await.unwrap();
    let report = verified("edited::other_input_new", live.store().fork(usize::MAX), Code::New, &ran).await;
    let Verdict::Edited(differences) = verdict(&report) else { panic!("{report}") };
    assert_eq!(differences.anew.len(), 1, "what comes behind it is not known: {report}");
    assert!(differences.anew[0].contains("with input `5`"), "{report}");
    assert_eq!(differences.unasked_count, 2, "{report}");
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_the_same() {
    let ran = Ran::default();
    let live = runtime(&ran);
    live.scope(with_formerly::old::<true>()).await.unwrap();
    for cut in 1..=live.store().operations() {
        verified(with_formerly::new(), live.store().fork(cut), Code::New, &ran).await.assert_same();
    }
}

#[tokio::test]
async fn another_version_is_an_edit() {
    let ran = Ran::default();
    let live = runtime(&ran);
    live.scope(version_below()).await.unwrap();
    let report = verified(version_below(), live.store().fork(usize::MAX), Code::New, &ran).await;
    let Verdict::Edited(differences) = verdict(&report) else { panic!("{report}") };
    assert!(differences.anew[0].contains("second_version"), "{report}");
}

#[tokio::test]
async fn what_would_stop_says_so() {
    let ran = Ran::default();
    for (flow, name, named) in [
        (asks_otherwise(), asks_otherwise().flow_name(), "with input `5`"),
        (asks_for_less(), asks_for_less().flow_name(), "with input `2`"),
        (asks_for_more(), asks_for_more().flow_name(), "with input `9`"),
        (maps_less(), maps_less().flow_name(), "call 0 of this body"),
    ] {
        let live = runtime(&ran);
        live.scope(flow).await.unwrap();
        let report = verified(name.as_str(), live.store().fork(usize::MAX), Code::New, &ran).await;
        let Verdict::Diverges(text) = verdict(&report) else { panic!("{name}: {report}") };
        assert!(text.contains(named), "{named} is not in: {text}");
        let failed = std::panic::catch_unwind(|| report.assert_same()).unwrap_err();
        assert!(failed.downcast_ref::<String>().unwrap().contains(named));
    }
}

#[flow(name = "verified::takes_number")]
async fn takes_number<const GENERIC: bool>(n: u32) -> u32 {
    n
}

#[flow(name = "verified::takes_text", formerly = "verified::takes_number")]
async fn takes_text(text: String) -> String {
    text
}

#[task(name = "verified::gives_number")]
async fn gives_number() -> u32 {
    1
}

#[task(name = "verified::gives_text", formerly = "verified::gives_number")]
async fn gives_text() -> String {
    "one".into()
}

#[flow]
async fn gets(#[provided] code: &Code) -> Result<String, Error> {
    Ok(if *code == Code::Old { gives_number().await?.to_string() } else { gives_text().await? })
}

#[tokio::test]
async fn what_does_not_fit_its_type_any_more_cannot_be_read() {
    let ran = Ran::default();
    let live = runtime(&ran);
    live.scope(takes_number::<true>(7)).await.unwrap();
    let report = verified(takes_text(String::new()), live.store().fork(usize::MAX), Code::New, &ran).await;
    let Verdict::Unreadable(text) = verdict(&report) else { panic!("{report}") };
    assert!(text.contains("its input"), "{text}");

    let live = runtime(&ran);
    live.scope(gets()).await.unwrap();
    let report = verified(gets(), live.store().fork(usize::MAX), Code::New, &ran).await;
    let Verdict::Unreadable(text) = verdict(&report) else { panic!("{report}") };
    assert!(text.contains("verified::gives_text"), "{text}");
}

#[flow(name = "verified::gone")]
async fn gone<const GENERIC: bool>() -> u32 {
    1
}

#[tokio::test]
async fn a_flow_that_is_gone_is_missing() {
    let ran = Ran::default();
    let live = runtime(&ran);
    live.scope(gone::<true>()).await.unwrap();
    let report = verified("verified::gone", live.store().fork(usize::MAX), Code::New, &ran).await;
    assert_eq!(*verdict(&report), Verdict::Missing("verified::gone".into()));
    let none = verified("verified::never_seen", live.store().fork(usize::MAX), Code::New, &ran).await;
    assert!(none.runs().is_empty() && none.is_same());
}

#[tokio::test]
async fn a_directory_is_verified_run_by_run() {
    let ran = Ran::default();
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::builder(dir.path()).durability(SyncMode::Process).open().unwrap());
    let builder = Runtime::builder().store(store.clone()).recover(false);
    let live = builder.provide(ran.clone()).provide(Code::Old).build().unwrap();
    for _ in 0..3 {
        live.scope(removed::old::<true>()).await.unwrap();
    }
    live.scope(nested(1)).await.unwrap();
    let told = |events: Vec<orch::Event>| events.len();
    let before = told(store.events(Page::all()).await.unwrap());
    ran.take();
    let verify = |name: &str| verify_replay(name, store.clone()).provide(ran.clone()).provide(Code::New);
    let report = verify("edited::removed_new").await.unwrap();
    assert_eq!(report.runs().len(), 3);
    assert!(
        report.runs().iter().all(|run| matches!(&run.verdict, Verdict::Edited(_)) && run.reused == 2),
        "{report}"
    );
    assert_eq!(verify("edited::removed_new").limit(2).await.unwrap().runs().len(), 2);
    verify_replay(nested(0), store.clone()).await.unwrap().assert_same();
    assert_eq!(ran.take(), [] as [String; 0]);
    assert_eq!(told(store.events(Page::all()).await.unwrap()), before);
    let rows = live.runs(Default::default(), Page::all()).await.unwrap();
    assert!(rows.iter().all(|run| run.kind == DefinitionKind::Flow && run.state == RunState::Completed));
}
