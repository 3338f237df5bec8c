//! Runs that start when something happens: once, also when the process dies amid it.

use std::sync::{Arc, Mutex};

use orch::{
    RunState, Served,
    prelude::*,
    schedule::{Overrun, Trigger},
    store::{Run, Trigger as Why},
    testing::TestRuntime,
};

use crate::{HOUR, runs_of, states, until};

/// What bodies were given.
#[derive(Clone, Default)]
pub(crate) struct Given(Arc<Mutex<Vec<String>>>);

impl Given {
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[flow]
async fn extracts(rows: u32) -> Result<Vec<u32>, String> {
    if rows == 0 { Err("there is nothing".into()) } else { Ok((0..rows).collect()) }
}

#[flow]
async fn reports(rows: Vec<u32>, #[provided] given: &Given) {
    given.note(format!("{} rows", rows.len()));
}

#[flow]
async fn alerts(why: String, #[provided] given: &Given) {
    given.note(why);
}

fn triggers() -> [Trigger; 2] {
    [
        Trigger::new("reports").after_completed(extracts).run(|rows: Vec<u32>| reports(rows)),
        Trigger::new("alerts").after_failed(extracts).run(|why: String| alerts(why)),
    ]
}

pub(crate) async fn serve(
    runtime: &TestRuntime,
    triggers: impl IntoIterator<Item = Trigger>,
    hours: f64,
) -> Served {
    let mut serve = runtime.serve().until(until(runtime, hours)).grace(HOUR).lines(|_| {});
    for trigger in triggers {
        serve = serve.trigger(trigger);
    }
    serve.await.unwrap()
}

/// Does something after so many hours each. A flow, because the clock waits for one that it has woken.
#[flow]
async fn acts(script: Vec<(u32, String)>) -> Result<(), Error> {
    let runtime = Runtime::current()?;
    for (hours, act) in script {
        orch::sleep(HOUR * hours).await;
        match act.split_once(' ') {
            Some(("extract", rows)) => drop(extracts(rows.parse().unwrap()).await),
            Some(("say", text)) => runtime.emit("said", &text.to_owned()).await?,
            Some(("number", number)) => runtime.emit("said", &number.parse::<u32>().unwrap()).await?,
            _ => runtime.emit("heartbeat", &()).await?,
        }
    }
    Ok(())
}

/// Acts on a runtime.
async fn acting(runtime: &TestRuntime, script: &[(u32, &str)]) {
    let script = script.iter().map(|(hours, act)| (*hours, (*act).to_owned())).collect();
    acts(script).on(runtime).await.unwrap();
}

/// A runtime on what is stored, in the next process.
pub(crate) fn next(runtime: &TestRuntime, operations: usize) -> (TestRuntime, Given) {
    let given = Given::default();
    (runtime.fork(operations).provide(given.clone()).build(), given)
}

pub(crate) fn by(runs: &[Run]) -> Vec<Why> {
    runs.iter().map(|run| run.trigger).collect()
}

#[tokio::test]
async fn a_flow_starts_after_another_one() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let script = [(1, "extract 3"), (0, "extract 0"), (0, "extract 5")];
    let (served, ()) = tokio::join!(serve(&runtime, triggers(), 2.0), acting(&runtime, &script));
    assert_eq!(served.left(), 0);
    let mut all = given.all();
    all.sort();
    assert_eq!(all, ["3 rows", "5 rows", "there is nothing"]);
    let reported = runs_of(&runtime, "::reports").await;
    assert_eq!((by(&reported), states(&reported)), (vec![Why::After; 2], vec![RunState::Completed; 2]));
    let extracted = runs_of(&runtime, "::extracts").await;
    assert_eq!(reported[0].started_by.as_ref().unwrap().run, Some(extracted[0].id));
}

#[tokio::test]
async fn what_ended_while_nobody_served_is_not_lost() {
    let (first, _) = next(&orch::testing::runtime(), 0);
    serve(&first, triggers(), 0.1).await;
    let (second, _) = next(&first, first.store().operations());
    extracts(2).on(&second).await.unwrap();
    let (third, given) = next(&second, second.store().operations());
    serve(&third, triggers(), 0.1).await;
    assert_eq!(given.all(), ["2 rows"]);
    // And what was seen is seen.
    let (fourth, given) = next(&third, third.store().operations());
    serve(&fourth, triggers(), 0.1).await;
    assert!(given.all().is_empty());
}

#[tokio::test]
async fn after_every_cut_each_end_has_one_run() {
    let (before, _) = next(&orch::testing::runtime(), 0);
    serve(&before, triggers(), 0.1).await;
    let (first, _) = next(&before, before.store().operations());
    for rows in [1, 0, 2] {
        let _ = extracts(rows).on(&first).await;
    }
    let ended = first.store().operations();
    let (first, _) = next(&first, ended);
    serve(&first, triggers(), 0.1).await;
    assert!(first.store().operations() >= ended + 6);
    for cut in ended..=first.store().operations() {
        let (second, _) = next(&first, cut);
        serve(&second, triggers(), 1.0).await;
        let extracted = runs_of(&second, "::extracts").await;
        let started = [runs_of(&second, "::reports").await, runs_of(&second, "::alerts").await].concat();
        let mut after: Vec<_> =
            started.iter().map(|run| run.started_by.as_ref().unwrap().run.unwrap()).collect();
        after.sort();
        assert_eq!(after, extracted.iter().map(|run| run.id).collect::<Vec<_>>(), "after operation {cut}");
        assert!(started.iter().all(|run| run.state == RunState::Completed), "after operation {cut}");
    }
}

#[tokio::test]
async fn events_start_what_waits_for_them() {
    let (first, given) = next(&orch::testing::runtime(), 0);
    let trigger = || {
        let loud = Trigger::new("loud").on_event("said").filter(|text: &String| text.ends_with('!'));
        loud.run(|text: String| alerts(text))
    };
    // Before the trigger was there, it is none of its business.
    first.emit("said", &"too early!".to_owned()).await.unwrap();
    let script = [(1, "say a"), (1, "say b!"), (1, "say c!"), (0, "beat")];
    tokio::join!(serve(&first, [trigger()], 4.0), acting(&first, &script));
    assert_eq!(given.all(), ["b!", "c!"]);
    let runs = runs_of(&first, "::alerts").await;
    assert_eq!(
        (by(&runs), runs[0].started_by.as_ref().unwrap().detail.as_deref()),
        (vec![Why::Event; 2], Some("said"))
    );
    // Emitted by a process that does not serve.
    let (second, _) = next(&first, first.store().operations());
    second.emit("said", &"d!".to_owned()).await.unwrap();
    let (third, given) = next(&second, second.store().operations());
    serve(&third, [trigger()], 0.1).await;
    assert_eq!(given.all(), ["d!"]);
}

#[tokio::test]
async fn an_event_that_does_not_fit_leaves_a_failed_run() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let trigger = Trigger::new("loud").on_event("said").run(|text: String| alerts(text));
    let script = [(1, "number 7"), (0, "say after it")];
    tokio::join!(serve(&runtime, [trigger], 2.0), acting(&runtime, &script));
    assert_eq!(given.all(), ["after it"]);
    let failed = runs_of(&runtime, "trigger loud").await;
    assert_eq!(states(&failed), [RunState::Failed]);
    let reason = failed[0].reason.clone().unwrap();
    assert!(reason.contains("the event `said`") && reason.contains("String"), "{reason}");
}

/// What one program emits.
#[derive(serde::Serialize, serde::Deserialize)]
struct Order {
    id: u64,
    buyer: Buyer,
    note: Option<String>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Buyer {
    name: String,
    age: i32,
}

/// What another one wants to know of it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Sold {
    buyer: Grown,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Grown {
    age: u8,
}

#[tokio::test]
async fn events_are_read_by_the_names_of_their_fields() {
    let (first, _) = next(&orch::testing::runtime(), 0);
    let sold = || Trigger::new("sold").on_event("order").run(|sold: Sold| alerts(sold.buyer.age.to_string()));
    serve(&first, [sold()], 0.1).await;
    for age in [40, -1] {
        let buyer = Buyer { name: "A".into(), age };
        first.emit("order", &Order { id: 7, buyer, note: None }).await.unwrap();
    }
    let (second, given) = next(&first, first.store().operations());
    serve(&second, [sold()], 0.1).await;
    assert_eq!(given.all(), ["40"]);
    let failed = runs_of(&second, "trigger sold").await;
    let reason = failed[0].reason.clone().unwrap();
    assert!(reason.contains("field `buyer.age`: invalid value: integer `-1`, expected u8"), "{reason}");
}

#[tokio::test]
async fn an_absence_starts_something_once() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let trigger = Trigger::new("silence").on_absence("heartbeat", HOUR * 2);
    let trigger = trigger.run(|()| alerts("silence".into()));
    let script = [(1, "beat"), (1, "beat"), (1, "beat"), (5, "beat"), (1, "beat")];
    tokio::join!(serve(&runtime, [trigger], 10.5), acting(&runtime, &script));
    let runs = runs_of(&runtime, "::alerts").await;
    // Beats at 1, 2, 3, 8 and 9 hours: silence from 3 on.
    let at: Vec<f64> = runs.iter().map(|run| crate::hours(run.created)).collect();
    assert_eq!((at, given.all().len()), (vec![5.0], 1));
    assert_eq!(by(&runs), [Why::Absence]);
}

#[tokio::test]
async fn two_triggers_of_one_name_are_refused() {
    let runtime = orch::testing::runtime();
    let trigger = || Trigger::new("twice").on_event("e").run(|text: String| alerts(text));
    let error = runtime.serve().trigger(trigger()).trigger(trigger()).await.unwrap_err();
    assert!(error.to_string().contains("two triggers have the name `twice`"), "{error}");
}

/// Works for so many hours, and says so in between.
#[flow]
async fn crawls(hours: Vec<u32>) -> Result<(), Error> {
    for hours in hours {
        orch::sleep(HOUR * hours).await;
    }
    Ok(())
}

fn slow(times: f64) -> Trigger {
    let trigger = Trigger::new("slow").on_overrun(crawls, times);
    trigger.run(|slow: Overrun| {
        let hours = |took: std::time::Duration| took.as_secs() / 3_600;
        alerts(format!("{} of {}", hours(slow.running), hours(slow.usual)))
    })
}

/// Runs flows one after the other, each for so many hours. A flow, because the clock waits for one that it has woken.
#[flow]
async fn crawl_all(hours: Vec<u32>) -> Result<(), Error> {
    for hours in hours {
        crawls(vec![hours]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_run_that_takes_longer_than_usual_starts_something_once() {
    for (times, expected) in [(3.0, vec!["6 of 2"]), (1.4, vec!["2 of 2", "2 of 2"]), (9.0, vec![])] {
        let (runtime, given) = next(&orch::testing::runtime(), 0);
        // The first long one comes before anything is usual; 3 hours are less than 3 times 2.
        let script = async { crawl_all(vec![9, 1, 2, 2, 3, 8]).on(&runtime).await.unwrap() };
        tokio::join!(serve(&runtime, [slow(times)], 30.0), script);
        assert_eq!(given.all(), expected, "{times} times");
        let runs = runs_of(&runtime, "::alerts").await;
        assert!(by(&runs).iter().all(|why| *why == Why::Overrun));
        let last = runs_of(&runtime, "::crawls").await.last().map(|run| run.id);
        assert!(runs.is_empty() || runs.last().unwrap().started_by.as_ref().unwrap().run == last);
    }
}

#[tokio::test]
async fn after_every_cut_an_overrun_has_one_run() {
    let (first, _) = next(&orch::testing::runtime(), 0);
    let before = crawl_all(vec![1, 1, 1]).on(&first);
    before.await.unwrap();
    let (first, _) = next(&first, first.store().operations());
    let begun = first.store().operations();
    let script = async { crawls(vec![2, 2, 2]).on(&first).await.unwrap() };
    tokio::join!(serve(&first, [slow(3.0)], 7.0), script);
    for cut in begun..=first.store().operations() {
        let (second, _) = next(&first, cut);
        serve(&second, [slow(3.0)], 20.0).await;
        let crawled = runs_of(&second, "::crawls").await;
        let alerts = runs_of(&second, "::alerts").await;
        assert_eq!(alerts.len(), crawled.len() - 3, "after operation {cut}");
        assert!(alerts.iter().all(|run| run.state == RunState::Completed), "after operation {cut}");
    }
}
