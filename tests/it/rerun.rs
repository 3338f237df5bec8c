//! Runs that are executed anew, as runs of their own: what runs, what is reused, and what is said of mistakes.

use orch::{
    RunId, RunState, TaskState, idempotency_key,
    prelude::*,
    store::{Page, Run, RunFilter, Trigger},
    testing::TestRuntime,
};

use crate::support::{World, lines, run_of, work};

async fn run(runtime: &TestRuntime, id: RunId) -> Run {
    runtime.run(id).await.unwrap().unwrap()
}

/// The states of a run's task runs, by name.
async fn tasks(runtime: &TestRuntime, id: RunId) -> Vec<(String, TaskState)> {
    let tasks = runtime.task_runs(id, Page::all()).await.unwrap();
    let short = |name: &str| name.rsplit("::").next().unwrap().to_owned();
    tasks.iter().map(|task| (short(&task.name), task.state)).collect()
}

async fn count(runtime: &TestRuntime) -> usize {
    runtime.runs(RunFilter::default(), Page::all()).await.unwrap().len()
}

#[task]
async fn extract(url: &str, #[provided] world: &World) -> Result<String, String> {
    world.enter(&format!("extract {url}"))?;
    Ok(format!("<{url}>"))
}

#[task]
async fn transform(page: &str, factor: u32, #[provided] world: &World) -> Result<String, String> {
    world.enter(&format!("transform {page} {factor}"))?;
    Ok(format!("{page}*{factor}"))
}

#[task]
async fn load(rows: &str, #[provided] world: &World) -> Result<String, String> {
    world.enter("load")?;
    Ok(format!("loaded {rows}"))
}

#[flow]
async fn etl(url: String, factor: u32) -> Result<String, Error> {
    let page = extract(&url).await?;
    let rows = transform(&page, factor).await?;
    load(&rows).await
}

async fn lived(world: &World) -> (TestRuntime, RunId) {
    let runtime = world.runtime();
    runtime.scope(async { etl("a".into(), 2).named("nightly").tag("slow").await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    world.ran();
    (runtime, run)
}

#[tokio::test]
async fn without_more_everything_runs_again_in_a_run_of_its_own() {
    let world = World::default();
    let (runtime, first) = lived(&world).await;
    assert_eq!(runtime.rerun::<String>(first).await.unwrap(), "loaded <a>*2");
    assert_eq!(world.ran(), ["extract a", "transform <a> 2", "load"]);
    let second = run(&runtime, runtime.last_run().await.unwrap().unwrap()).await;
    assert_ne!(second.id, first);
    assert_eq!((second.trigger, second.reruns.unwrap().run), (Trigger::Rerun, first));
    assert_eq!((second.label.as_deref(), &*second.tags), (Some("nightly"), &["slow".into()][..]));
    let before = run(&runtime, first).await;
    assert_eq!((before.state, before.attempt, before.reruns), (RunState::Completed, 1, None));
}

#[tokio::test]
async fn from_a_task_on_what_lies_before_is_reused() {
    let world = World::default();
    let (runtime, first) = lived(&world).await;
    let full = format!("{}::transform", module_path!());
    for (task, ran) in [
        ("load", &["load"][..]),
        ("transform", &["transform <a> 2", "load"]),
        (&full, &["transform <a> 2", "load"]),
    ] {
        assert_eq!(runtime.rerun::<String>(first).from(task).await.unwrap(), "loaded <a>*2");
        assert_eq!(world.ran(), ran, "from {task}");
    }
    let last = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(
        tasks(&runtime, last).await,
        [
            ("extract".to_owned(), TaskState::Cached),
            ("transform".to_owned(), TaskState::Completed),
            ("load".to_owned(), TaskState::Completed)
        ]
    );
    let cached =
        lines(&runtime).await.into_iter().find(|line| line.starts_with("#4 extract Cached")).unwrap();
    assert_eq!(cached, "#4 extract Cached: reused from run #1");
}

#[tokio::test]
async fn another_argument_runs_what_depends_on_it() {
    let world = World::default();
    let (runtime, first) = lived(&world).await;
    let rerun = || runtime.rerun::<String>(first).from("load");
    assert_eq!(rerun().set("factor", 3u32).await.unwrap(), "loaded <a>*3");
    assert_eq!(world.ran(), ["transform <a> 3", "load"], "the page is what it was");
    assert_eq!(rerun().set("url", "b").await.unwrap(), "loaded <b>*2");
    assert_eq!(world.ran(), ["extract b", "transform <b> 2", "load"]);
    assert_eq!(rerun().set("url", "c".to_owned()).set("factor", 4u32).await.unwrap(), "loaded <c>*4");
    // A rerun of a rerun has the arguments of that.
    let last = runtime.last_run().await.unwrap().unwrap();
    world.ran();
    assert_eq!(runtime.rerun::<String>(last).from("load").await.unwrap(), "loaded <c>*4");
    assert_eq!(world.ran(), ["load"]);
}

#[tokio::test]
async fn mistakes_say_what_there_is() {
    let world = World::default();
    let (runtime, first) = lived(&world).await;
    let rerun = || runtime.rerun::<String>(first);
    let text = |result: Result<String, Error>| result.unwrap_err().to_string();
    let unknown_task = text(rerun().from("transfrom").await);
    for part in
        ["did not call a task `transfrom`", "::extract`", "::load`", "::transform`", &first.to_string()]
    {
        assert!(unknown_task.contains(part), "{unknown_task}");
    }
    let unknown_parameter = text(rerun().set("budget", 1u32).await);
    assert!(
        unknown_parameter.contains("has no parameter `budget`; there are `url`, `factor`"),
        "{unknown_parameter}"
    );
    let type_differs = text(rerun().set("factor", 3).await);
    assert!(
        type_differs.contains("the parameter `factor` is a `u32`, and a `i32` was given"),
        "{type_differs}"
    );
    let output = runtime.rerun::<u32>(first).await.unwrap_err().to_string();
    assert!(output.contains("its output is no `u32`"), "{output}");
    let unknown = text(runtime.rerun(RunId::new()).await);
    assert!(unknown.contains("is not in the store"), "{unknown}");
    assert_eq!(count(&runtime).await, 1, "none of them made a run");
}

#[tokio::test]
async fn a_call_can_be_chosen_for_and_started() {
    let world = World::default();
    let (runtime, first) = lived(&world).await;
    let call = runtime.scope(async { orch::rerun::<String>(first).from("load").call().await }).await.unwrap();
    let handle = call.named("second thoughts").start();
    let second = handle.run().unwrap();
    assert_eq!(handle.await.unwrap(), "loaded <a>*2");
    assert_eq!(run(&runtime, second).await.label.as_deref(), Some("second thoughts"));
    assert_eq!(world.ran(), ["load"]);
}

#[tokio::test]
async fn a_run_that_failed_is_executed_anew_too() {
    let world = World::with_broken(&["load"]);
    let runtime = world.runtime();
    runtime.scope(async { etl("a".into(), 2).await }).await.unwrap_err();
    world.mend();
    world.ran();
    let first = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.rerun::<String>(first).from("load").await.unwrap(), "loaded <a>*2");
    assert_eq!(world.ran(), ["load"]);
    assert_eq!(run(&runtime, first).await.state, RunState::Failed);
}

#[tokio::test]
async fn a_rerun_that_failed_is_retried_and_still_reuses() {
    let world = World::default();
    let (runtime, first) = lived(&world).await;
    world.breaks(&["load"]);
    runtime.rerun::<String>(first).from("load").await.unwrap_err();
    let second = runtime.last_run().await.unwrap().unwrap();
    world.mend();
    world.ran();
    assert_eq!(runtime.retry::<String>(second).await.unwrap(), "loaded <a>*2");
    assert_eq!(world.ran(), ["load"]);
}

mod depths {
    use super::*;

    #[task]
    pub async fn part(of: &str) -> Result<String, Error> {
        Ok(work(&format!("{of}.1")).await? + &deep(of).await? + &work(&format!("{of}.3")).await?)
    }

    #[task]
    pub async fn deep(of: &str, #[provided] world: &World) -> Result<String, String> {
        world.enter(&format!("{of} deep"))?;
        Ok("deep".to_owned())
    }

    #[flow]
    pub async fn inner(of: String) -> Result<String, Error> {
        Ok(work(&format!("{of}>1")).await? + &part(&of).await?)
    }

    #[flow]
    pub async fn outer() -> Result<String, Error> {
        let first = work("first").await? + &inner("m".into()).await?;
        Ok(first + &inner("n".into()).await? + &work("last").await?)
    }
}

#[tokio::test]
async fn inside_called_flows_and_tasks_what_lies_before_is_reused() {
    let world = World::default();
    let runtime = world.runtime();
    let expected = runtime.scope(async { depths::outer().await }).await.unwrap();
    let all = ["first", "m>1", "m.1", "m deep", "m.3", "n>1", "n.1", "n deep", "n.3", "last"];
    assert_eq!(world.ran(), all);
    let first = run_of(&runtime, "::outer").await;
    for (from, ran) in
        [("deep", &all[3..]), ("part", &all[2..]), ("inner", &all[1..]), ("outer_unknown", &[])]
    {
        let ended = runtime.rerun::<String>(first).from(from).await;
        assert_eq!(world.ran(), ran, "from {from}");
        if !ran.is_empty() {
            assert_eq!(ended.unwrap(), expected);
        }
    }
    // The runs of called flows tell where they come from as well, and are made anew.
    let runs = runtime.runs(RunFilter::default(), Page::all()).await.unwrap();
    let reruns = runs.iter().filter(|run| run.reruns.is_some());
    let lineage: Vec<_> = reruns.map(|run| run.name.rsplit("::").next().unwrap()).collect();
    assert_eq!(lineage, ["inner", "outer", "inner", "outer", "inner", "outer"]);
}

#[tokio::test]
async fn a_rerun_of_a_rerun_reuses_at_every_depth() {
    let world = World::default();
    let runtime = world.runtime();
    runtime.scope(async { depths::outer().await }).await.unwrap();
    let first = run_of(&runtime, "::outer").await;
    let handle = runtime.rerun::<String>(first).from("deep").call().await.unwrap().start();
    let second = handle.run().unwrap();
    handle.await.unwrap();
    world.ran();
    let again = runtime.rerun::<String>(second).from("deep").call().await.unwrap().start();
    let third = again.run().unwrap();
    again.await.unwrap();
    assert_eq!(world.ran(), ["m deep", "m.3", "n>1", "n.1", "n deep", "n.3", "last"]);
    let reruns = run(&runtime, third).await.reruns.unwrap();
    assert_eq!((reruns.run, reruns.keys), (second, first));
}

#[tokio::test]
async fn what_was_under_way_beside_the_task_is_reused_where_it_was_recorded() {
    #[flow]
    async fn side(name: String) -> Result<String, Error> {
        Ok(work(&format!("{name}1")).await? + &work(&format!("{name}2")).await?)
    }
    #[flow]
    async fn beside() -> Result<String, Error> {
        let id = orch::uuid().await;
        let names = ["a", "b"];
        let mapped = orch::map(names, |name| async move {
            let one = work(&format!("{name}1")).await?;
            Ok::<_, Error>(one + &load(name).await?)
        });
        let mapped: Vec<_> = mapped.await.into_iter().collect::<Result<_, _>>()?;
        let (x, y) = tokio::join!(side("x".into()), side("y".into()));
        Ok(format!("{id} {mapped:?} {} {}", x?, y?))
    }
    let world = World::default();
    let runtime = world.runtime();
    let expected = runtime.scope(async { beside().await }).await.unwrap();
    world.ran();
    let first = run_of(&runtime, "::beside").await;
    assert_eq!(runtime.rerun::<String>(first).from("side").await.unwrap(), expected);
    assert_eq!(world.ran_in_any_order(), ["x1", "x2", "y1", "y2"]);
    let from_load = runtime.rerun::<String>(first).from("load").await.unwrap();
    assert_eq!(from_load, expected, "the id was asked for before");
    let ran = world.ran_in_any_order();
    assert_eq!(ran.iter().filter(|name| **name == "load").count(), 2);
    assert!(!ran.contains(&"a1".to_owned()), "{ran:?}");
    assert_eq!(ran[ran.len() - 4..], ["x1", "x2", "y1", "y2"]);
}

#[tokio::test]
async fn the_idempotency_key_is_another_one() {
    #[task]
    async fn pays() -> Result<String, Error> {
        Ok(idempotency_key()?.to_string())
    }
    #[flow]
    async fn buys() -> Result<String, Error> {
        let key = pays().await?;
        work("ships").await?;
        Ok(key)
    }
    let world = World::default();
    let runtime = world.runtime();
    let key = runtime.scope(async { buys().await }).await.unwrap();
    let first = runtime.last_run().await.unwrap().unwrap();
    assert_ne!(runtime.rerun::<String>(first).await.unwrap(), key, "it is to be paid again");
    assert_eq!(runtime.rerun::<String>(first).from("work").await.unwrap(), key, "it was paid");
}

#[tokio::test]
async fn a_task_outside_any_flow_is_executed_anew() {
    let world = World::default();
    let runtime = world.runtime();
    runtime.scope(async { extract("a").await }).await.unwrap();
    let first = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.rerun::<String>(first).set("url", "b").await.unwrap(), "<b>");
    assert_eq!(world.ran(), ["extract a", "extract b"]);
}

#[tokio::test]
async fn a_rerun_that_is_cut_short_is_resumed() {
    let world = World::default();
    let runtime = world.runtime();
    let expected = runtime.scope(async { depths::outer().await }).await.unwrap();
    let first = run_of(&runtime, "::outer").await;
    let before = runtime.store().operations();
    world.ran();
    let handle = runtime.rerun::<String>(first).from("deep").call().await.unwrap().start();
    let second = handle.run().unwrap();
    handle.await.unwrap();
    let all = world.ran();
    for cut in before + 1..runtime.store().operations() {
        let next = world.in_runtime(runtime.fork(cut).with(|builder| builder.recover(false)));
        assert_eq!(next.resume::<String>(second).await.unwrap(), expected, "cut at {cut}");
        let ran = world.ran();
        assert!(ran.iter().all(|name| all.contains(name)), "cut at {cut}: {ran:?}");
    }
}
