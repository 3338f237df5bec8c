//! Triggers that attributes name. What they wait for is nothing that the other tests here do.

use orch::{
    RunState,
    prelude::*,
    store::{Run, Trigger as Why},
    testing::TestRuntime,
};
use serde::{Deserialize, Serialize};

use crate::{
    HOUR, runs_of, states,
    triggers::{Given, by, next, serve},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parcel {
    id: u64,
    weight: u32,
    to: Option<String>,
}

/// Takes so many hours to pack a parcel that is so heavy.
#[flow]
async fn packs(id: u64, hours: u32) -> Result<Parcel, String> {
    orch::sleep(HOUR * hours).await;
    if id == 0 { Err("no paper".into()) } else { Ok(Parcel { id, weight: hours, to: None }) }
}

#[flow(on = completed(packs))]
async fn ships(weight: u32, id: u64, to: Option<String>, #[provided] given: &Given) {
    given.note(format!("ships {id} of {weight} to {to:?}"));
}

#[flow(on = completed(packs, filter = |parcel: &Parcel| parcel.weight > 1))]
async fn insures(parcel: Parcel, #[provided] given: &Given) {
    given.note(format!("insures {}", parcel.id));
}

#[flow(on = failed(packs))]
async fn explains(why: &str, #[provided] given: &Given) {
    given.note(format!("explains {why}"));
}

fn is_about_paper(why: &str) -> bool {
    why.contains("paper")
}

#[flow(on = failed(self::packs, filter = is_about_paper), with(sheets = 500))]
async fn buys_paper(sheets: u32, #[provided] given: &Given) {
    given.note(format!("buys {sheets}"));
}

#[flow(on = overrun(packs, 3.0))]
async fn hurries(usual: std::time::Duration, #[provided] given: &Given) {
    given.note(format!("hurries after {usual:?}"));
}

#[derive(Serialize, Deserialize)]
struct Paid {
    id: u64,
    total: u32,
    currency: String,
}

#[flow(on = event("on/paid"), with(currency = "EUR"))]
async fn books(currency: &str, id: u64, total: u32, note: Option<String>, #[provided] given: &Given) {
    given.note(format!("books {id}: {total} {currency} {note:?}"));
}

#[flow(on = event("on/paid", filter = |paid: &Paid| paid.total > 100))]
async fn thanks(id: u64, #[provided] given: &Given) {
    given.note(format!("thanks for {id}"));
}

/// What `with` leaves is one parameter, so it takes the value as a whole.
#[flow(on = event("on/said"), with(volume = 11))]
async fn hears(volume: u8, text: &str, #[provided] given: &Given) {
    given.note(format!("hears {text} at {volume}"));
}

// Longer than any other test here serves.
#[flow(on = absent("on/pulse", "9000d"))]
async fn worries(#[provided] given: &Given) {
    given.note("worries");
}

#[flow(
    at = "2100-01-01",
    with(who = "nobody"),
    on = absent("on/pulse", "9001d", with(who = "doctor")),
    on = event("on/ill"),
    on = event("on/well", with(who = "friend")),
)]
async fn calls(who: String, #[provided] given: &Given) {
    given.note(format!("calls {who}"));
}

/// A program that knows all these, and has served; what it does; and what the next one, which serves, was given.
async fn after(acts: impl AsyncFnOnce(&TestRuntime)) -> (TestRuntime, Vec<String>) {
    let (first, _) = next(&orch::testing::runtime(), 0);
    serve(&first, [], 0.1).await;
    let (second, _) = next(&first, first.store().operations());
    acts(&second).await;
    let (third, given) = next(&second, second.store().operations());
    serve(&third, [], 0.1).await;
    let mut given = given.all();
    given.sort();
    (third, given)
}

fn paid(id: u64, total: u32) -> Paid {
    Paid { id, total, currency: "USD".into() }
}

/// Everything that can be over before somebody serves.
async fn a_day(runtime: &TestRuntime) {
    for (id, hours) in [(7, 1), (8, 2), (0, 1)] {
        let _ = packs(id, hours).on(runtime).await;
    }
    for (id, total) in [(1, 100), (2, 101)] {
        runtime.emit("on/paid", &paid(id, total)).await.unwrap();
    }
    runtime.emit("on/said", &"hello".to_owned()).await.unwrap();
    runtime.emit("on/ill", &"uncle".to_owned()).await.unwrap();
    runtime.emit("on/well", &()).await.unwrap();
}

const DAY: [&str; 11] = [
    "books 1: 100 EUR None",
    "books 2: 101 EUR None",
    "buys 500",
    "calls friend",
    "calls uncle",
    "explains no paper",
    "hears hello at 11",
    "insures 8",
    "ships 7 of 1 to None",
    "ships 8 of 2 to None",
    "thanks for 2",
];

#[tokio::test]
async fn each_starts_its_flow_with_what_happened() {
    let (runtime, given) = after(a_day).await;
    assert_eq!(given, DAY);
    let (shipped, booked) = (runs_of(&runtime, "::ships").await, runs_of(&runtime, "::books").await);
    assert_eq!((by(&shipped), by(&booked)), (vec![Why::After; 2], vec![Why::Event; 2]));
    let packed = runs_of(&runtime, "::packs").await;
    let causes: Vec<_> = shipped.iter().map(|run| run.started_by.as_ref().unwrap().run.unwrap()).collect();
    assert_eq!(causes, [packed[0].id, packed[1].id]);
}

/// What triggers have started, why, and how it ended.
async fn started(runtime: &TestRuntime) -> Vec<String> {
    let runs = runs_of(runtime, "").await;
    let mut all: Vec<_> = runs
        .iter()
        .filter_map(|run| {
            let by = run.started_by.as_ref()?;
            Some(format!("{} is {} after {:?} {:?}", run.name, run.state, by.run, by.detail))
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn after_every_cut_each_thing_that_happened_has_its_runs() {
    let (first, _) = next(&orch::testing::runtime(), 0);
    serve(&first, [], 0.1).await;
    let (first, _) = next(&first, first.store().operations());
    a_day(&first).await;
    let day = first.store().operations();
    let (first, _) = next(&first, day);
    serve(&first, [], 0.1).await;
    let whole = started(&first).await;
    assert_eq!(whole.len(), DAY.len());
    assert!(whole.iter().all(|run| run.contains("is Completed after")), "{whole:#?}");
    for cut in day..first.store().operations() {
        let (second, _) = next(&first, cut);
        serve(&second, [], 1.0).await;
        assert_eq!(started(&second).await, whole, "after operation {cut}");
    }
}

/// An order as others write it.
#[derive(Serialize, Deserialize)]
struct Foreign<T> {
    note: Option<String>,
    id: u64,
    total: T,
    vat: f64,
}

#[tokio::test]
async fn parameters_take_the_fields_of_their_names() {
    let (_, given) = after(async |runtime| {
        let order = Foreign { note: Some("fragile".into()), id: 3, total: 5u8, vat: 0.2 };
        runtime.emit("on/paid", &order).await.unwrap();
    })
    .await;
    assert_eq!(given, ["books 3: 5 EUR Some(\"fragile\")"]);
}

#[derive(Serialize, Deserialize)]
struct Other {
    id: u64,
    sum: u32,
}

#[tokio::test]
async fn what_does_not_fit_is_a_failed_run_that_says_why() {
    let (runtime, given) = after(async |runtime| {
        let order = Foreign { note: None, id: 3, total: "much".to_owned(), vat: 0.2 };
        runtime.emit("on/paid", &order).await.unwrap();
        runtime.emit("on/paid", &Other { id: 4, sum: 5 }).await.unwrap();
        runtime.emit("on/paid", &6u8).await.unwrap();
        runtime.emit("on/said", &7u8).await.unwrap();
        runtime.emit("on/paid", &paid(5, 1)).await.unwrap();
    })
    .await;
    assert_eq!(given, ["books 5: 1 EUR None"]);
    let booked = runs_of(&runtime, "::books/event(\"on/paid\")").await;
    let heard = runs_of(&runtime, "::hears/event(\"on/said\")").await;
    assert_eq!((states(&booked), states(&heard)), (vec![RunState::Failed; 3], vec![RunState::Failed]));
    let reason = |run: &Run| run.reason.clone().unwrap();
    for (run, expected) in booked.iter().chain(&heard).zip([
        "the event `on/paid` does not give the parameter `total: u32`: field `total`: ",
        "the event `on/paid` has no field `total` for the parameter of this name; its fields are: `id`, `sum`",
        "the event `on/paid` has no fields, and the parameter `id: u64` takes the one of its name",
        "the event `on/said` does not give the parameter `text: alloc::string::String`: ",
    ]) {
        assert!(reason(run).contains(expected), "{}", reason(run));
    }
    // What the filter cannot read, it does not let pass in silence.
    let thanked = runs_of(&runtime, "::thanks/event(\"on/paid\")").await;
    assert_eq!(states(&thanked), [RunState::Failed; 3]);
    assert!(
        reason(&thanked[1]).contains("Paid") && reason(&thanked[1]).contains("total"),
        "{}",
        reason(&thanked[1])
    );
}

#[tokio::test]
async fn what_does_not_happen_starts_flows_too() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    serve(&runtime, [], 9_001.5 * 24.0).await;
    assert_eq!(given.all(), ["worries", "calls doctor"]);
    for (flow, day) in [("::worries", 9_000.0), ("::calls", 9_001.0)] {
        let runs = runs_of(&runtime, flow).await;
        assert_eq!((by(&runs), crate::hours(runs[0].created) / 24.0), (vec![Why::Absence], day));
    }
}

/// Packs one parcel after the other, each for so many hours. A flow, because the clock waits for one that it has woken.
#[flow]
async fn packs_all(hours: Vec<u32>) -> Result<(), Error> {
    for hours in hours {
        packs(1, hours).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_run_that_takes_too_long_starts_a_flow() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let script = async { packs_all(vec![2, 2, 2, 5, 9]).on(&runtime).await.unwrap() };
    tokio::join!(serve(&runtime, [], 21.0), script);
    let hurried = given.all().into_iter().filter(|given| given.starts_with("hurries"));
    assert_eq!(hurried.collect::<Vec<_>>(), ["hurries after 7200s"]);
    let hurried = runs_of(&runtime, "::hurries").await;
    let slow = runs_of(&runtime, "::packs").await.last().unwrap().id;
    assert_eq!((by(&hurried), hurried[0].started_by.as_ref().unwrap().run), (vec![Why::Overrun], Some(slow)));
}
