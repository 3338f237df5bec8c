//! Reading history.

use super::Runtime;
use crate::{
    error::{Error, ErrorKind, Result},
    id::{RunId, TaskNumber},
    state::Event,
    store::{Attempt, Page, Run, RunFilter, StoreError, TaskRun},
};

fn unreadable(error: StoreError) -> Error {
    Error::plain(ErrorKind::Store, format!("the history cannot be read: {error}"))
}

impl Runtime {
    /// Runs, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn runs(&self, filter: RunFilter, page: Page<RunId>) -> Result<Vec<Run>> {
        self.core.store.runs(filter, page).await.map_err(unreadable)
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
