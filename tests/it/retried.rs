//! Runs that ended without a value and are executed again: what runs, and what is reused.

mod cut_short;
mod ends;

use orch::{
    RunId, RunState,
    prelude::*,
    store::{Page, RunFilter},
};

use crate::support::{World, assert_lines, crashed, lines, run_of, work};

#[flow]
async fn in_turn() -> Result<String, Error> {
    Ok(work("a").await? + &work("b").await? + &work("c").await?)
}

#[tokio::test]
async fn what_failed_runs_again_and_what_succeeded_is_reused() {
    let world = World::with_broken(&["b"]);
    let runtime = world.runtime();
    runtime.scope(async { in_turn().await }).await.unwrap_err();
    assert_eq!(world.ran(), ["a", "b"]);
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "abc");
    assert_eq!(world.ran(), ["b", "c"]);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work Completed (1)",
            "work Pending",
            "work Running (1)",
            "work Failed (1): b is broken",
            "run Failed: `it::support::world::work` failed: b is broken",
            "run Pending (2)",
            "run Running (2)",
            "work Pending",
            "work Cached: reused from an earlier attempt",
            "work Pending",
            "work Running (1)",
            "work Completed (1)",
            "work Pending",
            "work Running (1)",
            "work Completed (1)",
            "run Completed (2)",
        ],
    );
    let ended = runtime.run(run).await.unwrap().unwrap();
    assert_eq!((ended.attempt, ended.error, ended.reason), (2, None, None));
}

#[tokio::test]
async fn a_retry_that_fails_is_retried() {
    let world = World::with_broken(&["b", "c"]);
    let runtime = world.runtime();
    runtime.scope(async { in_turn().await }).await.unwrap_err();
    let run = runtime.last_run().await.unwrap().unwrap();
    for (broken, ran) in [(&["b", "c"][..], &["a", "b"][..]), (&["c"], &["b", "c"]), (&[], &["c"])] {
        if broken.len() == 2 {
            assert_eq!(world.ran(), ran);
            continue;
        }
        world.mend();
        world.breaks(broken);
        let ended = runtime.retry::<String>(run).await;
        assert_eq!(ended.is_ok(), broken.is_empty(), "{ended:?}");
        assert_eq!(world.ran(), ran);
    }
    assert_eq!(runtime.run(run).await.unwrap().unwrap().attempt, 3);
}

#[tokio::test]
async fn the_default_runtime_of_a_scope_retries_too() {
    let world = World::with_broken(&["c"]);
    let runtime = world.runtime();
    runtime.scope(async { in_turn().await }).await.unwrap_err();
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.scope(async { orch::retry::<String>(run).await }).await.unwrap(), "abc");
}

mod depths {
    use super::*;

    #[task]
    pub async fn part(of: &str) -> Result<String, Error> {
        Ok(work(&format!("{of}.1")).await? + &work(&format!("{of}.2")).await?)
    }

    #[flow]
    pub async fn of_tasks() -> Result<String, Error> {
        Ok(work("before").await? + &part("part").await? + &work("after").await?)
    }

    #[flow]
    pub async fn inner(of: String) -> Result<String, Error> {
        Ok(work(&format!("{of}.1")).await? + &part(&of).await? + &work(&format!("{of}.3")).await?)
    }

    #[flow]
    pub async fn middle(of: String) -> Result<String, Error> {
        Ok(work(&format!("{of}/")).await? + &inner(of).await?)
    }

    #[flow]
    pub async fn outer() -> Result<String, Error> {
        Ok(work("first").await? + &middle("m".into()).await? + &work("last").await?)
    }
}

#[tokio::test]
async fn inside_a_task_that_failed_what_succeeded_is_reused() {
    let world = World::with_broken(&["part.2"]);
    let runtime = world.runtime();
    runtime.scope(async { depths::of_tasks().await }).await.unwrap_err();
    assert_eq!(world.ran(), ["before", "part.1", "part.2"]);
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "beforepart.1part.2after");
    assert_eq!(world.ran(), ["part.2", "after"]);
}

#[tokio::test]
async fn a_called_flow_that_failed_is_the_same_run_retried_at_every_depth() {
    let world = World::with_broken(&["m.2"]);
    let runtime = world.runtime();
    runtime.scope(async { depths::outer().await }).await.unwrap_err();
    assert_eq!(world.ran(), ["first", "m/", "m.1", "m.1", "m.2"]);
    world.mend();
    let run = run_of(&runtime, "::outer").await;
    let below = [run_of(&runtime, "::middle").await, run_of(&runtime, "::inner").await];
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "firstm/m.1m.1m.2m.3last");
    assert_eq!(world.ran(), ["m.2", "m.3", "last"]);
    assert_eq!(runtime.runs(RunFilter::default(), Page::all()).await.unwrap().len(), 3);
    for run in below {
        let run = runtime.run(run).await.unwrap().unwrap();
        assert_eq!((run.state, run.attempt), (RunState::Completed, 2));
    }
    let called = runtime.task_runs(run, Page::all()).await.unwrap();
    let called: Vec<_> = called.iter().filter_map(|task| task.child).collect();
    assert_eq!(called, [below[0], below[0]], "both task runs name the one run");
}

#[tokio::test]
async fn the_error_of_a_called_flow_names_its_run() {
    #[flow]
    async fn tells() -> Result<Option<RunId>, Error> {
        Ok(depths::inner("x".into()).await.unwrap_err().run())
    }
    let world = World::with_broken(&["x.2"]);
    let runtime = world.runtime();
    let told = runtime.scope(async { tells().await }).await.unwrap();
    assert_eq!(told, Some(run_of(&runtime, "::inner").await));
    let run = run_of(&runtime, "::tells").await;
    let again = crashed(&runtime).provide(world.clone()).build();
    assert_eq!(again.resume::<Option<RunId>>(run).await.unwrap(), told, "and so does the recorded one");
}

#[flow(retries = 2)]
async fn tries_again(#[provided] world: &World) -> Result<String, Error> {
    let nth = orch::ctx().attempt();
    if nth == 3 {
        world.mend();
    }
    Ok(depths::middle("m".into()).await? + &work("last").await?)
}

#[tokio::test]
async fn a_flows_own_retry_finds_the_flow_that_failed() {
    let world = World::with_broken(&["m.2"]);
    let runtime = world.runtime();
    assert_eq!(runtime.scope(async { tries_again().await }).await.unwrap(), "m/m.1m.1m.2m.3last");
    assert_eq!(world.ran(), ["m/", "m.1", "m.1", "m.2", "m.2", "m.2", "m.3", "last"]);
    assert_eq!(runtime.runs(RunFilter::default(), Page::all()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_retry_gives_all_attempts_again() {
    #[flow(retries = 1)]
    async fn twice() -> Result<String, Error> {
        work("a").await
    }
    let world = World::with_broken(&["a"]);
    let runtime = world.runtime();
    runtime.scope(async { twice().await }).await.unwrap_err();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(world.ran(), ["a", "a"]);
    let error = runtime.retry::<String>(run).await.unwrap_err();
    assert_eq!((world.ran(), error.attempt()), (vec!["a".to_owned(), "a".to_owned()], Some(4)));
}

#[tokio::test]
async fn of_a_map_the_item_that_failed_runs_again() {
    #[flow]
    async fn maps() -> Result<usize, Error> {
        let names = ["a", "b", "c"];
        let done = orch::map(names, |name| async move {
            let one = work(&format!("{name}1")).await?;
            Ok::<_, Error>(one + &work(&format!("{name}2")).await?)
        });
        Ok(done.await.into_iter().collect::<Result<Vec<_>, _>>()?.len())
    }
    let world = World::with_broken(&["b2"]);
    let runtime = world.runtime();
    runtime.scope(async { maps().await }).await.unwrap_err();
    assert_eq!(world.ran_in_any_order(), ["a1", "a2", "b1", "b2", "c1", "c2"]);
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.retry::<usize>(run).await.unwrap(), 3);
    assert_eq!(world.ran(), ["b2"]);
}

#[tokio::test]
async fn of_a_join_the_side_that_failed_runs_again() {
    #[flow]
    async fn joins() -> Result<String, Error> {
        let branch = orch::spawn(async { work("branch").await });
        let (a, b, c) = tokio::join!(depths::inner("a".into()), depths::inner("b".into()), branch);
        Ok(a? + &b? + &c??)
    }
    let world = World::with_broken(&["b.2"]);
    let runtime = world.runtime();
    runtime.scope(async { joins().await }).await.unwrap_err();
    let ran = ["a.1", "a.1", "a.2", "a.3", "b.1", "b.1", "b.2", "branch"];
    assert_eq!(world.ran_in_any_order(), ran);
    world.mend();
    let run = run_of(&runtime, "::joins").await;
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "a.1a.1a.2a.3b.1b.1b.2b.3branch");
    assert_eq!(world.ran(), ["b.2", "b.3"]);
}

#[tokio::test]
async fn an_error_that_was_caught_is_void_too() {
    #[flow]
    async fn catches() -> Result<String, Error> {
        let first = work("first").await.unwrap_or_else(|_| "instead".into());
        Ok(first + &work("second").await?)
    }
    let world = World::with_broken(&["first", "second"]);
    let runtime = world.runtime();
    runtime.scope(async { catches().await }).await.unwrap_err();
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "firstsecond");
}

#[tokio::test]
async fn a_cached_result_is_reused_from_the_run_and_not_looked_up() {
    #[task(cache)]
    async fn kept(#[provided] world: &World) -> Result<String, String> {
        world.enter("kept").map(|()| "kept".to_owned())
    }
    #[flow]
    async fn caches() -> Result<String, Error> {
        Ok(kept().await? + &work("after").await?)
    }
    let world = World::with_broken(&["after"]);
    let runtime = world.runtime();
    runtime.scope(async { caches().await }).await.unwrap_err();
    runtime.cache().clear().await.unwrap();
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "keptafter");
    assert_eq!(world.ran(), ["kept", "after", "after"]);
}

#[tokio::test]
async fn what_is_asked_of_orch_stays_what_it_was() {
    #[flow]
    async fn asks() -> Result<String, Error> {
        let (id, at) = (orch::uuid().await, orch::now().await);
        work(&format!("{id} {at:?}")).await?;
        work("last").await?;
        Ok(id.to_string())
    }
    let world = World::with_broken(&["last"]);
    let runtime = world.runtime();
    runtime.scope(async { asks().await }).await.unwrap_err();
    let first = world.ran();
    world.mend();
    let run = runtime.last_run().await.unwrap().unwrap();
    let id = runtime.retry::<String>(run).await.unwrap();
    assert!(first[0].starts_with(&id));
    assert_eq!(world.ran(), ["last"]);
}

/// The key under which a service would know the request again.
#[task]
async fn pays(#[provided] world: &World) -> Result<String, String> {
    let key = orch::idempotency_key().map_err(|error| error.to_string())?.to_string();
    let _ = world.enter(&key);
    world.enter("pays").map(|()| key)
}

#[flow]
async fn buys() -> Result<String, Error> {
    pays().await
}

#[flow]
async fn has_bought() -> Result<String, Error> {
    buys().await
}

#[tokio::test]
async fn the_idempotency_key_stays_the_same() {
    let world = World::with_broken(&["pays"]);
    let runtime = world.runtime();
    runtime.scope(async { has_bought().await }).await.unwrap_err();
    let first = world.ran();
    world.mend();
    let run = run_of(&runtime, "::has_bought").await;
    let key = runtime.retry::<String>(run).await.unwrap();
    assert_eq!(first, [&*key, "pays"]);
    assert_eq!(world.ran(), [&*key, "pays"]);
}

#[tokio::test]
async fn a_task_outside_any_flow_is_retried() {
    let world = World::with_broken(&["alone"]);
    let runtime = world.runtime();
    runtime.scope(async { depths::part("alone").await }).await.unwrap();
    world.breaks(&["alone.2"]);
    runtime.scope(async { depths::part("alone").await }).await.unwrap_err();
    let run = runtime.last_run().await.unwrap().unwrap();
    world.mend();
    world.ran();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "alone.1alone.2");
    assert_eq!(world.ran(), ["alone.2"]);
}

#[tokio::test]
async fn a_flow_that_was_called_with_an_id_is_retried_by_the_run_that_made_it() {
    #[flow]
    async fn own() -> Result<String, Error> {
        depths::inner("x".into()).id("x").await
    }
    #[flow]
    async fn others() -> Result<String, Error> {
        depths::inner("x".into()).id("x").await
    }
    let world = World::with_broken(&["x.2"]);
    let runtime = world.runtime();
    runtime.scope(async { own().await }).await.unwrap_err();
    runtime.scope(async { others().await }).await.unwrap_err();
    world.mend();
    world.ran();
    let (own, others) = (run_of(&runtime, "::own").await, run_of(&runtime, "::others").await);
    runtime.retry::<String>(others).await.expect_err("what it attaches to has failed");
    assert!(world.ran().is_empty());
    let done = runtime.retry::<String>(own).await.unwrap();
    assert_eq!(world.ran(), ["x.2", "x.3"]);
    assert_eq!(runtime.retry::<String>(others).await.unwrap(), done);
    assert!(world.ran().is_empty());
}
