//! What a trigger has seen: once is enough, whatever its filter says, and another trigger of its name has seen nothing of it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use orch::{
    RunState,
    prelude::*,
    schedule::{Overrun, Trigger},
};

use crate::{
    HOUR, runs_of, states,
    triggers::{Given, next, serve},
    until,
};

#[flow]
async fn notes(text: String, #[provided] given: &Given) {
    given.note(text);
}

#[flow(formerly = "shop::walks_before")]
async fn walks(hours: u32) -> Result<u32, Error> {
    orch::sleep(HOUR * hours).await;
    Ok(hours)
}

/// Emits so many events of a name, one an hour. A flow, because the clock waits for one that it has woken.
#[flow]
async fn emits(event: String, count: u32) -> Result<(), Error> {
    for number in 0..count {
        orch::sleep(HOUR).await;
        Runtime::current()?.emit(&event, &number).await?;
    }
    Ok(())
}

fn on(event: &str) -> Trigger {
    Trigger::new("t").on_event(event).run(|number: u32| notes(number.to_string()))
}

#[tokio::test]
async fn a_trigger_that_waits_for_another_event_begins_anew() {
    let (first, given) = next(&orch::testing::runtime(), 0);
    let script = async { emits("a".into(), 3).on(&first).await.unwrap() };
    tokio::join!(serve(&first, [on("a")], 4.0), script);
    assert_eq!(given.all(), ["0", "1", "2"]);
    let (second, given) = next(&first, first.store().operations());
    let script = async { emits("b".into(), 2).on(&second).await.unwrap() };
    tokio::join!(serve(&second, [on("b")], 3.0), script);
    assert_eq!(given.all(), ["0", "1"], "they are the first two of their name");
    // And back: what was emitted while nobody waited for it is none of its business.
    second.emit("a", &7_u32).await.unwrap();
    let (third, given) = next(&second, second.store().operations());
    let script = async { emits("a".into(), 1).on(&third).await.unwrap() };
    tokio::join!(serve(&third, [on("a")], 2.0), script);
    assert_eq!(given.all(), ["0"]);
}

#[tokio::test]
async fn a_trigger_may_become_one_of_another_kind() {
    let (first, _) = next(&orch::testing::runtime(), 0);
    serve(&first, [on("a")], 0.1).await;
    let (second, given) = next(&first, first.store().operations());
    let silence = Trigger::new("t").on_absence("a", HOUR * 2).run(|()| notes("silence".into()));
    serve(&second, [silence], 3.0).await;
    assert_eq!(given.all(), ["silence"]);
    let (third, given) = next(&second, second.store().operations());
    walks(0).on(&third).await.unwrap();
    let after = Trigger::new("t").after_completed(walks).run(|hours: u32| notes(hours.to_string()));
    serve(&third, [after], 1.0).await;
    assert!(given.all().is_empty(), "it has ended before");
}

#[tokio::test]
async fn a_filter_that_panics_leaves_a_failed_run() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let trigger = Trigger::new("t").on_event("a").filter(|number: &u32| 12 / number > 0);
    let trigger = trigger.run(|number: u32| notes(number.to_string()));
    let script = async { emits("a".into(), 3).on(&runtime).await.unwrap() };
    tokio::join!(serve(&runtime, [trigger], 4.0), script);
    assert_eq!(given.all(), ["1", "2"], "those after it are started");
    let failed = runs_of(&runtime, "trigger t").await;
    assert_eq!(states(&failed), [RunState::Failed]);
    let reason = failed[0].reason.clone().unwrap();
    assert!(reason.contains("the event `a`") && reason.contains("divide by zero"), "{reason}");
}

#[tokio::test]
async fn an_overrun_that_the_filter_refuses_is_seen() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = asked.clone();
    let refuses = Trigger::new("t").on_overrun(walks, 2.0).filter(move |_: &Overrun| {
        counts.fetch_add(1, Ordering::SeqCst);
        false
    });
    let refuses = refuses.run(|_| notes("slow".into()));
    let script = async {
        for hours in [1, 1, 1, 9] {
            walks(hours).on(&runtime).await.unwrap();
        }
    };
    let beats = async { emits("a".into(), 11).on(&runtime).await.unwrap() };
    tokio::join!(serve(&runtime, [refuses], 13.0), script, beats);
    assert_eq!((asked.load(Ordering::SeqCst), given.all().len()), (1, 0));
}

#[tokio::test]
async fn an_absence_that_the_filter_refuses_is_seen() {
    let (runtime, _) = next(&orch::testing::runtime(), 0);
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = asked.clone();
    let refuses = Trigger::new("t").on_absence("silent", HOUR).filter(move |()| {
        counts.fetch_add(1, Ordering::SeqCst);
        false
    });
    let beats = async { emits("a".into(), 5).on(&runtime).await.unwrap() };
    tokio::join!(serve(&runtime, [refuses.run(|()| notes("silence".into()))], 6.0), beats);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn events_that_a_filter_refused_are_not_told_as_forgotten() {
    let (first, _) = next(&orch::testing::runtime(), 0);
    let none = || {
        let none = Trigger::new("t").on_event("a").filter(|_: &u32| false);
        none.run(|number: u32| notes(number.to_string()))
    };
    serve(&first, [none()], 0.1).await;
    for number in 0..6_000_u32 {
        first.emit("a", &number).await.unwrap();
    }
    serve(&first, [none()], 0.1).await;
    for number in 0..6_000_u32 {
        first.emit("a", &number).await.unwrap();
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let reader = lines.clone();
    let serve = first.serve().trigger(none()).until(until(&first, 0.1));
    serve.lines(move |line| reader.lock().unwrap().push(line.to_owned())).await.unwrap();
    let lines = lines.lock().unwrap().clone();
    assert!(!lines.iter().any(|line| line.contains("forgotten")), "{lines:?}");
}

mod before {
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;

    /// `walks` under its former name: a generic flow is not found by its name, so the new one is.
    #[flow(name = "shop::walks_before")]
    pub async fn walks<H: Serialize + DeserializeOwned + Clone + Send + Sync + Into<u64> + 'static>(
        hours: H,
    ) -> Result<u32, Error> {
        let hours: u64 = hours.into();
        orch::sleep(HOUR * u32::try_from(hours).unwrap()).await;
        Ok(u32::try_from(hours).unwrap())
    }
}

#[tokio::test]
async fn runs_that_were_started_under_a_former_name_are_runs_of_the_flow() {
    let after = || Trigger::new("t").after_completed(walks).run(|hours: u32| notes(hours.to_string()));
    let (first, _) = next(&orch::testing::runtime(), 0);
    serve(&first, [after()], 0.1).await;
    let (first, _) = next(&first, first.store().operations());
    for _ in 0..3 {
        before::walks(1_u32).on(&first).await.unwrap();
    }
    let (second, given) = next(&first, first.store().operations());
    let slow = Trigger::new("slow").on_overrun(walks, 2.0);
    let slow = slow.run(|slow: Overrun| notes(format!("usual is {:?}", slow.usual)));
    let script = async { walks(5).on(&second).await.unwrap() };
    tokio::join!(serve(&second, [after(), slow], 6.0), script);
    assert_eq!(given.all(), ["1", "1", "1", "usual is 3600s", "5"]);
}

/// Walks alone for a while, and then in a crowd.
#[flow]
async fn crowds(crowd: u32) -> Result<(), Error> {
    for _ in 0..3 {
        walks(1).await?;
    }
    let slow = walks(12).start();
    orch::sleep(HOUR * 4).await;
    let crowd: Vec<_> = (0..crowd).map(|_| walks(5).start()).collect();
    for run in crowd {
        run.await?;
    }
    slow.await?;
    Ok(())
}

#[tokio::test]
async fn a_crowd_hides_no_overrun_and_shows_none_twice() {
    let (runtime, given) = next(&orch::testing::runtime(), 0);
    let slow = Trigger::new("slow").on_overrun(walks, 3.0);
    let slow = slow.run(|slow: Overrun| notes(slow.run.to_string()));
    let script = async { crowds(1_100).on(&runtime).await.unwrap() };
    tokio::join!(serve(&runtime, [slow], 17.0), script);
    let mut told = given.all();
    let count = told.len();
    told.sort();
    told.dedup();
    assert_eq!((count, told.len()), (1_101, 1_101));
}
