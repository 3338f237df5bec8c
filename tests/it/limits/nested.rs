//! Random programs of tasks that hold permits and call what needs more: each of them comes to an end.

use std::time::Duration;

use futures_util::future::join_all;
use orch::prelude::*;
use serde::{Deserialize, Serialize};

use super::seeds;

/// A task, by what it takes, and what it calls: group after group, the calls of a group at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Plan {
    takes: u8,
    starts: bool,
    groups: Vec<Vec<Plan>>,
}

fn plan(random: &mut fastrand::Rng, depth: u32) -> Plan {
    let groups = if depth == 0 { 0 } else { random.usize(0..3) };
    let mut group = |_| (0..random.usize(1..=3)).map(|_| plan(random, depth - 1)).collect();
    let groups = (0..groups).map(&mut group).collect();
    Plan { takes: random.u8(0..6), starts: random.bool(), groups }
}

async fn carry_out(plan: Plan) -> Result<u32, Error> {
    let mut ended = 1;
    for group in plan.groups {
        let calls = group.into_iter().map(call);
        let ends = if plan.starts {
            let handles: Vec<_> = calls.map(Call::start).collect();
            join_all(handles).await
        } else {
            join_all(calls).await
        };
        for end in ends {
            ended += match end {
                Ok(ended) => ended,
                // Refused because of a circle, and only for that.
                Err(error) if error.kind() == ErrorKind::Limit => 0,
                Err(error) => return Err(error),
            };
        }
    }
    Ok(ended)
}

fn call(plan: Plan) -> Call<u32> {
    match plan.takes {
        0 => nothing(plan),
        1 => of_a(plan),
        2 => of_b(plan),
        3 => two_of_c(plan),
        4 => a_and_c(plan),
        _ => b_and_d(plan),
    }
}

#[task]
async fn nothing(plan: Plan) -> Result<u32, Error> {
    carry_out(plan).await
}

#[task(limit = "a")]
async fn of_a(plan: Plan) -> Result<u32, Error> {
    carry_out(plan).await
}

#[task(limit = "b", priority = 2)]
async fn of_b(plan: Plan) -> Result<u32, Error> {
    carry_out(plan).await
}

#[task(limits(c = 2))]
async fn two_of_c(plan: Plan) -> Result<u32, Error> {
    carry_out(plan).await
}

#[task(limits(a = 1, c = 1))]
async fn a_and_c(plan: Plan) -> Result<u32, Error> {
    carry_out(plan).await
}

#[task(limits(b = 1, d = 1), per = |plan| plan.starts)]
async fn b_and_d(plan: Plan) -> Result<u32, Error> {
    carry_out(plan).await
}

#[flow]
async fn program(plans: Vec<Plan>) -> Result<u32, Error> {
    carry_out(Plan { takes: 0, starts: true, groups: vec![plans] }).await
}

#[test]
fn no_program_hangs() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let pools = |runtime: orch::RuntimeBuilder| {
        runtime.limit("a", 1).limit("b", 2).limit("c", 3).limit("d", 2).limit_per_key("d", 1)
    };
    tokio.block_on(async {
        for seed in 0..seeds(200) {
            let mut random = fastrand::Rng::with_seed(seed);
            let plans: Vec<Plan> = (0..random.usize(1..=4)).map(|_| plan(&mut random, 3)).collect();
            let runtime = orch::testing::builder().with(pools).build();
            let end = runtime.scope(async { program(plans.clone()).await });
            #[expect(clippy::disallowed_methods, reason = "a guard for a test that would hang")]
            let end = tokio::time::timeout(Duration::from_secs(60), end).await;
            let end = end.unwrap_or_else(|_| panic!("seed {seed} hangs: {:#?} {plans:#?}", runtime.limits()));
            assert!(end.is_ok(), "seed {seed}: {end:?}");
            assert!(
                runtime.limits().iter().all(|limit| limit.in_use == 0 && limit.waiting.is_empty()),
                "seed {seed}"
            );
        }
    });
}
