//! Ended runs that are executed again.

use super::Runtime;
use crate::{error::Result, id::RunId};

/// Executes a run again that failed, took too long, was cancelled or crashed, and gives its output.
///
/// It stays the same run and gets its next attempt, which begins at the first line of the body, with the input that the
/// run was started with. What succeeded is reused, at every depth: in the body, in tasks that call tasks, in items of a
/// map, and in the runs of flows that it called, which are retried with it. What failed runs again, with all the
/// retries that it may have, and so does what was cut short. The [idempotency key](crate::idempotency_key) of a task run
/// is what it was before.
///
/// The body may have been edited since the run failed, which is what a retry is often for: calls that it makes as before
/// are reused, others run.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # async fn shown(runtime: orch::Runtime) -> Result<(), orch::Error> {
/// use orch::{RunState, store::{Page, RunFilter}};
///
/// let failed = RunFilter { state: Some(RunState::Failed), ..RunFilter::default() };
/// for run in runtime.runs(failed, Page::all()).await? {
///     if run.name.ends_with("::nightly_report") {
///         let rows: u64 = orch::retry(run.id).await?;
///         println!("{rows} rows after all");
///     }
/// }
/// # Ok(()) }
/// # let _ = shown;
/// ```
///
/// A run that completed has nothing to retry: [`rerun`](crate::rerun) executes it anew. One whose process has ended is taken up
/// where it stood by [`Runtime::resume`].
///
/// # Errors
/// When the run is unknown, has completed, or has not ended; when a run that called it has not; when its definition is
/// not in this program, its output is no `T`, or its input does not fit any more; when the runtime cannot be opened; and
/// the run's own error.
///
/// # Cancel safety
/// Dropping the future cancels the run, which can be retried then.
pub async fn retry<T: 'static>(run: RunId) -> Result<T> {
    Runtime::current()?.retry(run).await
}
