//! The end of an inner body stands, its mark was cut off, and when the run is taken up again the body drops it on its way.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use orch::{prelude::*, testing::TestBuilder};

/// How often an inner body rests before it ends: it is slower when the run is taken up again.
#[derive(Default)]
struct Rests(AtomicU32);

impl Rests {
    async fn rest(&self) {
        for _ in 0..self.0.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

#[task]
async fn one(n: u32) -> u32 {
    n
}

/// The wait makes durable what stands before it: the end, and not the mark that says that it was dropped.
async fn leave(inner: impl Future) {
    tokio::select! {
        biased;
        _ = inner => {}
        () = orch::sleep(Duration::from_secs(9)) => {}
        () = async {} => {}
    }
}

#[flow]
async fn leaves_a_map(#[provided] rests: &Rests) -> Result<u32, Error> {
    leave(orch::map(0..1, |_| rests.rest())).await;
    one(1).await
}

#[flow]
async fn leaves_a_handle(#[provided] rests: &Rests) -> Result<u32, Error> {
    let times = rests.0.load(Ordering::SeqCst);
    let inner = orch::spawn(async move { Rests(times.into()).rest().await });
    orch::spawn(async move {
        leave(inner).await;
        one(1).await
    })
    .await?
}

async fn ends_after_every_cut(flow: fn() -> Call<u32, Flow>) {
    let slow = |builder: TestBuilder| builder.provide(Rests(50.into())).build();
    let live = orch::testing::builder().provide(Rests::default()).build();
    assert_eq!(live.scope(async { flow().await }).await.unwrap(), 1);
    let run = live.last_run().await.unwrap().unwrap();
    for cut in 1..live.store().operations() {
        let taken_up = slow(live.fork(cut));
        let ended = tokio::time::timeout(Duration::from_secs(20), taken_up.resume::<u32>(run)).await;
        let Ok(ended) = ended else {
            panic!("cut {cut}: it hangs after {:#?}", taken_up.event_lines().await.unwrap());
        };
        assert_eq!(ended.unwrap(), 1, "cut {cut}");
        // What it dropped now is dropped when it is taken up once more.
        for again in cut..taken_up.store().operations() {
            let ended = taken_up.fork(again).provide(Rests::default()).build().resume::<u32>(run).await;
            assert_eq!(ended.unwrap(), 1, "cut {cut}, then {again}");
        }
    }
}

#[tokio::test]
async fn a_map_is_dropped_before_it_ends_again() {
    ends_after_every_cut(leaves_a_map).await;
}

#[tokio::test]
async fn a_handle_of_another_body_is_dropped_before_it_arrives_again() {
    ends_after_every_cut(leaves_a_handle).await;
}
