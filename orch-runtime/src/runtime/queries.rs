//! Reading history.

use super::Runtime;
use crate::{
    error::{Error, ErrorKind, Result},
    id::{RunId, TaskNumber},
    state::{Event, RunState},
    store::{Attempt, Page, Run, RunFilter, StoreError, TaskRun},
};

fn unreadable(error: StoreError) -> Error {
    Error::plain(ErrorKind::Store, format!("the history cannot be read: {error}"))
}

impl Runtime {
    /// Runs, newest first.
    ///
    /// A program that only looks builds its runtime with [`recover(false)`](super::RuntimeBuilder::recover), or it takes up
    /// what was interrupted, and interrupts it again when it ends.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn runs(&self, filter: RunFilter, page: Page<RunId>) -> Result<Vec<Run>> {
        self.core.store.runs(filter, page).await.map_err(unreadable)
    }

    /// Runs that were interrupted, newest first: they have begun, have not ended, and nobody executes them. Runs of flows
    /// that were called by others are not among them, since they are taken up with those.
    ///
    /// They are for a person to see to where the runtime does not [take them up](super::RuntimeBuilder::recover) by itself:
    /// those of flows that say `resume = "manual"`, and those whose definition this program does not have.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch::{Runtime, store::MemoryStore};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let runtime = Runtime::builder().store(MemoryStore::new()).build()?;
    /// for run in runtime.interrupted().await? {
    ///     if run.name.ends_with("::watch_price") {
    ///         let bought: bool = runtime.resume(run.id).await?;
    ///         println!("{bought}");
    ///     }
    /// }
    /// # Ok::<_, orch::Error>(()) }).unwrap()
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn interrupted(&self) -> Result<Vec<Run>> {
        let mut interrupted = Vec::new();
        for state in [RunState::Running, RunState::Suspended, RunState::Cancelling] {
            let filter = RunFilter { state: Some(state), ..RunFilter::default() };
            interrupted.extend(self.runs(filter, Page::all()).await?);
        }
        interrupted.retain(|run| run.parent.is_none() && !self.core.is_under_way(run.id));
        interrupted.sort_unstable_by_key(|run| std::cmp::Reverse(run.id));
        Ok(interrupted)
    }

    /// One run; `None` when the store does not know it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn run(&self, run: RunId) -> Result<Option<Run>> {
        self.core.store.run(run).await.map_err(unreadable)
    }

    /// The task runs of a run, in the order in which they were first recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn task_runs(&self, run: RunId, page: Page<TaskNumber>) -> Result<Vec<TaskRun>> {
        self.core.store.task_runs(run, page).await.map_err(unreadable)
    }

    /// The attempts of a task run, first to last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn attempts(&self, run: RunId, task: TaskNumber) -> Result<Vec<Attempt>> {
        self.core.store.attempts(run, task).await.map_err(unreadable)
    }

    /// Events of all runs, in the order of their commits.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn events(&self, page: Page<u64>) -> Result<Vec<Event>> {
        self.core.store.events(page).await.map_err(unreadable)
    }

    /// Events of one run, in the order of their commits.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn run_events(&self, run: RunId, page: Page<u64>) -> Result<Vec<Event>> {
        self.core.store.run_events(run, page).await.map_err(unreadable)
    }
}
