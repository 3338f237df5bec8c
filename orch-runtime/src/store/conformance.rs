//! What every store has to hold, as a suite that any implementation can run.
//!
//! It goes through the [`Store`] trait alone and awaits whatever the trait gives it, so it fits a store in memory
//! and one that answers from a disk or over a network. The futures are polled where [`run`] is polled: a store
//! that needs an executor of its own kind gets it there. Methods that the contract allows to be called from
//! anywhere are called from plain threads too.
//!
//! ```
//! use orch_runtime::store::{MemoryStore, conformance};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! conformance::run(MemoryStore::new).await.unwrap();
//! # })
//! ```

mod cache;
mod cache_limits;
mod cache_reading;
mod changes;
mod check;
mod crowd;
mod events;
mod fixture;
mod journal;
mod orphans;
mod reading;
mod reopening;
mod signals;
mod starters;
mod submission;
mod task_history;
mod watchdog;

use super::{BoxFuture, Store};
use check::Checked;

/// One thing that the contract says, and the code that finds out.
type Part = (&'static str, fn(&dyn Store) -> BoxFuture<'_, Checked>);

macro_rules! parts {
    ($($module:ident: $($part:ident),+;)+) => {
        [$($((
            concat!(stringify!($module), "::", stringify!($part)),
            (|store| Box::pin($module::$part(store))) as fn(&dyn Store) -> BoxFuture<'_, Checked>,
        )),+),+]
    };
}

const PARTS: &[Part] = &parts! {
    submission: created_waits_for_a_worker, created_and_taken_at_once, submitted_twice_is_existing,
        other_input_or_definition_is_a_conflict, claim_raises_the_fence, claim_hands_over_what_stands,
        ended_and_unknown_runs_cannot_be_claimed;
    orphans: who_leaves_leaves_orphans, an_orphan_is_taken_once, its_own_worker_may_claim_a_run, deaths_are_counted,
        a_given_id_is_given_once;
    reopening: takes_up_what_ended_without_a_value, nothing_else_is_reopened, loses_its_end_and_keeps_its_past,
        is_found_where_it_stands, lasts_until_its_next_end;
    changes: applies_all_steps, later_steps_see_earlier_ones, refuses_as_a_whole, numbers_make_resending_harmless,
        another_fence_changes_nothing, unknown_runs_take_nothing, dropping_withdraws_nothing,
        acknowledges_in_order, buffered_is_applied_before_the_next_durable, flush_follows_what_was_committed;
    journal: empty_before_the_first_record, keeps_every_attempt_in_order, keeps_dropped_marks,
        separates_scopes, tells_what_is_in_flight, tells_of_children, past_ends_before_a_task_run, outlives_a_claim, refuses_another_fence,
        is_read_without_a_fence;
    signals: kept_in_order, only_runs_that_have_not_ended_get_any, taken_once_and_given_back, outlive_a_claim,
        a_task_run_is_told_once, there_is_an_end_to_what_a_run_holds, sending_is_an_event, waits_are_told;
    starters: are_what_was_put, keys_have_a_length, the_earliest_is_due_first, listed_by_pages,
        of_several_changes_one_holds, no_revision_comes_twice, a_tick_starts_its_run, a_run_that_exists_changes_nothing,
        a_run_may_wait_for_its_turn, history_by_pages, history_has_an_end;
    cache: first_caller_leads, follow_resolves_on_publish, follow_resolves_on_release,
        no_follow_is_busy, no_lead_is_busy, hit_after_publish, cached_is_what_would_hit,
        dropped_publish_still_stores, ttl_expires,
        unread_lookups_lead, strange_leads_end_nothing;
    cache_limits: misses_of_unknown_definitions, misses_name_what_changed, the_nearest_entry_explains,
        max_size_evicts_the_oldest, replacing_an_entry_frees_its_room;
    cache_reading: entry_tells_all, entries_newest_first_by_pages, entries_by_definition,
        a_replaced_entry_is_listed_once, size_is_what_is_listed, forgets_one_result, forgets_a_definition,
        forgets_everything, too_large_makes_no_room;
    reading: runs_newest_first_by_pages, runs_by_filter, run_tells_all, run_tells_its_error, the_input_is_kept,
        task_runs_by_pages, task_run_tells_all, unknown_runs_are_empty, location_is_told;
    task_history: attempts_tell_reasons_and_waits, restarted_attempt_stays_one, attempts_of_one_task_run;
    events: tell_every_change_once, name_tasks_and_notices, pages_follow_the_sequence, run_events_by_pages;
    crowd: many_runs_at_once, one_run_from_many_threads, one_leader_at_a_time, claims_race;
};

/// Runs the suite; every part gets a fresh, empty store.
///
/// A part that has not ended after a minute counts as failed, so a follower that is never woken is an error and
/// not a suite that hangs.
///
/// # Errors
/// The first thing that does not hold: the part's name, what was asked for, what was expected and what was found.
///
/// # Cancel safety
/// Dropping the future leaves the store of the part under way as that part had left it.
pub async fn run<S: Store>(store: impl Fn() -> S) -> Result<(), String> {
    for (name, part) in PARTS {
        let store = store();
        watchdog::within_a_minute(part(&store)).await.map_err(|fault| format!("{name}: {fault}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::store::MemoryStore;

    fn suite(store: impl Fn() -> MemoryStore) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(super::run(store))
    }

    #[test]
    fn memory_store() {
        assert_eq!(suite(MemoryStore::new), Ok(()));
    }

    #[test]
    fn fork_of_a_memory_store() {
        assert_eq!(suite(|| MemoryStore::builder().forkable().build().fork(0)), Ok(()));
    }
}
