//! Each rule of ordered delivery is needed: with it switched off, a program that passes otherwise goes wrong.

use crate::{
    harness::{Plan, Report, cut_everywhere},
    programs,
};

fn goes_red(rule: &str, report: &Report) {
    println!("without {rule}: {report:?}");
    assert!(report.faults() > 0, "nothing goes wrong without {rule}: {report:?}");
}

/// A record whose call is not there yet is passed by others: branches that raced claim each other's ids.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_head() {
    let plan = Plan::without(|rules| rules.strict_head = false);
    goes_red("strict head", &cut_everywhere(plan, programs::bare_awaits_beside_a_call).await);
}

/// Calls without a record start while records remain: losers that were dropped in life run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parking() {
    let plan = Plan::without(|rules| rules.park = false);
    goes_red("parking", &cut_everywhere(plan, programs::dropped_losers).await);
}

/// Nothing says that a call was given up: its body runs again while the rest of the journal waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_marks() {
    let plan = Plan::without(|rules| rules.marks = false);
    goes_red("dropped marks", &cut_everywhere(plan, programs::bare_timer_gives_up).await);
}

/// Two handles are ready at once: `select!` chooses at random.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_per_poll() {
    let plan = Plan::without(|rules| rules.one_per_poll = false);
    goes_red("one per poll", &cut_everywhere(plan, programs::handles_race_in_select).await);
}

/// Hits are ready at their first poll: `select!` over two of them chooses at random.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue_for_all() {
    let plan = Plan::without(|rules| rules.queue_for_all = false);
    goes_red("the queue for all", &cut_everywhere(plan, programs::two_hits_race).await);
}

/// A body that has spent tokio's budget looks as if it waited: outcomes overtake what it was about to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unconstrained() {
    let plan = Plan::without(|rules| rules.unconstrained = false);
    goes_red("unconstrained polls", &cut_everywhere(plan, programs::budget_is_spent).await);
}

/// The arrival of a handle has no place in the order of the body that awaits it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrivals() {
    let plan = Plan::without(|rules| rules.arrivals = false);
    goes_red("arrivals", &cut_everywhere(plan, programs::handle_awaited_elsewhere).await);
}
