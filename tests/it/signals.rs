//! Signals: before, while and after somebody waits for them, over crashes and processes.

use std::time::Duration;

use orch::{
    Notice, RunId,
    prelude::*,
    store::{Page, Store as _},
};

use crate::support::{Bodies, Life, Process, ending, halts, in_two_processes, lines, until};

const SECOND: Duration = Duration::from_secs(1);

/// Waits for a moment in which the run waits for so many signals.
async fn waiting(runtime: &orch::testing::TestRuntime, waits: usize) {
    until(runtime, |lines| lines.iter().filter(|line| line.contains("WaitingForSignal")).count() >= waits)
        .await;
}

#[task]
async fn counted(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    n
}

#[flow]
async fn asks() -> Result<(u32, String), Error> {
    let number = orch::signal::<u32>("number").await?;
    let text = orch::signal::<String>("text").await?;
    counted(1).await?;
    Ok((number, text))
}

#[tokio::test]
async fn a_wait_gets_what_is_sent_while_it_waits() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let got = runtime
        .scope(async {
            let asked = asks().start();
            let run = asked.run().unwrap();
            waiting(&runtime, 1).await;
            runtime.send(run, "number", &7u32).await.unwrap();
            waiting(&runtime, 2).await;
            orch::send(run, "text", &"seven".to_owned()).await.unwrap();
            asked.await.unwrap()
        })
        .await;
    assert_eq!(got, (7, "seven".to_owned()));
    let lines = lines(&runtime).await;
    assert_eq!(ending(&lines, "WaitingForSignal: `number`"), 1, "{lines:#?}");
    assert_eq!(ending(&lines, "SignalSent: `text`"), 1, "{lines:#?}");
    assert_eq!(lines.last().unwrap(), "run Completed");
}

#[tokio::test]
async fn what_was_sent_before_anybody_waits_is_kept() {
    #[task]
    async fn sends() -> Result<(), Error> {
        let run = orch::ctx().run().unwrap();
        for number in 1..4u32 {
            orch::send(run, "number", &number).await?;
        }
        orch::send(run, "other", &9u32).await
    }
    #[flow]
    async fn waits_late() -> Result<Vec<u32>, Error> {
        sends().await?;
        let mut got = vec![orch::signal::<u32>("other").await?];
        for _ in 0..3 {
            got.push(orch::signal("number").await?);
        }
        Ok(got)
    }
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { waits_late().await }).await.unwrap(), [9, 1, 2, 3]);
    let lines = lines(&runtime).await;
    assert!(!lines.iter().any(|line| line.contains("WaitingForSignal")), "nobody had to wait: {lines:#?}");
}

/// What a run got, over each cut of its life: it is resumed with the signals that the store has by then, and gets those
/// that were sent later once more, which is what the one who sent them would do.
async fn cut_everywhere(
    lived: &orch::testing::TestRuntime,
    run: RunId,
    signals: &[(&'static str, u32)],
    bodies: &Bodies,
) -> Vec<(Result<Vec<u32>, ErrorKind>, usize)> {
    let mut ends = Vec::new();
    for cut in 1..lived.store().operations() {
        let before = bodies.count();
        let second = lived.fork(cut).provide(bodies.clone()).build();
        let sent = ending(&lines(&second).await, "SignalSent: `number`");
        for (name, value) in &signals[sent.min(signals.len())..] {
            second.send(run, name, value).await.unwrap();
        }
        let end = second.resume::<Vec<u32>>(run).await.map_err(|error| error.kind());
        assert!(
            second.store().signals(run, Page::all()).await.unwrap().is_empty(),
            "cut {cut}: all are taken"
        );
        ends.push((end, bodies.count() - before));
    }
    ends
}

#[flow]
async fn one_after_the_other() -> Result<Vec<u32>, Error> {
    let mut got = Vec::new();
    for n in 0..3 {
        got.push(orch::signal("number").await?);
        got.push(counted(n).await?);
    }
    Ok(got)
}

#[flow]
async fn both_at_once() -> Result<Vec<u32>, Error> {
    let (one, other) = tokio::join!(orch::signal::<u32>("number"), orch::signal::<u32>("number"));
    let mut got = vec![one?, other?, counted(0).await?];
    got.push(orch::signal("number").await?);
    Ok(got)
}

#[flow]
async fn in_select() -> Result<Vec<u32>, Error> {
    let mut got = Vec::new();
    for n in 0..3 {
        tokio::select! {
            number = orch::signal::<u32>("number") => got.push(number?),
            () = orch::sleep(SECOND * 1000) => got.push(99),
        }
        got.push(counted(n).await?);
    }
    Ok(got)
}

#[flow]
async fn beside_work() -> Result<Vec<u32>, Error> {
    let work = async {
        let mut done = Vec::new();
        for n in 0..3 {
            done.push(counted(n).await?);
        }
        Ok::<_, Error>(done)
    };
    let (number, done) = tokio::join!(orch::signal::<u32>("number"), work);
    let handle = waits_in_a_task(7).start();
    let mut got = vec![number?, handle.await?];
    got.extend(done?);
    got.push(orch::signal("number").await?);
    Ok(got)
}

#[task]
async fn waits_in_a_task(n: u32) -> Result<u32, Error> {
    let got = orch::signal::<u32>("number").await?;
    counted(n).await?;
    Ok(got)
}

#[flow]
async fn in_bodies() -> Result<Vec<u32>, Error> {
    let mut got = vec![waits_in_a_task(0).await?];
    let branch = orch::spawn(async { orch::signal::<u32>("number").await });
    got.push(branch.await??);
    got.extend(orch::try_map(1..2u32, |_| orch::signal::<u32>("number")).await?);
    Ok(got)
}

#[tokio::test]
async fn signals_are_taken_once_wherever_the_process_dies() {
    let signals = [("number", 10u32), ("number", 20), ("number", 30)];
    type Case = (fn() -> Call<Vec<u32>, Flow>, &'static [u32]);
    let cases: [Case; 5] = [
        (one_after_the_other, &[10, 0, 20, 1, 30, 2]),
        (both_at_once, &[10, 20, 0, 30]),
        (in_select, &[10, 0, 20, 1, 30, 2]),
        (in_bodies, &[10, 20, 30]),
        (beside_work, &[10, 20, 0, 1, 2, 30]),
    ];
    for (flow, expected) in cases {
        for early in [true, false] {
            let bodies = Bodies::default();
            // A clock that jumps would be over the sleeps before anybody has sent anything.
            let runtime = orch::testing::builder().real_clock().provide(bodies.clone()).build();
            let (run, got) = runtime
                .scope(async {
                    let call = flow().start();
                    let run = call.run().unwrap();
                    until(&runtime, |lines| !lines.is_empty()).await;
                    for (nth, (name, value)) in signals.iter().enumerate() {
                        if !early {
                            waiting(&runtime, nth + 1).await;
                        }
                        runtime.send(run, name, value).await.unwrap();
                    }
                    (run, call.await.unwrap())
                })
                .await;
            assert_eq!(got, expected);
            let ends = cut_everywhere(&runtime, run, &signals, &bodies).await;
            assert!(ends.len() > 5);
            for (cut, (end, _)) in ends.iter().enumerate() {
                assert_eq!(end.as_deref(), Ok(expected), "cut {}", cut + 1);
            }
            assert_eq!(ends.last().unwrap().1, 0, "all was recorded");
        }
    }
}

#[tokio::test]
async fn two_waits_are_served_in_the_order_in_which_they_were_written() {
    #[flow]
    async fn in_any_order() -> Result<(u32, u32, u32), Error> {
        let (first, second) = (orch::signal::<u32>("number"), orch::signal::<u32>("number"));
        // Polled the other way round, again and again.
        let (second, first) = tokio::join!(second, first);
        let (third, fourth) = (orch::signal::<u32>("number"), orch::signal::<u32>("number"));
        // The one that was written first is not awaited yet, and takes nothing from who waits.
        let fourth = fourth.await?;
        drop(third);
        Ok((first?, second?, fourth))
    }
    let runtime = orch::testing::runtime();
    let got = runtime
        .scope(async {
            let call = in_any_order().start();
            let run = call.run().unwrap();
            until(&runtime, |lines| !lines.is_empty()).await;
            for value in [1u32, 2, 3] {
                runtime.send(run, "number", &value).await.unwrap();
            }
            call.await.unwrap()
        })
        .await;
    assert_eq!(got, (1, 2, 3));
}

#[tokio::test]
async fn a_wait_that_is_dropped_with_its_signal_gives_it_back() {
    /// A wait and a hit that come to the body one after the other: only the first of the two is awaited to its end.
    #[flow]
    async fn drops_one(rounds: u32) -> Result<Vec<u32>, Error> {
        let mut got = Vec::new();
        for _ in 0..rounds {
            tokio::select! {
                one = orch::signal::<u32>("number") => got.push(one?),
                other = orch::signal::<u32>("number") => got.push(other?),
            }
        }
        Ok(got)
    }
    let runtime = orch::testing::runtime();
    let (run, got) = runtime
        .scope(async {
            let call = drops_one(4).start();
            let run = call.run().unwrap();
            until(&runtime, |lines| !lines.is_empty()).await;
            for value in [1u32, 2, 3, 4] {
                runtime.send(run, "number", &value).await.unwrap();
            }
            (run, call.await.unwrap())
        })
        .await;
    assert_eq!(got, [1, 2, 3, 4]);
    for cut in 1..runtime.store().operations() {
        let second = runtime.fork(cut).build();
        let sent = ending(&lines(&second).await, "SignalSent: `number`") as u32;
        for value in sent + 1..=4 {
            second.send(run, "number", &value).await.unwrap();
        }
        assert_eq!(second.resume::<Vec<u32>>(run).await.unwrap(), [1, 2, 3, 4], "cut {cut}");
    }
}

#[flow]
async fn within_an_hour() -> Result<String, Error> {
    let answer = orch::signal::<u32>("number").timeout(SECOND * 3600).await;
    let first = match answer {
        Ok(number) => format!("{number}"),
        Err(error) => format!("{:?}", error.kind()),
    };
    let second = orch::signal::<u32>("number").timeout(SECOND * 3600).await;
    Ok(format!("{first} {:?}", second.map_err(|error| error.kind())))
}

#[tokio::test]
async fn a_time_limit_goes_on_while_no_process_runs() {
    let runtime = orch::testing::runtime();
    let end = runtime.scope(async { within_an_hour().await }).await.unwrap();
    assert_eq!(end, "TimedOut Err(TimedOut)");
    assert_eq!(runtime.now().since(orch::testing::START), SECOND * 7200);
    let run = runtime.last_run().await.unwrap().unwrap();

    // 40 minutes later, 20 are left of the first.
    let second = runtime.fork(2).build();
    second.advance(SECOND * 2400);
    assert_eq!(second.resume::<String>(run).await.unwrap(), end);
    assert_eq!(second.now().since(orch::testing::START), SECOND * 7200);

    // Two hours later, none is: over at once, and the second wait takes its own hour.
    let second = runtime.fork(2).build();
    second.advance(SECOND * 7200);
    assert_eq!(second.resume::<String>(run).await.unwrap(), end);
    assert_eq!(second.now().since(orch::testing::START), SECOND * 10800);

    // What came in time counts, whenever the run is taken up; what came later is the next wait's.
    for (minutes, expected) in [(50, "5 Err(TimedOut)"), (70, "TimedOut Ok(5)")] {
        let second = runtime.fork(2).build();
        second.advance(SECOND * 60 * minutes);
        second.send(run, "number", &5u32).await.unwrap();
        second.advance(SECOND * 600);
        assert_eq!(second.resume::<String>(run).await.unwrap(), expected);
    }
    for cut in 1..runtime.store().operations() {
        let second = runtime.fork(cut).build();
        assert_eq!(second.resume::<String>(run).await.unwrap(), end, "cut {cut}");
    }
}

#[tokio::test]
async fn a_signal_of_another_type_is_an_error_that_names_both() {
    #[flow]
    async fn asks_again() -> Result<(String, u32), Error> {
        let error = orch::signal::<u32>("number").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        Ok((error.to_string(), orch::signal("number").await?))
    }
    let runtime = orch::testing::runtime();
    let (run, (text, number)) = runtime
        .scope(async {
            let call = asks_again().start();
            let run = call.run().unwrap();
            waiting(&runtime, 1).await;
            runtime.send(run, "number", &"seven".to_owned()).await.unwrap();
            runtime.send(run, "number", &7u32).await.unwrap();
            (run, call.await.unwrap())
        })
        .await;
    assert_eq!(number, 7);
    for part in ["`number`", "`alloc::string::String`", "`u32`", "used up", &run.to_string()] {
        assert!(text.contains(part), "{text}");
    }
    let second = crate::support::crashed(&runtime).build();
    assert_eq!(second.resume::<(String, u32)>(run).await.unwrap(), (text, 7));
}

#[tokio::test]
async fn a_further_attempt_of_a_body_gets_what_the_first_one_got() {
    #[task(retries = 1)]
    async fn fails_once(#[provided] bodies: &Bodies) -> Result<u32, Error> {
        let number = orch::signal::<u32>("number").await?;
        if bodies.enter() == 0 {
            Err(orch::signal::<u32>("").timeout(SECOND).await.unwrap_err())
        } else {
            Ok(number)
        }
    }
    #[flow]
    async fn tries() -> Result<Vec<u32>, Error> {
        Ok(vec![fails_once().await?, orch::signal("number").await?])
    }
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let got = runtime
        .scope(async {
            let call = tries().start();
            let run = call.run().unwrap();
            until(&runtime, |lines| !lines.is_empty()).await;
            runtime.send(run, "number", &1u32).await.unwrap();
            runtime.send(run, "number", &2u32).await.unwrap();
            call.await.unwrap()
        })
        .await;
    assert_eq!(got, [1, 2]);
}

#[tokio::test]
async fn nothing_is_sent_to_a_run_that_cannot_get_it() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let unknown = RunId::new();
    let error = runtime.send(unknown, "number", &1u32).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert!(error.to_string().contains(&format!("run {unknown} is not in the store")), "{error}");

    #[flow]
    async fn ends() -> Result<u32, Error> {
        counted(1).await
    }
    runtime.scope(async { ends().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let text = runtime.send(run, "number", &1u32).await.unwrap_err().to_string();
    assert!(text.contains("`number`") && text.ends_with("has ended: Completed"), "{text}");

    runtime
        .scope(async {
            let call = asks().start();
            let run = call.run().unwrap();
            waiting(&runtime, 1).await;
            for n in 0..1_000u32 {
                runtime.send(run, "unwanted", &n).await.unwrap();
            }
            let text = runtime.send(run, "unwanted", &1u32).await.unwrap_err().to_string();
            assert!(text.contains("a thousand signals"), "{text}");
            runtime.cancel(run).await.unwrap();
            call.await.unwrap_err();
        })
        .await;
    let error = orch::signal::<u32>("number").await.unwrap_err();
    assert!(error.to_string().contains("outside any run"), "{error}");
}

#[tokio::test]
async fn a_run_that_ends_says_what_nobody_has_taken() {
    #[task]
    async fn sends() -> Result<(), Error> {
        let run = orch::ctx().run().unwrap();
        orch::send(run, "one", &1u32).await?;
        orch::send(run, "two", &2u32).await
    }
    #[flow]
    async fn takes_one() -> Result<u32, Error> {
        sends().await?;
        orch::signal("two").await
    }
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { takes_one().await }).await.unwrap(), 2);
    let lines = lines(&runtime).await;
    let left = "SignalsLeft: the run ends, and nobody has taken: `one`";
    assert_eq!(ending(&lines, left), 1, "{lines:#?}");
    let events = runtime.all_events().await.unwrap();
    let is_left = |event: &&orch::Event| {
        matches!(&event.kind, orch::EventKind::Notice { notice: Notice::SignalsLeft, .. })
    };
    assert_eq!(events.iter().filter(is_left).count(), 1);
}

#[tokio::test]
async fn a_runtime_that_is_closed_leaves_what_nobody_has_got() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let run = runtime
        .scope(async {
            let asked = asks().start();
            let run = asked.run().unwrap();
            waiting(&runtime, 1).await;
            runtime.send(run, "text", &"early".to_owned()).await.unwrap();
            runtime.close_within(Duration::ZERO).await.unwrap();
            assert_eq!(asked.await.unwrap_err().kind(), ErrorKind::Cancelled);
            run
        })
        .await;
    let second = runtime.fork(runtime.store().operations()).provide(Bodies::default()).build();
    assert_eq!(second.store().signals(run, Page::all()).await.unwrap().len(), 1);
    second.send(run, "number", &7u32).await.unwrap();
    assert_eq!(second.resume::<(u32, String)>(run).await.unwrap(), (7, "early".to_owned()));
}

#[tokio::test]
async fn a_run_is_cancelled_while_it_waits() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let error = runtime
        .scope(async {
            let call = asks().start();
            waiting(&runtime, 1).await;
            assert!(runtime.cancel(call.run().unwrap()).await.unwrap());
            call.await.unwrap_err()
        })
        .await;
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(lines(&runtime).await.last().unwrap(), "run Cancelled: it was cancelled through the runtime");
}

// Two processes, one after the other, on one directory.

#[flow]
async fn halts_amid(seen: u32) -> Result<Vec<u32>, Error> {
    let mut got = Vec::new();
    for _ in 0..seen {
        got.push(orch::signal::<u32>("number").await?);
        got.push(counted(0).await?);
    }
    if seen > 0 {
        // Nothing is sent by the process any more.
        orch::signal::<()>("sent").await?;
    }
    halts().await?;
    let (one, other) = tokio::join!(orch::signal::<u32>("number"), orch::signal::<u32>("number"));
    got.extend([one?, other?]);
    Ok(got)
}

/// Sends when the run of this process is there.
async fn send_when_there(process: &Process, flow: &str, values: impl IntoIterator<Item = u32>) -> RunId {
    let run = loop {
        let runs = process.runtime.runs(orch::store::RunFilter::default(), Page::all()).await.unwrap();
        match runs.iter().find(|run| run.name.ends_with(flow)) {
            Some(run) => break run.id,
            None => tokio::task::yield_now().await,
        }
    };
    for value in values {
        process.runtime.send(run, "number", &value).await.unwrap();
    }
    run
}

#[tokio::test]
async fn signals_survive_their_process() {
    let Some(process) = in_two_processes(module_path!(), "signals_survive_their_process") else { return };
    match process.life {
        Life::First => {
            // One is taken before the end of the process, one is sent before it and not taken.
            let sender = async {
                let run = send_when_there(&process, "halts_amid", [1, 2]).await;
                process.runtime.send(run, "sent", &()).await.unwrap();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = process.end_amid([halts_amid(1)]) => {}
                () = sender => {}
            }
        }
        Life::Second => {
            let run = process.interrupted("halts_amid").await;
            // One is sent while no process runs it.
            process.runtime.send(run, "number", &3u32).await.unwrap();
            assert_eq!(process.runtime.resume::<Vec<u32>>(run).await.unwrap(), [1, 0, 2, 3]);
            assert_eq!(process.bodies.count(), 0, "what was recorded has not run again");
            assert!(process.store.signals(run, Page::all()).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn a_signal_reaches_a_run_that_was_taken_up() {
    let Some(process) = in_two_processes(module_path!(), "a_signal_reaches_a_run_that_was_taken_up") else {
        return;
    };
    match process.life {
        Life::First => process.end_amid([halts_amid(0)]).await,
        Life::Second => {
            let run = process.interrupted("halts_amid").await;
            let (resumed, ()) = tokio::join!(process.runtime.resume::<Vec<u32>>(run), async {
                let waits = || async {
                    let events = process.runtime.run_events(run, Page::all()).await.unwrap();
                    events
                        .iter()
                        .filter(|event| event.kind.to_string().starts_with("WaitingForSignal"))
                        .count()
                };
                while waits().await < 2 {
                    tokio::task::yield_now().await;
                }
                send_when_there(&process, "halts_amid", [5, 6]).await;
            });
            assert_eq!(resumed.unwrap(), [5, 6]);
        }
    }
}

/// Its id is known before the store has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_is_sent_as_soon_as_the_call_is_started() {
    #[flow]
    async fn asks() -> Result<u32, Error> {
        orch::signal("n").await
    }
    for n in 0..50u32 {
        let runtime = orch::testing::runtime();
        let asked = runtime.scope(async { asks().start() }).await;
        runtime.send(asked.run().unwrap(), "n", &n).await.unwrap();
        assert_eq!(asked.await.unwrap(), n);
    }
    let runtime = orch::testing::runtime();
    let error = runtime.send(orch::RunId::new(), "n", &1u32).await.unwrap_err();
    assert!(error.to_string().contains("is not in the store"), "{error}");
}
