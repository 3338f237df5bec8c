use super::*;

#[tokio::test]
async fn who_asks_for_a_run_that_was_being_cancelled_gets_its_end() {
    let (first, _) = live(orch::testing::builder(), Life::First);
    let call = first.scope(async { staying().id("x").start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| lines.iter().any(|line| line == "stays Running (1)")).await;
    assert!(first.cancel(run).await.unwrap());
    call.await.unwrap_err();
    let mut seen = 0;
    for cut in 1..=first.store().operations() {
        let (second, bodies) = live(first.fork(cut), Life::Second);
        if state(&second, run).await != RunState::Cancelling {
            continue;
        }
        seen += 1;
        let error = second.scope(async { staying().id("x").await }).await.unwrap_err();
        assert_eq!((error.kind(), bodies.count()), (ErrorKind::Cancelled, 0), "cut {cut}: {error}");
        assert_eq!(state(&second, run).await, RunState::Cancelled);
    }
    assert!(seen > 0);
}

#[flow]
async fn sums(of: HashMap<String, u32>) -> Result<u32, Error> {
    Ok(of.values().sum())
}

#[tokio::test]
async fn equal_inputs_are_the_same_input_however_they_are_written() {
    let runtime = orch::testing::runtime();
    let map = || (0..50u32).map(|n| (n.to_string(), n)).collect::<HashMap<_, _>>();
    runtime
        .scope(async {
            assert_eq!(sums(map()).id("x").await.unwrap(), 1225);
            assert_eq!(sums(map()).id("x").await.unwrap(), 1225);
        })
        .await;
}

#[tokio::test]
async fn a_called_flow_with_an_id_that_was_dropped_is_no_error_after_a_crash() {
    #[flow]
    async fn in_time(with_id: bool) -> Result<String, Error> {
        let called = staying();
        let called = if with_id { called.id("x") } else { called };
        tokio::select! {
            biased;
            end = called => end.map(|end| end.to_string()),
            () = orch::sleep(SECOND) => Ok("over".to_owned()),
        }
    }
    for with_id in [false, true] {
        let (first, _) = live(orch::testing::builder(), Life::First);
        assert_eq!(first.scope(async { in_time(with_id).await }).await.unwrap(), "over");
        let run = crate::support::run_of(&first, "in_time").await;
        for cut in 1..first.store().operations() {
            for life in [Life::First, Life::Second] {
                let (second, _) = live(first.fork(cut), life);
                if state(&second, run).await.is_final() {
                    continue;
                }
                let end = second.resume::<String>(run).await;
                let end = end.unwrap_or_else(|error| panic!("{with_id} cut {cut} {life:?}: {error}"));
                assert!(end == "over" || (life == Life::Second && end == "5"), "{with_id} cut {cut}: {end}");
            }
        }
    }
}

#[tokio::test]
async fn runs_that_wait_for_each_other_are_told() {
    #[flow]
    async fn one(depth: u32) -> Result<u32, Error> {
        orch::sleep(SECOND).await;
        if depth == 0 { Ok(1) } else { Box::pin(async { other(depth).id("other").await }).await }
    }
    #[flow]
    async fn other(depth: u32) -> Result<u32, Error> {
        orch::sleep(SECOND).await;
        if depth == 0 { Ok(1) } else { Box::pin(async { one(depth).id("one").await }).await }
    }
    let runtime = orch::testing::runtime();
    let ends = runtime.scope(async {
        let (one, other) = (one(1).id("one").start(), other(1).id("other").start());
        (one.await, other.await)
    });
    let (one, other) = ends.await;
    assert!(one.is_err() || other.is_err());
}
