//! Saying something to a run from outside.

use serde::{Serialize, de::DeserializeOwned};

use super::{Core, Runtime};
use crate::{
    codec, definition,
    engine::{Resolution, Said},
    error::{Error, ErrorKind, Result},
    id::{RunId, TaskNumber},
    state::TaskState,
    store::{Address, NewSignal, Page, Posted, StoreError, TaskRun},
};

impl Runtime {
    /// Sends a signal to a run: its next [wait](crate::signal()) for this name gets the value.
    ///
    /// It is sent from a program that has the store: the one that executes the run, or any other while none does. One that is
    /// only to send builds its runtime with [`recover(false)`](crate::RuntimeBuilder::recover), or it would take up the run.
    ///
    /// The signal is durable when this returns. It reaches a wait that is there already, one that comes later, and one of
    /// a later process, exactly once. A body that sends is like any other effect of a body: sent from a task it may be
    /// sent again when the task is repeated, and from a flow's body whenever that is executed again.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # async fn shown(runtime: orch::Runtime, run: orch::RunId) -> Result<(), orch::Error> {
    /// runtime.send(run, "approve", &true).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the value cannot be written; when the run is not in this store, has ended, or holds a thousand signals that
    /// nobody has taken; when the store cannot keep it. Whether the value is what the run waits for shows where it is
    /// taken.
    ///
    /// # Cancel safety
    /// Dropping the future leaves open whether the signal is sent.
    pub async fn send<T>(&self, run: RunId, name: &str, value: &T) -> Result<()>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let type_name = std::any::type_name::<T>();
        let value = codec::encode(value).map_err(|error| {
            Error::plain(
                ErrorKind::Input,
                format!("the signal `{name}` for run {run} cannot be sent: {error}"),
            )
        })?;
        let (to, at) = (Address::Name(name.to_owned()), self.core.clock.now());
        let signal = NewSignal { to, type_name: type_name.into(), value, at, expect: None };
        match post(&self.core, run, signal).await? {
            Posted::Accepted(_) => Ok(()),
            refused => Err(refusal(&self.core, run, &format!("the signal `{name}`"), refused)),
        }
    }

    /// Says what became of a `once` task whose body was interrupted, so that its caller goes on.
    ///
    /// It is said from a program that has the store: the one that executes the run, or any other while none does. One that is
    /// only to say it builds its runtime with [`recover(false)`](crate::RuntimeBuilder::recover), or it would take up the run.
    /// A call that took too long or panicked has that as its end; the further attempt that asks for it is the task run to name.
    ///
    /// The task run is [`Unknown`](TaskState::Unknown) then, or still `Running` in a run that nobody has taken up since. It
    /// is durable when this returns, and holds for a run that is under way as for one that a later process takes up. Of a
    /// value that is said to a run which is not under way, the type is looked at when it is taken up: one that
    /// does not fit is told as an [`Unresolved`](crate::Notice::Unresolved) event, and the task run stays Unknown.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// use orch::{Resolution, TaskState, store::Page};
    ///
    /// # async fn shown(runtime: orch::Runtime, run: orch::RunId) -> Result<(), orch::Error> {
    /// for task in runtime.task_runs(run, Page::all()).await? {
    ///     if task.state == TaskState::Unknown {
    ///         // Somebody has looked at the bank's statement: it was paid.
    ///         let receipt = "2026-11-24/17".to_owned();
    ///         runtime.resolve(run, task.task, Resolution::value(&receipt)?).await?;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the run is not in this store or has ended; when it has no such task run; when that was not interrupted,
    /// or was resolved before; when the value is not of its type; when the store cannot keep it.
    ///
    /// # Cancel safety
    /// Dropping the future leaves open whether it is said.
    pub async fn resolve(&self, run: RunId, task: TaskNumber, resolution: Resolution) -> Result<()> {
        let core = &self.core;
        let what = format!("what became of task run {task}");
        let found = row(core, run, task).await?;
        let name = found.as_ref().map(|row| row.name.clone()).unwrap_or_default();
        let name = name.rsplit("::").next().unwrap_or_default();
        let what = if found.is_some() { format!("{what} `{name}`") } else { what };
        let Resolution { said, type_name } = resolution;
        let live = core.running(run);
        if let (Said::Value(value), Some(live)) = (&said, &live)
            && let Some(fits) = live.mailbox.expects(task)
            && let Err(error) = fits(value)
        {
            return Err(Error::plain(
                ErrorKind::Output,
                format!("{what} in run {run} cannot be a `{type_name}`: {error}"),
            ));
        }
        let value =
            codec::encode(&said).map_err(|error| Error::plain(ErrorKind::Output, error.to_string()))?;
        let mut expect = found.as_ref().map(|row| row.state);
        loop {
            if let (Some(state), Some(row)) = (expect, &found) {
                interrupted(run, row, state, live.as_deref())?;
            }
            let (to, at) = (Address::Task(task), core.clock.now());
            let (type_name, value) = (type_name.into(), value.clone());
            match post(core, run, NewSignal { to, type_name, value, at, expect }).await? {
                Posted::Accepted(_) => return Ok(()),
                Posted::TaskIs(state) if expect.is_some() => expect = Some(state),
                refused => return Err(refusal(core, run, &what, refused)),
            }
        }
    }
}

/// Sends a signal to a run of the current runtime; see [`Runtime::send`].
///
/// # Errors
/// Those of [`Runtime::send`], and when the default store cannot be opened.
///
/// # Cancel safety
/// Dropping the future leaves open whether the signal is sent.
pub async fn send<T>(run: RunId, name: &str, value: &T) -> Result<()>
where
    T: Serialize + DeserializeOwned + 'static,
{
    Runtime::current()?.send(run, name, value).await
}

/// Says what became of an interrupted `once` task in a run of the current runtime; see [`Runtime::resolve`].
///
/// # Errors
/// Those of [`Runtime::resolve`], and when the default store cannot be opened.
///
/// # Cancel safety
/// Dropping the future leaves open whether it is said.
pub async fn resolve(run: RunId, task: TaskNumber, resolution: Resolution) -> Result<()> {
    Runtime::current()?.resolve(run, task, resolution).await
}

/// Puts a signal into the store, and tells the run if it is under way here.
async fn post(core: &Core, run: RunId, signal: NewSignal) -> Result<Posted> {
    let to = signal.to.clone();
    let posted = loop {
        // Asked before the store is: a run that has begun in between is stored by then.
        let starting = core.is_starting(run);
        match core.store.signal(run, signal.clone()).await.map_err(|error| unsent(run, &error))? {
            Posted::NoRun if starting => tokio::task::yield_now().await,
            posted => break posted,
        }
    };
    if let Posted::Accepted(_) = posted
        && let Some(live) = core.running(run)
    {
        live.mailbox.tell(&to);
    }
    Ok(posted)
}

fn unsent(run: RunId, error: &StoreError) -> Error {
    Error::plain(ErrorKind::Store, format!("nothing could be said to run {run}: {error}"))
}

fn refusal(core: &Core, run: RunId, what: &str, refused: Posted) -> Error {
    let place = core.store.location();
    Error::runtime(match refused {
        Posted::NoRun => format!("{what} cannot be told: run {run} is not in the store `{place}`"),
        Posted::Ended(state) => format!("{what} cannot be told: run {run} in `{place}` has ended: {state}"),
        Posted::Full => format!(
            "{what} cannot be told: run {run} holds a thousand signals that nobody has taken; let it take some, or \
             cancel it"
        ),
        Posted::NoTask => format!("{what} cannot be told: run {run} has no such task run"),
        Posted::TaskEnded => format!("{what} cannot be told in run {run}: it has ended"),
        Posted::Answered => {
            format!("{what} in run {run} has been said already, and the run has yet to take it in")
        }
        Posted::TaskIs(state) => format!("{what} cannot be told in run {run}: it is {state}"),
        Posted::Accepted(_) => format!("{what} was told"),
    })
}

async fn row(core: &Core, run: RunId, task: TaskNumber) -> Result<Option<TaskRun>> {
    let page = Page { after: task.0.checked_sub(1).map(TaskNumber), limit: 1 };
    let rows = core.store.task_runs(run, page).await.map_err(|error| unsent(run, &error))?;
    Ok(rows.into_iter().find(|row| row.task == task))
}

/// An error unless the task run was interrupted and has to be resolved.
fn interrupted(
    run: RunId,
    row: &TaskRun,
    state: TaskState,
    live: Option<&crate::engine::RunShared>,
) -> Result<()> {
    let no = |why: String| {
        let (task, name) = (row.task, &row.name);
        Err(Error::runtime(format!("task run {task} `{name}` of run {run} is not to be resolved: {why}")))
    };
    match state {
        TaskState::Unknown => Ok(()),
        TaskState::Running if live.is_some_and(|live| live.mailbox.has_started(row.task)) => {
            no("its body runs in this process; await it, or cancel the run".into())
        }
        TaskState::Running => match definition::find(&row.name) {
            Some(found) if found.definition.is_once() => Ok(()),
            Some(_) => no("it is not `once`; its body runs again when the run is resumed".into()),
            None => no(
                "this program does not have its definition; resume the run first, so that it is seen to be \
                        interrupted"
                    .into(),
            ),
        },
        state => no(format!("it is {state}, and only an interrupted `once` task is")),
    }
}
