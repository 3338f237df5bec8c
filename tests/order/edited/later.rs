//! What comes after an edit: a flow that was edited, went on, was interrupted again and is taken up by the same code, keeps
//! the order of its second life, and may not differ from it.

use std::sync::Arc;

use orch::{prelude::*, testing::TestRuntime};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Ran, flows::a};

#[derive(Clone, Default)]
struct Gate(Arc<Notify>);

/// Which life of its run it is.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Life(u32);

#[task]
async fn comes_first(#[provided] gate: &Gate) {
    gate.0.notify_one();
}

#[task]
async fn comes_second(#[provided] gate: &Gate, #[provided] life: &Life) {
    // In a third life the other one may be recorded, and does not run.
    if life.0 == 2 {
        gate.0.notified().await;
    }
}

#[flow(name = "later::old")]
async fn old<const GENERIC: bool>() -> Result<Vec<Uuid>, Error> {
    a(1).await?;
    a(2).await?;
    Ok(Vec::new())
}

#[flow(name = "later::new", formerly = "later::old")]
async fn new() -> Result<Vec<Uuid>, Error> {
    a(2).await?;
    let early = async {
        comes_second().await?;
        Ok::<_, Error>(orch::uuid().await)
    };
    let late = async {
        // Replay has everything at hand meanwhile but the call that comes next.
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        comes_first().await?;
        Ok::<_, Error>(orch::uuid().await)
    };
    let (early, late) = tokio::try_join!(early, late)?;
    a(3).await?;
    Ok(vec![early, late])
}

/// Forks of a life of the old code, cut after each of its operations, with the run that they go on with.
async fn cut_short<T: 'static>(old: Call<T, Flow>) -> (Vec<TestRuntime>, orch::RunId) {
    let live = orch::testing::builder().provide(Ran::default()).provide(Life(1)).build();
    let _ = live.scope(old).await;
    let run = live.last_run().await.unwrap().unwrap();
    let fork = |cut| life(&live, cut, 2);
    ((1..live.store().operations()).map(fork).collect(), run)
}

fn life(before: &TestRuntime, cut: usize, number: u32) -> TestRuntime {
    before.fork(cut).provide(Ran::default()).provide(Gate::default()).provide(Life(number)).build()
}

#[tokio::test]
async fn it_keeps_the_order_that_the_edited_code_had() {
    let (second_lives, run) = cut_short(old::<true>()).await;
    for second in second_lives {
        let began = second.store().operations();
        let ids = second.resume::<Vec<Uuid>>(run).await.unwrap();
        let all = second.store().operations();
        for cut in began..all {
            let third = life(&second, cut, 3);
            let again = third.resume::<Vec<Uuid>>(run).await.unwrap();
            assert!(again[0] != ids[1] && again[1] != ids[0], "cut {cut} of {all}: the ids were swapped");
            if cut + 1 == all {
                assert_eq!(again, ids);
            }
        }
    }
}

#[flow(name = "later::changes_nothing")]
async fn asked_three<const GENERIC: bool>() -> Result<u32, Error> {
    a(3).await
}

#[flow(name = "later::changes", formerly = "later::changes_nothing")]
async fn asks_by_chance(#[provided] life: &Life) -> Result<u32, Error> {
    a(1).await?;
    if life.0 == 2 { a(4).await } else { a(5).await }
}

#[tokio::test]
async fn where_it_differs_from_its_second_life_it_stops() {
    let (second_lives, run) = cut_short(asked_three::<true>()).await;
    let mut stopped = 0;
    for second in second_lives {
        let began = second.store().operations();
        assert_eq!(second.resume::<u32>(run).await.unwrap(), 4);
        for cut in began..second.store().operations() {
            let third = life(&second, cut, 3);
            let recorded = super::recorded(&third, &[]).await.contains(&"a(4)".to_owned());
            match third.resume::<u32>(run).await {
                Ok(value) => assert_eq!((value, recorded), (5, false), "cut {cut}"),
                Err(error) => {
                    assert_eq!((error.kind(), recorded), (ErrorKind::Diverged, true), "cut {cut}: {error}");
                    assert!(error.to_string().contains("`4`"), "{error}");
                    stopped += 1;
                }
            }
        }
    }
    assert!(stopped > 0);
}
