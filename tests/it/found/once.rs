use super::*;

#[tokio::test]
async fn a_retry_of_a_run_that_was_being_cancelled_when_its_process_died_waits_for_a_person() {
    let (first, bodies) = live(orch::testing::builder(), Life::First);
    let call = first.scope(async { shops().start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| lines.iter().any(|line| line == "pays Running (1)")).await;
    while bodies.count() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(first.cancel(run).await.unwrap());
    call.await.unwrap_err();
    let mut seen = 0;
    for cut in 1..=first.store().operations() {
        let (second, bodies) = live(first.fork(cut), Life::Second);
        if state(&second, run).await == RunState::Cancelling {
            second.resume::<u32>(run).await.unwrap_err();
        }
        if state(&second, run).await != RunState::Cancelled {
            continue;
        }
        seen += 1;
        assert_eq!((with_person(&second, run, true).await, bodies.count()), (70, 0), "cut {cut}");
    }
    assert!(seen > 1);
}

#[tokio::test]
async fn a_retry_of_a_run_that_was_given_up_waits_for_a_person() {
    let (first, _) = live(orch::testing::builder(), Life::First);
    let call = first.scope(async { shops().start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| lines.iter().any(|line| line == "pays Running (1)")).await;
    let (second, bodies) =
        live(first.fork(first.store().operations()).with(|builder| builder.max_deaths(1)), Life::Second);
    second.recover().await.unwrap();
    assert_eq!(state(&second, run).await, RunState::Crashed);
    assert_eq!((with_person(&second, run, true).await, bodies.count()), (70, 0));
}

#[task(once, timeout = "1s")]
async fn pays_after(#[provided] bodies: &Bodies, #[provided] life: &Life) -> u32 {
    bodies.enter();
    if *life == Life::First { std::future::pending().await } else { 72 }
}

#[task]
async fn before(fails: bool) -> Result<u32, String> {
    orch::sleep(SECOND).await;
    if fails { Err("broken".into()) } else { Ok(1) }
}

#[flow(retries = 1)]
async fn in_turn(fails: bool) -> Result<u32, Error> {
    let attempt = orch::ctx().attempt();
    let first = before(fails && attempt == 2).start();
    let paid = pays_after().after(&first).await;
    let _ = first.await;
    paid
}

#[tokio::test]
async fn a_further_attempt_that_was_cut_short_before_it_asked_waits_for_a_person() {
    let (first, bodies) = live(orch::testing::builder(), Life::First);
    let of = first.clone();
    let ends = tokio::spawn(async move { of.scope(async { in_turn(false).await }).await });
    tokio::select! {
        _ = ends => {}
        _ = person(&first) => {}
    }
    assert_eq!(bodies.count(), 1);
    let run = first.last_run().await.unwrap().unwrap();
    for cut in 1..first.store().operations() {
        let (second, bodies) = live(first.fork(cut), Life::Second);
        if state(&second, run).await.is_final() {
            continue;
        }
        let tasks = second.task_runs(run, Page::all()).await.unwrap();
        let begun = tasks.iter().any(|task| task.name.ends_with("pays_after") && task.attempt > 0);
        let value = with_person(&second, run, false).await;
        assert_eq!(bodies.count(), usize::from(!begun), "cut {cut}: {value} {:#?}", lines(&second).await);
    }
}

#[flow(retries = 1)]
async fn in_turn_dropped() -> Result<u32, Error> {
    let attempt = orch::ctx().attempt();
    let first = before_too(attempt).start();
    let paying = pays().after(&first);
    let paid = if attempt == 1 {
        tokio::select! {
            paid = paying => paid,
            () = orch::sleep(SECOND * 5) => before_too(7).await,
        }
    } else {
        paying.await
    };
    let _ = first.await;
    paid
}

#[task]
async fn before_too(attempt: u32) -> Result<u32, String> {
    if attempt > 1 { Err("broken".into()) } else { Ok(1) }
}

#[tokio::test]
async fn what_comes_after_a_failure_is_skipped_and_its_work_stays_unknown() {
    let (first, bodies) = live(orch::testing::builder(), Life::First);
    let error = first.scope(async { in_turn_dropped().await }).await.unwrap_err();
    assert_eq!((error.kind(), bodies.count()), (ErrorKind::Failed, 1), "{error}");
    assert!(error.to_string().contains("comes after"), "{error}");
    let run = first.last_run().await.unwrap().unwrap();
    let tasks = first.task_runs(run, Page::all()).await.unwrap();
    assert!(tasks.iter().any(|task| task.state == TaskState::Unknown));
}

/// A receipt that cannot be written.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Receipt(u32);

impl serde::Serialize for Receipt {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no paper"))
    }
}

#[task(once)]
async fn pays_for_a_receipt(#[provided] bodies: &Bodies) -> Receipt {
    Receipt(bodies.enter() as u32)
}

#[tokio::test]
async fn a_body_whose_value_cannot_be_kept_does_not_run_again() {
    #[flow(retries = 1)]
    async fn receipt() -> Result<u32, Error> {
        Ok(pays_for_a_receipt().await?.0)
    }
    let (runtime, bodies) = live(orch::testing::builder(), Life::First);
    let of = runtime.clone();
    let ends = tokio::spawn(async move { of.scope(async { receipt().await }).await });
    tokio::select! {
        ended = ends => panic!("{ended:?} {}", bodies.count()),
        () = until(&runtime, |lines| lines.iter().any(|line| line.contains("`orch::resolve` says"))) => {}
    }
    assert_eq!(bodies.count(), 1);
}

#[flow(retries = 2)]
async fn fails_before() -> Result<u32, Error> {
    let attempt = orch::ctx().attempt();
    let first = fails_in_second(attempt).start();
    let paid = pays_after().after(&first).await;
    let _ = first.await;
    paid
}

#[task]
async fn fails_in_second(attempt: u32) -> Result<u32, String> {
    if attempt == 2 { Err("broken".into()) } else { Ok(attempt) }
}

#[tokio::test]
async fn a_call_that_was_skipped_meanwhile_still_waits_for_a_person() {
    let (runtime, bodies) = live(orch::testing::builder(), Life::First);
    let of = runtime.clone();
    let ends = tokio::spawn(async move { of.scope(async { fails_before().await }).await });
    tokio::select! {
        ended = ends => panic!("{ended:?} {}", bodies.count()),
        () = until(&runtime, |lines| lines.iter().any(|line| line.contains("`orch::resolve` says"))) => {}
    }
    assert_eq!(bodies.count(), 1);
}
