//! Each rule of ordered delivery is needed: with it switched off, a program that passes otherwise goes wrong.

use std::future::Future;

use orch::{prelude::*, testing::Rules};

use crate::{
    harness::{Plan, cut_everywhere},
    programs,
};

/// What goes wrong depends on who won the races of the live run, so a program gets several lives.
const LIVES: usize = 20;

async fn goes_red<F>(off: impl Fn(&mut Rules), program: impl Fn() -> F)
where
    F: Future<Output = Result<(), Error>>,
{
    for life in 1..=LIVES {
        let report = cut_everywhere(Plan::without(&off), &program).await;
        if report.faults() > 0 {
            println!("in life {life}: {report:?}");
            return;
        }
    }
    panic!("nothing goes wrong without the rule in {LIVES} lives");
}

/// A record whose call is not there yet is passed by others: branches that raced claim each other's ids.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_head() {
    goes_red(|rules| rules.strict_head = false, programs::bare_awaits_beside_a_call).await;
}

/// Calls without a record start while records remain: losers that were dropped in life run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parking() {
    goes_red(|rules| rules.park = false, programs::dropped_losers).await;
}

/// Nothing says that a call was given up: its body runs again while the rest of the journal waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_marks() {
    goes_red(|rules| rules.marks = false, programs::bare_timer_gives_up).await;
}

/// Two handles are ready at once: `select!` chooses at random.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_per_poll() {
    goes_red(|rules| rules.one_per_poll = false, programs::handles_race_in_select).await;
}

/// Hits are ready at their first poll: `select!` over two of them chooses at random.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue_for_all() {
    goes_red(|rules| rules.queue_for_all = false, programs::two_hits_race).await;
}

/// A body that has spent tokio's budget looks as if it waited: outcomes overtake what it was about to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unconstrained() {
    goes_red(|rules| rules.unconstrained = false, programs::budget_is_spent).await;
}

/// The arrival of a handle has no place in the order of the body that awaits it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrivals() {
    goes_red(|rules| rules.arrivals = false, programs::handle_awaited_elsewhere).await;
}
