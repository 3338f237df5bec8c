//! Retries whose process ends.

use orch::{
    RunState,
    prelude::*,
    store::{Page, RunFilter},
};

use super::{depths, in_turn, tries_again};
use crate::support::{World, run_of};

/// Lets a flow fail, mends the world, and retries; then lets the process end after each operation of that retry. The next
/// one resumes, or retries where the first one had not come to that: nothing runs then that the retry had not to run.
async fn cut_in_every_retry(flow: impl Fn() -> Call<String, Flow>, broken: &[&str], retried: &[&str]) {
    let world = World::with_broken(broken);
    let runtime = world.runtime();
    runtime.scope(async { flow().await }).await.unwrap_err();
    let runs = runtime.runs(RunFilter::default(), Page::all()).await.unwrap();
    let run = runs.iter().find(|run| run.parent.is_none()).unwrap().id;
    let failed = runtime.store().operations();
    world.mend();
    world.ran();
    let expected = runtime.retry::<String>(run).await.unwrap();
    assert_eq!(world.ran_in_any_order(), retried);
    let (mut resumed, count) = (0, runs.len());
    for cut in failed..runtime.store().operations() {
        let second = world.in_runtime(runtime.fork(cut).with(|builder| builder.recover(false)));
        world.ran();
        let ended = match second.run(run).await.unwrap().unwrap().state {
            RunState::Failed => second.retry::<String>(run).await,
            _ => {
                resumed += 1;
                second.resume::<String>(run).await
            }
        };
        assert_eq!(ended.unwrap(), expected, "cut at {cut}");
        let ran = world.ran_in_any_order();
        assert!(ran.iter().all(|name| retried.contains(&&**name)), "cut at {cut}: {ran:?}");
        assert_eq!(second.runs(RunFilter::default(), Page::all()).await.unwrap().len(), count);
        let again = second.runs(RunFilter::default(), Page::all()).await.unwrap();
        assert!(again.iter().all(|run| run.state == RunState::Completed), "cut at {cut}: {again:#?}");
    }
    assert_eq!(resumed, runtime.store().operations() - failed - 1);
}

#[tokio::test]
async fn a_retry_that_is_cut_short_is_resumed() {
    cut_in_every_retry(in_turn, &["b"], &["b", "c"]).await;
    cut_in_every_retry(depths::of_tasks, &["part.2"], &["after", "part.2"]).await;
}

#[tokio::test]
async fn a_retry_that_is_cut_short_below_is_resumed() {
    cut_in_every_retry(depths::outer, &["m.2"], &["last", "m.2", "m.3"]).await;
}

#[tokio::test]
async fn a_retry_that_is_cut_short_in_a_flow_that_retries_itself_is_resumed() {
    #[flow(retries = 1)]
    async fn again() -> Result<String, Error> {
        Ok(depths::middle("m".into()).await? + &depths::middle("n".into()).await?)
    }
    cut_in_every_retry(again, &["n.2"], &["n.2", "n.3"]).await;
}

#[tokio::test]
async fn a_flows_own_retry_that_is_cut_short_finds_the_flow_that_failed() {
    let world = World::with_broken(&["m.2"]);
    let runtime = world.runtime();
    let expected = runtime.scope(async { tries_again().await }).await.unwrap();
    let all = world.ran_in_any_order();
    let run = run_of(&runtime, "::tries_again").await;
    for cut in 1..runtime.store().operations() {
        world.breaks(&["m.2"]);
        let second = world.in_runtime(runtime.fork(cut).with(|builder| builder.recover(false)));
        assert_eq!(second.resume::<String>(run).await.unwrap(), expected, "cut at {cut}");
        let runs = second.runs(RunFilter::default(), Page::all()).await.unwrap();
        assert!(runs.iter().all(|run| run.state == RunState::Completed), "cut at {cut}: {runs:#?}");
        assert!(world.ran_in_any_order().len() <= all.len(), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_run_that_crashed_goes_on_and_leaves_nothing_open() {
    let world = World::default();
    let runtime = world.runtime();
    let expected = runtime.scope(async { depths::outer().await }).await.unwrap();
    let run = run_of(&runtime, "::outer").await;
    let all = world.ran_in_any_order();
    for cut in 2..runtime.store().operations() {
        let builder = runtime.fork(cut).with(|builder| builder.max_deaths(1));
        let second = world.in_runtime(builder);
        let recovered = second.recover().await.unwrap();
        assert!(recovered.iter().all(|run| run.state == RunState::Crashed), "cut at {cut}: {recovered:#?}");
        world.ran();
        assert_eq!(second.retry::<String>(run).await.unwrap(), expected, "cut at {cut}");
        assert!(world.ran().iter().all(|name| all.contains(name)));
        for run in second.runs(RunFilter::default(), Page::all()).await.unwrap() {
            assert_eq!(run.state, RunState::Completed, "cut at {cut}: {run:#?}");
            assert!(run.counts.keys().all(|state| state.is_final()), "cut at {cut}: {run:#?}");
        }
    }
}

mod processes {
    use super::*;
    use crate::support::{Bodies, halts, in_two_processes};

    #[task]
    async fn counted(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n
    }

    /// Fails as the third body of its process.
    #[task]
    async fn third_fails(n: u32, #[provided] bodies: &Bodies) -> Result<u32, String> {
        if bodies.enter() == 2 { Err("the third body".into()) } else { Ok(n) }
    }

    #[flow]
    async fn below() -> Result<u32, Error> {
        let sum = counted(1).await? + third_fails(10).await?;
        halts().await?;
        Ok(sum + counted(100).await?)
    }

    #[flow]
    async fn above() -> Result<u32, Error> {
        Ok(counted(1_000).await? + below().await? + counted(10_000).await?)
    }

    #[tokio::test]
    async fn a_retry_whose_process_ended_is_taken_up_by_the_next() {
        let test = "a_retry_whose_process_ended_is_taken_up_by_the_next";
        let Some(process) = in_two_processes(module_path!(), test) else { return };
        if process.life == crate::support::Life::First {
            process.runtime.scope(async { above().await }).await.unwrap_err();
            let run = run_of(&process.runtime, "::above").await;
            process.end_amid([process.runtime.retry::<u32>(run)]).await;
        }
        process.runtime.recover().await.unwrap();
        assert_eq!(process.bodies.count(), 2);
        let (above, below) =
            (run_of(&process.runtime, "::above").await, run_of(&process.runtime, "::below").await);
        for run in [above, below] {
            let run = process.runtime.run(run).await.unwrap().unwrap();
            assert_eq!((run.state, run.attempt), (RunState::Completed, 2));
        }
    }

    #[tokio::test]
    async fn what_failed_in_one_process_is_retried_in_the_next() {
        let test = "what_failed_in_one_process_is_retried_in_the_next";
        let Some(process) = in_two_processes(module_path!(), test) else { return };
        if process.life == crate::support::Life::First {
            process.runtime.scope(async { above().await }).await.unwrap_err();
            process.end_amid([halts()]).await;
        }
        let run = run_of(&process.runtime, "::above").await;
        assert_eq!(process.runtime.retry::<u32>(run).await.unwrap(), 11_111);
        assert_eq!(process.bodies.count(), 3);
    }
}
