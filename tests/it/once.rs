//! `once`: an interrupted body does not run again by itself, and a person says what became of it.

use orch::{
    Resolution, RunId, TaskNumber, TaskState,
    prelude::*,
    store::{Page, TaskRun},
    testing::TestRuntime,
};

use crate::support::{Bodies, Life, assert_lines, ending, halts, in_two_processes, lines, until};

#[task(once)]
async fn pays(amount: u32, #[provided] bodies: &Bodies) -> Result<u32, Error> {
    bodies.enter();
    // Whatever is recorded below it belongs to the body, which is amid its work meanwhile.
    let paid = prepares(amount).await?;
    Ok(paid + 1)
}

#[task]
async fn prepares(amount: u32) -> u32 {
    amount * 10
}

#[task]
async fn books(amount: u32) -> u32 {
    amount
}

#[flow]
async fn shops() -> Result<String, Error> {
    let paid = match pays(7).await {
        Ok(paid) => paid.to_string(),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    books(1).await?;
    Ok(paid)
}

async fn tasks(runtime: &Runtime, run: RunId) -> Vec<TaskRun> {
    runtime.task_runs(run, Page::all()).await.unwrap()
}

/// Lives once, and gives the run and the number of operations after which the body of `pays` was under way.
async fn lived() -> (TestRuntime, RunId, Vec<usize>) {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    assert_eq!(runtime.scope(async { shops().await }).await.unwrap(), "71");
    let run = runtime.last_run().await.unwrap().unwrap();
    let mut amid = Vec::new();
    for cut in 1..runtime.store().operations() {
        let fork = runtime.fork(cut).provide(Bodies::default()).build();
        if tasks(&fork, run).await.first().is_some_and(|task| task.state == TaskState::Running) {
            amid.push(cut);
        }
    }
    // Running and durable before the body began; and after its own call was recorded.
    assert!(amid.len() >= 2, "{amid:?}");
    (runtime, run, amid)
}

#[tokio::test]
async fn its_beginning_is_durable_before_the_body_begins() {
    #[task(once)]
    async fn looks(#[provided] memory: &std::sync::Arc<orch::store::MemoryStore>) -> TaskState {
        let ctx = orch::ctx();
        let (run, number) = (ctx.run().unwrap(), ctx.task_number().unwrap());
        let rows = orch::store::Store::task_runs(&**memory, run, Page::all()).await.unwrap();
        rows[number.0 as usize].state
    }
    #[flow]
    async fn asks() -> Result<TaskState, Error> {
        looks().await
    }
    let memory = std::sync::Arc::new(orch::store::MemoryStore::new());
    let runtime = Runtime::builder().store(memory.clone()).provide(memory).build().unwrap();
    assert_eq!(runtime.scope(async { asks().await }).await.unwrap(), TaskState::Running);
}

#[tokio::test]
async fn a_body_that_was_not_interrupted_is_like_any_other() {
    let (runtime, run, amid) = lived().await;
    for cut in 1..runtime.store().operations() {
        if amid.contains(&cut) {
            continue;
        }
        let bodies = Bodies::default();
        let second = runtime.fork(cut).provide(bodies.clone()).build();
        let before = tasks(&second, run).await.first().map(|task| task.state);
        assert_eq!(second.resume::<String>(run).await.unwrap(), "71", "cut {cut}");
        let ran = usize::from(before != Some(TaskState::Completed));
        assert_eq!(bodies.count(), ran, "cut {cut}");
    }
}

#[task(once)]
async fn fails(how: u32, #[provided] bodies: &Bodies) -> Result<u32, String> {
    bodies.enter();
    assert_ne!(how, 1, "it panics");
    Err("no money".into())
}

#[tokio::test]
async fn errors_and_panics_are_ends() {
    #[flow]
    async fn fails_twice() -> Result<(ErrorKind, ErrorKind), Error> {
        Ok((fails(0).await.unwrap_err().kind(), fails(1).await.unwrap_err().kind()))
    }
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let ends = runtime.scope(async { fails_twice().await }).await.unwrap();
    assert_eq!(ends, (ErrorKind::Failed, ErrorKind::Panicked));
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crate::support::crashed(&runtime).provide(bodies.clone()).build();
    assert_eq!(second.resume::<(ErrorKind, ErrorKind)>(run).await.unwrap(), ends);
    assert_eq!(bodies.count(), 2);
}

#[tokio::test]
async fn a_call_that_would_repeat_it_is_refused() {
    #[flow]
    async fn repeats() -> Result<u32, Error> {
        pays(1).retries(2).await
    }
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let error = runtime.scope(async { repeats().await }).await.unwrap_err();
    assert!(error.to_string().contains("is `once`"), "{error}");
    assert_eq!(bodies.count(), 0);
}

/// Resumes a run whose body was interrupted, says this when the task run is Unknown, and gives what came out.
async fn resolved(
    lived: &TestRuntime,
    run: RunId,
    cut: usize,
    resolution: Resolution,
) -> (TestRuntime, Bodies, String) {
    let bodies = Bodies::default();
    let second = lived.fork(cut).provide(bodies.clone()).build();
    let (end, ()) = tokio::join!(second.resume::<String>(run), async {
        until(&second, |lines| lines.iter().any(|line| line.starts_with("pays Unknown"))).await;
        assert_eq!(bodies.count(), 0, "it does not run by itself");
        second.resolve(run, TaskNumber(0), resolution).await.unwrap();
    });
    let end = end.unwrap();
    (second, bodies, end)
}

#[tokio::test]
async fn a_person_gives_the_value() {
    let (runtime, run, amid) = lived().await;
    for cut in amid {
        let (second, bodies, end) = resolved(&runtime, run, cut, Resolution::value(&70u32).unwrap()).await;
        assert_eq!((end.as_str(), bodies.count()), ("70", 0));
        let of_task: Vec<_> =
            lines(&second).await.into_iter().filter(|line| line.starts_with("pays")).collect();
        assert_lines(
            &of_task,
            &[
                "pays Pending",
                "pays Running (1)",
                "pays Unknown (1): its process ended while the body ran, and it may not run again by itself; \
                 `orch::resolve` says what became of it",
                "pays Completed (1): a person gave the value",
            ],
        );
        // What was said is recorded.
        let third = crate::support::crashed(&second).provide(bodies.clone()).build();
        assert_eq!((third.resume::<String>(run).await.unwrap().as_str(), bodies.count()), ("70", 0));
    }
}

#[tokio::test]
async fn a_person_gives_the_error() {
    let (runtime, run, amid) = lived().await;
    for cut in amid {
        let (second, bodies, end) = resolved(&runtime, run, cut, Resolution::error("the bank refused")).await;
        assert!(end.starts_with("Failed: ") && end.ends_with(": the bank refused"), "{end}");
        assert_eq!(bodies.count(), 0);
        assert_eq!(ending(&lines(&second).await, "pays Failed (1): a person said: the bank refused"), 1);
        let third = crate::support::crashed(&second).provide(bodies.clone()).build();
        assert_eq!(third.resume::<String>(run).await.unwrap(), end);
    }
}

#[tokio::test]
async fn a_person_lets_it_run_again() {
    let (runtime, run, amid) = lived().await;
    for cut in amid {
        let (second, bodies, end) = resolved(&runtime, run, cut, Resolution::again()).await;
        assert_eq!((end.as_str(), bodies.count()), ("71", 1));
        let attempts = second.attempts(run, TaskNumber(0)).await.unwrap();
        let states: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.state)).collect();
        assert_eq!(states, [(1, TaskState::Unknown), (2, TaskState::Completed)]);

        // Wherever the second life is cut off in turn, the body runs once more or waits for a person once more.
        for cut in cut + 1..second.store().operations() {
            let bodies = Bodies::default();
            let third = second.fork(cut).provide(bodies.clone()).build();
            let state = tasks(&third, run).await[0].state;
            let waits = third.store().operations() > 0
                && matches!(state, TaskState::Unknown | TaskState::Running)
                && orch::store::Store::signals(third.store(), run, Page::all()).await.unwrap().is_empty();
            if waits {
                third.resolve(run, TaskNumber(0), Resolution::value(&1u32).unwrap()).await.unwrap();
            }
            let end = third.resume::<String>(run).await.unwrap();
            match (waits, state) {
                (true, _) => assert_eq!((end.as_str(), bodies.count()), ("1", 0), "cut {cut}"),
                (false, TaskState::Completed) => assert_eq!((end.as_str(), bodies.count()), ("71", 0)),
                (false, _) => assert_eq!((end.as_str(), bodies.count()), ("71", 1), "cut {cut}"),
            }
        }
    }
}

#[tokio::test]
async fn it_may_be_said_before_anybody_resumes_the_run_and_once() {
    let (runtime, run, amid) = lived().await;
    for cut in amid {
        let bodies = Bodies::default();
        let second = runtime.fork(cut).provide(bodies.clone()).build();
        second.resolve(run, TaskNumber(0), Resolution::value(&70u32).unwrap()).await.unwrap();
        let twice = second.resolve(run, TaskNumber(0), Resolution::again()).await.unwrap_err();
        assert!(twice.to_string().contains("said already"), "{twice}");
        assert_eq!(second.resume::<String>(run).await.unwrap(), "70");
        assert_eq!(bodies.count(), 0);
        let over = second.resolve(run, TaskNumber(0), Resolution::again()).await.unwrap_err();
        assert!(over.to_string().contains("is not to be resolved: it is Completed"), "{over}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_where_it_is_said_or_where_it_is_taken() {
    let (runtime, run, amid) = lived().await;
    let cut = amid[0];

    // The run is under way: whoever says it is told.
    let second = runtime.fork(cut).provide(Bodies::default()).build();
    let (end, ()) = tokio::join!(second.resume::<String>(run), async {
        until(&second, |lines| lines.iter().any(|line| line.starts_with("pays Unknown"))).await;
        let unfit = Resolution::value(&"seventy".to_owned()).unwrap();
        let error = second.resolve(run, TaskNumber(0), unfit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Output);
        for part in ["`pays`", "#0", "`alloc::string::String`", "u32"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        second.resolve(run, TaskNumber(0), Resolution::value(&70u32).unwrap()).await.unwrap();
    });
    assert_eq!(end.unwrap(), "70");

    // It is not: the one that resumes it tells, and waits on.
    let second = runtime.fork(cut).provide(Bodies::default()).build();
    let unfit = Resolution::value(&"seventy".to_owned()).unwrap();
    second.resolve(run, TaskNumber(0), unfit).await.unwrap();
    let (end, ()) = tokio::join!(second.resume::<String>(run), async {
        until(&second, |lines| lines.iter().any(|line| line.starts_with("Unresolved"))).await;
        second.resolve(run, TaskNumber(0), Resolution::value(&70u32).unwrap()).await.unwrap();
    });
    assert_eq!(end.unwrap(), "70");
    let lines = lines(&second).await;
    let told = lines.iter().find(|line| line.starts_with("Unresolved")).unwrap();
    assert!(told.contains("`alloc::string::String`") && told.contains("pays"), "{told}");
}

#[tokio::test]
async fn only_what_was_interrupted_is_resolved() {
    let (runtime, run, amid) = lived().await;
    let again = Resolution::again;
    let second = runtime.fork(amid[0]).provide(Bodies::default()).build();
    let text = second.resolve(run, TaskNumber(9), again()).await.unwrap_err().to_string();
    assert!(text.contains("task run #9") && text.contains("no such task run"), "{text}");
    let unknown = RunId::new();
    let text = second.resolve(unknown, TaskNumber(0), again()).await.unwrap_err().to_string();
    assert!(text.contains(&format!("run {unknown} is not in the store")), "{text}");

    // Its caller's own call was interrupted too, and runs again by itself.
    let last = *amid.last().unwrap();
    for cut in amid[0]..=last {
        let fork = runtime.fork(cut).provide(Bodies::default()).build();
        if let Some(inner) = tasks(&fork, run).await.get(1)
            && inner.state == TaskState::Running
        {
            let text = fork.resolve(run, inner.task, again()).await.unwrap_err().to_string();
            assert!(text.contains("is not `once`"), "{text}");
        }
    }

    // It runs here and now.
    #[task(once)]
    async fn stays() -> Result<u32, Error> {
        orch::signal("go").await
    }
    #[flow]
    async fn waits() -> Result<u32, Error> {
        stays().await
    }
    runtime
        .scope(async {
            let call = waits().start();
            let run = call.run().unwrap();
            until(&runtime, |lines| lines.iter().any(|line| line.ends_with("WaitingForSignal: `go`"))).await;
            let text = orch::resolve(run, TaskNumber(0), again()).await.unwrap_err().to_string();
            assert!(text.contains("its body runs in this process"), "{text}");
            runtime.send(run, "go", &3u32).await.unwrap();
            assert_eq!(call.await.unwrap(), 3);
            let text = runtime.resolve(run, TaskNumber(0), again()).await.unwrap_err().to_string();
            assert!(text.contains("it is Completed"), "{text}");
        })
        .await;
}

#[tokio::test]
async fn a_run_with_an_unknown_task_run_is_cancelled() {
    let (runtime, run, amid) = lived().await;
    let second = runtime.fork(amid[0]).provide(Bodies::default()).build();
    let (end, ()) = tokio::join!(second.resume::<String>(run), async {
        until(&second, |lines| lines.iter().any(|line| line.starts_with("pays Unknown"))).await;
        assert_eq!(second.run(run).await.unwrap().unwrap().counts.get(&TaskState::Unknown), Some(&1));
        assert!(second.cancel(run).await.unwrap());
    });
    assert_eq!(end.unwrap_err().kind(), ErrorKind::Cancelled);
    // The end of its run says nothing about what it did.
    assert_eq!(tasks(&second, run).await[0].state, TaskState::Unknown);
}

// Outside any flow, on a thread, and in two processes.

#[task(once)]
fn pays_on_a_thread(amount: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    amount
}

#[tokio::test]
async fn a_task_of_its_own_and_a_synchronous_body_are_no_exceptions() {
    #[flow]
    async fn shops_on_a_thread() -> Result<u32, Error> {
        pays_on_a_thread(7).await
    }
    for alone in [true, false] {
        let runtime = orch::testing::builder().provide(Bodies::default()).build();
        let paid = runtime
            .scope(async { if alone { pays_on_a_thread(7).await } else { shops_on_a_thread().await } })
            .await;
        assert_eq!(paid.unwrap(), 7);
        let run = runtime.last_run().await.unwrap().unwrap();
        let mut amid = 0;
        for cut in 1..runtime.store().operations() {
            let bodies = Bodies::default();
            let second = runtime.fork(cut).provide(bodies.clone()).build();
            if tasks(&second, run).await.first().is_none_or(|task| task.state != TaskState::Running) {
                continue;
            }
            amid += 1;
            second.resolve(run, TaskNumber(0), Resolution::value(&8u32).unwrap()).await.unwrap();
            assert_eq!(second.resume::<u32>(run).await.unwrap(), 8);
            assert_eq!(bodies.count(), 0);
        }
        assert!(amid > 0);
    }
}

#[task(once)]
async fn pays_and_halts(amount: u32, #[provided] bodies: &Bodies) -> Result<u32, Error> {
    bodies.enter();
    halts().await?;
    Ok(amount)
}

#[flow]
async fn is_halted() -> Result<u32, Error> {
    pays_and_halts(7).await
}

#[tokio::test]
async fn a_body_that_died_with_its_process_waits_for_a_person() {
    let test = "a_body_that_died_with_its_process_waits_for_a_person";
    let Some(process) = in_two_processes(module_path!(), test) else { return };
    match process.life {
        Life::First => process.end_amid([is_halted()]).await,
        Life::Second => {
            let run = process.interrupted("is_halted").await;
            let runtime = &process.runtime;
            let (end, ()) = tokio::join!(runtime.resume::<u32>(run), async {
                while tasks(runtime, run).await[0].state != TaskState::Unknown {
                    tokio::task::yield_now().await;
                }
                runtime.resolve(run, TaskNumber(0), Resolution::again()).await.unwrap();
            });
            assert_eq!((end.unwrap(), process.bodies.count()), (7, 1));
        }
    }
}

#[tokio::test]
async fn what_was_said_while_no_process_ran_it_is_taken_up() {
    let test = "what_was_said_while_no_process_ran_it_is_taken_up";
    let Some(process) = in_two_processes(module_path!(), test) else { return };
    match process.life {
        Life::First => process.end_amid([is_halted()]).await,
        Life::Second => {
            let run = process.interrupted("is_halted").await;
            let paid = Resolution::value(&8u32).unwrap();
            process.runtime.resolve(run, TaskNumber(0), paid).await.unwrap();
            assert_eq!(process.runtime.resume::<u32>(run).await.unwrap(), 8);
            assert_eq!(process.bodies.count(), 0);
        }
    }
}
