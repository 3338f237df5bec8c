//! The tools of threads that the commit actor is made of. Its files name them through this one alone, so that the
//! very same files can be explored under other schedules than those that happen to come up.

pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use std::time::Duration;

/// How long a writer waits for more before it hands what it has to the operating system.
const MOMENT: Duration = Duration::from_millis(2);

/// Waits for a moment. Says whether it has passed without anybody calling.
pub(super) fn wait_a_moment<'a, T>(bell: &Condvar, guard: MutexGuard<'a, T>) -> (MutexGuard<'a, T>, bool) {
    let (guard, passed) = bell.wait_timeout(guard, MOMENT).unwrap_or_else(PoisonError::into_inner);
    (guard, passed.timed_out())
}
