//! Replay sees what life saw: programs whose branches race, cut after every commit and replayed many times.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests, which use bare timers on purpose and say what they tried"
)]

mod divergence;
mod edited;
mod ends;
mod harness;
mod programs;
mod rules;
mod verified;

use std::time::Duration;

use harness::{Plan, Report, cut_everywhere};

fn passes(name: &str, report: &Report) {
    println!("{name}: {} cuts, {} replays", report.cuts, report.replays);
    assert_eq!(report.faults(), 0, "{name}: {report:?}");
    assert!(report.cuts > 3, "{name} was hardly cut: {report:?}");
}

macro_rules! programs {
    ($($name:ident $(= $plan:expr)?;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            #[allow(unused_mut, unused_assignments)]
            let mut plan = Plan::default();
            $(plan = $plan;)?
            let report = cut_everywhere(plan, || async { programs::$name().await }).await;
            passes(stringify!($name), &report);
        }
    )*};
}

programs! {
    ids_feed_a_charge;
    steps_in_futures_unordered;
    loser_is_awaited_later;
    two_hits_race;
    in_flight_then_a_hit = warm();
    bare_awaits_beside_a_call;
    dropped_losers;
    bare_timer_gives_up;
    handle_awaited_elsewhere;
    map_in_map;
    spawned_branches;
    handles_race_in_select;
    budget_is_spent;
    subflows_race;
    retries_with_backoff;
    flow_retry;
    thousand_in_join_all = thousand();
}

/// Another run fills the cache between the cut and the replay.
fn warm() -> Plan {
    let warm_up: fn() -> harness::WarmUp = || Box::pin(async { drop(programs::price(7).await) });
    Plan { warm_up: Some(warm_up), ..Plan::default() }
}

/// All cuts of a thousand calls, a hundred times each, is a hundred million outcomes: `ORCH_ORDER_STRIDE=1` (and
/// `--release`) replays them all, a larger number every n-th cut. Without it, every 67th cut is replayed ten times.
/// A hundred replays at once take seconds, and longer on a machine that has other things to do: that is no hang.
fn thousand() -> Plan {
    let limit = Duration::from_secs(120);
    match std::env::var("ORCH_ORDER_STRIDE").ok().and_then(|stride| stride.parse().ok()) {
        Some(stride) => Plan { stride, limit, ..Plan::default() },
        None => Plan { stride: 67, replays: 10, limit, ..Plan::default() },
    }
}
