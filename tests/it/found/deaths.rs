use super::*;

/// Lets seven processes die one after the other, each when it has come as far as `reached` says; ends earlier with one in
/// which the run has ended.
async fn lives(
    first: TestRuntime,
    run: RunId,
    provide: impl Fn(TestBuilder, u32) -> TestBuilder,
    reached: impl Fn(&TestRuntime, &[String], usize) -> bool,
) -> TestRuntime {
    let mut life = first;
    for n in 1..8 {
        let next = life.fork(life.store().operations());
        let next = provide(next.with(|builder| builder.recover(true).max_deaths(3)), n).build();
        while !reached(&next, &lines(&next).await, n as usize) && !state(&next, run).await.is_final() {
            tokio::task::yield_now().await;
        }
        life = next;
        if state(&life, run).await.is_final() {
            break;
        }
    }
    life
}

/// How many lines begin like this.
fn beginning(lines: &[String], with: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(with)).count()
}

/// What the flow's own body has recorded, and how often it has said that it waits.
fn of_body(runtime: &TestRuntime, run: RunId) -> (usize, usize) {
    let journal = runtime.store().journal(run, orch::ScopeId::ROOT).now_or_never().unwrap().unwrap();
    (journal.records.len(), journal.begun.len())
}

#[tokio::test]
async fn a_run_that_waits_for_a_signal_is_not_given_up() {
    #[flow]
    async fn approval() -> Result<u32, Error> {
        orch::signal::<u32>("go").await
    }
    let first = orch::testing::builder().real_clock().build();
    let call = first.scope(async { approval().start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| lines.iter().any(|line| line.starts_with("WaitingForSignal"))).await;
    let last =
        lives(first, run, |builder, _| builder, |_, lines, n| beginning(lines, "WaitingForSignal") > n).await;
    assert_eq!(state(&last, run).await, RunState::Running, "{:#?}", lines(&last).await);
}

#[tokio::test]
async fn a_run_that_waits_for_a_person_is_not_given_up() {
    let (first, _) = live(orch::testing::builder().real_clock(), Life::First);
    let call = first.scope(async { shops().start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| lines.iter().any(|line| line == "pays Running (1)")).await;
    let first =
        first.fork(first.store().operations()).provide(Bodies::default()).provide(Life::Second).build();
    let asked = |lines: &[String]| beginning(lines, "pays Unknown") + beginning(lines, "Unresolved");
    let provide = |builder: TestBuilder, _| builder.provide(Bodies::default()).provide(Life::Second);
    let last = lives(first, run, provide, |_, lines, n| asked(lines) >= n).await;
    assert_eq!(state(&last, run).await, RunState::Running, "{:#?}", lines(&last).await);
}

#[tokio::test]
async fn a_run_whose_called_flow_only_waits_is_not_given_up() {
    #[flow]
    async fn week() -> Result<(), Error> {
        orch::sleep(SECOND * 600_000).await;
        Ok(())
    }
    #[flow]
    async fn calls_week() -> Result<(), Error> {
        week().await
    }
    let first = orch::testing::builder().real_clock().build();
    let call = first.scope(async { calls_week().start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| beginning(lines, "#2 run Running") > 0).await;
    let child = crate::support::run_of(&first, "::week").await;
    while of_body(&first, child).1 == 0 {
        tokio::task::yield_now().await;
    }
    let last = lives(first, run, |builder, _| builder, |life, _, n| of_body(life, child).1 > n).await;
    assert_eq!(state(&last, run).await, RunState::Running, "{:#?}", lines(&last).await);
}

#[derive(Clone, Copy)]
struct Allowed(u32);

#[tokio::test]
async fn a_run_whose_called_flow_makes_headway_is_not_given_up() {
    #[task]
    async fn part(n: u32, #[provided] allowed: &Allowed) {
        if n >= allowed.0 {
            std::future::pending::<()>().await;
        }
    }
    #[flow]
    async fn parts() -> Result<(), Error> {
        for n in 0..100 {
            part(n).await?;
        }
        Ok(())
    }
    #[flow]
    async fn calls_parts() -> Result<(), Error> {
        parts().await
    }
    let first = orch::testing::builder().provide(Allowed(1)).build();
    let call = first.scope(async { calls_parts().start() }).await;
    let run = call.run().unwrap();
    until(&first, |lines| beginning(lines, "#2 part Completed") > 0).await;
    let provide = |builder: TestBuilder, n| builder.provide(Allowed(n * 3));
    let last = lives(first, run, provide, |_, lines, n| beginning(lines, "#2 part Completed") >= n * 3).await;
    assert_eq!(state(&last, run).await, RunState::Running, "{:#?}", lines(&last).await);
}

#[tokio::test]
async fn a_run_that_waited_once_is_given_up_when_its_body_is_deadly() {
    #[flow]
    async fn body_is_deadly(#[provided] gate: &Gate) -> Result<(), Error> {
        orch::sleep(SECOND).await;
        orch::now().await;
        gate.passed().await;
        Ok(())
    }
    let (_opener, gate) = gate();
    let first = orch::testing::builder().provide(gate.clone()).build();
    let call = first.scope(async { body_is_deadly().start() }).await;
    let run = call.run().unwrap();
    while of_body(&first, run).0 < 2 {
        tokio::task::yield_now().await;
    }
    let provide = |builder: TestBuilder, _| builder.provide(gate.clone());
    let last = lives(first, run, provide, |_, lines, n| beginning(lines, "run Running") > n).await;
    assert_eq!(state(&last, run).await, RunState::Crashed, "{:#?}", lines(&last).await);
}
