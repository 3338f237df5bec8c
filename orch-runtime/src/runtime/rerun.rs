//! Runs that are executed anew.

use std::{any::Any, marker::PhantomData};

use super::Runtime;
use crate::{Call, Flow, definition::Setting, engine, error::Result, id::RunId, store::BoxFuture};

/// Executes a run anew, as a run of its own: the same flow with the same input, and what [`from`](Rerun::from) and
/// [`set`](Rerun::set) change of that. The earlier run may have ended as it likes, and stays as it is.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # async fn shown(run: orch::RunId) -> Result<(), orch::Error> {
/// // Everything again.
/// let bought: bool = orch::rerun(run).await?;
/// // With another budget; what was recorded before the first call of `decide` is not done again.
/// let bought: bool = orch::rerun(run).from("decide").set("budget", 150u32).await?;
/// # drop(bought);
/// # Ok(()) }
/// # let _ = shown;
/// ```
///
/// The new run has [`Trigger::Rerun`](crate::store::Trigger::Rerun), and tells of the earlier one as
/// [`Run::reruns`](crate::store::Run::reruns). It has the name and the tags that were chosen for that, and
/// [idempotency keys](crate::idempotency_key) of its own: a service that is asked again is to do it again. To go on with a
/// run that failed, [`retry`](crate::retry) it.
pub fn rerun<T>(run: RunId) -> Rerun<T> {
    Rerun::new(Runtime::current(), run)
}

/// A run that is to be executed anew; see [`rerun`]. Awaited, it is, and gives the output.
#[must_use = "a rerun does nothing unless it is awaited"]
pub struct Rerun<T> {
    runtime: Result<Runtime>,
    run: RunId,
    from: Option<String>,
    set: Vec<Setting>,
    output: PhantomData<fn() -> T>,
}

impl<T> Rerun<T> {
    fn new(runtime: Result<Runtime>, run: RunId) -> Self {
        Self { runtime, run, from: None, set: Vec::new(), output: PhantomData }
    }

    /// Reuses what the earlier run recorded before it first called this task, or this flow: results of tasks and of called
    /// flows, `orch::now`, `orch::uuid`, at every depth. The name is the full one or its last part; a task inside a called
    /// flow, or a task, counts where it was called.
    ///
    /// Reused is what the flow asks for: a call whose arguments are others than they were then runs, and so does whatever
    /// depends on it.
    pub fn from(mut self, task: impl Into<String>) -> Self {
        self.from = Some(task.into());
        self
    }

    /// Replaces an argument, which is known by the name of its parameter. The value has to be of the parameter's own type,
    /// so a number that is no `i32` needs its suffix; for a `String` or `&str`, a literal will do.
    pub fn set<V: Any + Send>(mut self, parameter: impl Into<String>, value: V) -> Self {
        self.set.push(Setting::new(parameter.into(), value));
        self
    }
}

impl<T: 'static> Rerun<T> {
    /// The call that executes it: for whoever wants to give it a name, a limit, or a [handle](Call::start) that knows the
    /// new run.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # async fn shown(run: orch::RunId) -> Result<(), orch::Error> {
    /// let handle = orch::rerun::<bool>(run).from("decide").call().await?.named("second thoughts").start();
    /// println!("{} executes {run} anew", handle.run().expect("it is a run of its own"));
    /// let bought = handle.await?;
    /// # drop(bought);
    /// # Ok(()) }
    /// # let _ = shown;
    /// ```
    ///
    /// # Errors
    /// When the run is unknown, or did not call the task that it is to be executed from, which the error lists; when its
    /// definition is not in this program, its output is no `T`, or its input does not fit any more; when a parameter does
    /// not exist or is of another type; when the store cannot be read, or the runtime cannot be opened.
    ///
    /// # Cancel safety
    /// Dropping it does nothing to either run.
    pub async fn call(self) -> Result<Call<T, Flow>> {
        engine::rerun(self.runtime?.core(), self.run, self.from, self.set).await
    }
}

/// # Errors
/// What [`call`](Rerun::call) says, and the new run's own error.
///
/// # Cancel safety
/// Dropping the future cancels the new run.
impl<T: 'static> IntoFuture for Rerun<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.call().await?.await })
    }
}

impl<T> std::fmt::Debug for Rerun<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set: Vec<_> = self.set.iter().map(|setting| &setting.parameter).collect();
        f.debug_struct("Rerun").field("run", &self.run).field("from", &self.from).field("set", &set).finish()
    }
}

impl Runtime {
    /// Executes a run of this store anew, as a run of its own: the same as [`orch::rerun`](rerun), where that is described.
    pub fn rerun<T>(&self, run: RunId) -> Rerun<T> {
        Rerun::new(Ok(self.clone()), run)
    }
}
