use super::*;

#[tokio::test]
#[ignore = "not mended: a wait that is alive and not polled stands before later ones"]
async fn a_wait_that_is_kept_aside_takes_nothing_from_one_that_is_awaited() {
    #[flow]
    async fn aside() -> Result<u32, Error> {
        let mut first = std::pin::pin!(orch::signal::<u32>("n"));
        tokio::select! {
            biased;
            n = &mut first => return n,
            () = orch::sleep(SECOND) => {}
        }
        orch::signal::<u32>("n").await
    }
    let runtime = orch::testing::runtime();
    let got = runtime.scope(async {
        let call = aside().start();
        let run = call.run().unwrap();
        until(&runtime, |lines| lines.iter().filter(|line| line.contains("WaitingForSignal")).count() >= 2)
            .await;
        runtime.send(run, "n", &3u32).await.unwrap();
        call.await
    });
    assert_eq!(got.await.unwrap(), 3);
}

#[flow]
async fn gives_back() -> Result<(u32, u32), Error> {
    let zeroth = orch::signal::<u32>("n");
    let first = orch::signal::<u32>("n");
    let got = tokio::select! {
        biased;
        n = first => n?,
        n = zeroth => n?,
    };
    let then = orch::signal::<u32>("n").await?;
    last().await?;
    Ok((got, then))
}

#[tokio::test]
async fn a_rerun_gets_no_signal_twice() {
    let runtime = orch::testing::runtime();
    let (run, got) = runtime
        .scope(async {
            let call = gives_back().start();
            let run = call.run().unwrap();
            until(&runtime, |lines| !lines.is_empty()).await;
            for n in [1u32, 2] {
                runtime.send(run, "n", &n).await.unwrap();
            }
            (run, call.await.unwrap())
        })
        .await;
    assert_eq!(got, (1, 2));
    let again = async { runtime.rerun::<(u32, u32)>(run).from("last").await }.await;
    let again = again.unwrap();
    assert_ne!(again.0, again.1, "one signal, two waits");
}

#[tokio::test]
async fn a_search_for_interrupted_runs_that_is_dropped_holds_up_no_later_one() {
    let store = crate::support::Wrapped { late: true, ..Default::default() };
    let runtime = Runtime::builder().store(store).recover(false).build().unwrap();
    tokio::select! {
        biased;
        _ = runtime.recover() => panic!("it is late"),
        () = std::future::ready(()) => {}
    }
    assert!(runtime.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_call_that_is_dropped_while_its_run_is_submitted_leaves_none_behind() {
    let store = Arc::new(crate::support::Wrapped { late: true, ..Default::default() });
    let runtime = Runtime::builder().store(store.clone()).recover(false);
    let runtime = runtime.provide(Bodies::default()).provide(Life::First).build().unwrap();
    tokio::select! {
        biased;
        _ = runtime.scope(async { staying().await }) => panic!("it is late"),
        () = std::future::ready(()) => {}
    }
    // It is stored after its call is gone.
    loop {
        let runs = runtime.runs(Default::default(), Page::all()).await.unwrap();
        if runs.first().is_some_and(|run| run.state.is_final()) {
            assert_eq!((runs.len(), runs[0].state), (1, RunState::Cancelled), "{runs:#?}");
            return;
        }
        tokio::task::yield_now().await;
    }
}
