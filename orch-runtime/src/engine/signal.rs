//! Waiting for a value from outside.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    RunShared, Stop, frame,
    mailbox::{self, Whom},
    ticket::{Begin, Ticket},
    waiting::Limit,
};
use crate::{
    cache::{CallHash, prefix_digest},
    codec::{self, CodecError, Stored},
    error::{Error, ErrorKind, RecordedError, Result},
    state::Notice,
    store::{Address, BoxFuture, Durability, Outcome, Page, Signal, Step},
};

/// Waits for a signal: a value that somebody [sends](crate::Runtime::send) to this run under this name.
///
/// A signal that was sent before anybody waits for it is kept with the run, and so is one that is sent while no process
/// runs it. Each goes to one wait, once: signals of one name in the order in which they were sent, to the waits in the
/// order in which they were written, as far as they are being awaited. The name is the run's, so a wait may
/// stand in the flow's body, in a task that it calls, in a branch or in an item of a map. A flow that is called by another
/// one has a run of its own, and signals of its own.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # use std::time::Duration;
/// # use orch::ErrorKind;
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # orch::testing::runtime().scope(async {
/// # orch::step("a_body", (), |()| async {
/// # let run = orch::ctx().run().unwrap();
/// # orch::send(run, "approve", &true).await?;
/// // In a flow, whose run somebody may find with `Runtime::runs` and give an answer from another task:
/// // `orch::send(run, "approve", &true).await?`.
/// let approved = match orch::signal::<bool>("approve").timeout(Duration::from_secs(48 * 3600)).await {
///     Ok(approved) => approved,
///     Err(error) if error.kind() == ErrorKind::TimedOut => false,
///     Err(error) => return Err(error),
/// };
/// # assert!(approved);
/// # Ok(()) }).await.unwrap() }).await })
/// ```
///
/// # Errors
/// [`TimedOut`](ErrorKind::TimedOut) after the [`timeout`](Wait::timeout). [`Input`](ErrorKind::Input) when the value that
/// came is of another type or shape; that signal is used up, or nobody would ever get past it, and the flow may wait
/// for the next one. [`Runtime`](ErrorKind::Runtime) outside any run.
///
/// # Cancel safety
/// A wait that is dropped takes nothing: what it had taken and not yet given goes back to its place, for the next wait.
pub fn signal<T: Serialize + DeserializeOwned + Send + 'static>(name: impl Into<String>) -> Wait<T> {
    let name = name.into();
    let ticket = frame::current().map(|frame| {
        let call = prefix_digest(&name, "orch signal");
        let ticket = Ticket::claim(frame.open_scope().clone(), &CallHash { call, former: Vec::new() });
        let order = frame.run.mailbox.order();
        (ticket, order)
    });
    Wait { state: State::Written { name, ticket, limit: None }, types: PhantomData }
}

/// A wait for a signal; see [`signal`].
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Wait<T> {
    state: State<T>,
    types: PhantomData<fn() -> T>,
}

enum State<T> {
    Written { name: String, ticket: Option<(Ticket, u64)>, limit: Option<Duration> },
    Waits(BoxFuture<'static, Result<T>>),
    Over,
}

impl<T> Wait<T> {
    /// Waits no longer than this, counted from when the wait begins. The time goes on while no process runs the flow, and
    /// a signal that was sent later is not for this wait. Default: as long as it takes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if let State::Written { limit, .. } = &mut self.state {
            *limit = Some(timeout);
        }
        self
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Future for Wait<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let State::Written { .. } = this.state
            && let State::Written { name, ticket, limit } = std::mem::replace(&mut this.state, State::Over)
        {
            let Some((ticket, order)) = ticket else {
                return Poll::Ready(Err(Error::runtime(format!(
                    "`orch::signal(\"{name}\")` was awaited outside any run, where nobody could send it"
                ))));
            };
            this.state = State::Waits(Box::pin(wait(ticket, order, name, limit)));
        }
        match &mut this.state {
            State::Waits(future) => {
                let output = std::task::ready!(future.as_mut().poll(cx));
                this.state = State::Over;
                Poll::Ready(output)
            }
            State::Written { .. } | State::Over => {
                Poll::Ready(Err(Error::runtime("a wait for a signal was polled after its end")))
            }
        }
    }
}

impl<T> std::fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match &self.state {
            State::Written { name, .. } => name,
            State::Waits(_) => "waiting",
            State::Over => "over",
        };
        f.debug_tuple("Wait").field(&state).finish()
    }
}

/// An outcome that is recorded and has not reached its body. Dropped before, it gives back what it took.
struct Held {
    ticket: Ticket,
    signal: Option<Signal>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(signal) = self.signal.take()
            && self.ticket.give_back(&signal)
        {
            self.ticket.scope.run.mailbox.put_back(signal);
        }
    }
}

async fn wait<T: Stored>(mut ticket: Ticket, order: u64, name: String, limit: Option<Duration>) -> Result<T> {
    let run = ticket.scope.run.clone();
    let label = format!("signal {name}");
    match ticket.begin().await {
        Begin::Over => Err(run.over(&label)),
        Begin::Recorded(outcome) => match value_of(&run, &label, &outcome) {
            Ok(output) => output,
            Err(unreadable) => {
                run.stop(Stop::Unreadable(format!(
                    "the journal has a value of the signal `{name}` that cannot be used any more: {unreadable}; the \
                     run can be resumed by a program whose type is as it was, or be started anew"
                )));
                std::future::pending().await
            }
        },
        Begin::Pooled(outcome) => match value_of(&run, &label, &outcome) {
            Ok(output) => {
                ticket.submit(None, outcome, Durability::Buffered, None, |_, _| ());
                ticket.delivered().await;
                output
            }
            // What an earlier attempt got and nobody can read any more is waited for again.
            Err(_) => live(ticket, order, name, &label, limit).await,
        },
        Begin::Live => live(ticket, order, name, &label, limit).await,
    }
}

/// What an outcome means for who waits; the error is that of a value that is none of this type.
fn value_of<T: Stored>(
    run: &RunShared,
    label: &str,
    outcome: &Outcome,
) -> std::result::Result<Result<T>, CodecError> {
    Ok(match outcome {
        Outcome::Value(value) => Ok(codec::decode(value)?),
        Outcome::Error(error) => Err(Error::recorded_at(label, run.id, (**error).clone())),
        Outcome::End => {
            Err(Error::at(label, run.id, ErrorKind::Diverged, "the journal has an end where a value was"))
        }
    })
}

async fn live<T: Stored>(
    ticket: Ticket,
    order: u64,
    name: String,
    label: &str,
    limit: Option<Duration>,
) -> Result<T> {
    let run = ticket.scope.run.clone();
    let due = limit.map(|limit| Limit::new(&ticket, limit).begin());
    let whom = Whom { order, to: Address::Name(name.clone()), fits: None };
    let signal = mailbox::take(&run, whom, due, || tell_of_waiting(&run, &name, limit)).await;
    let (outcome, output) = match &signal {
        None => {
            let text = format!("nobody sent it within {:?}", limit.unwrap_or_default());
            failed(&run, label, RecordedError::message(ErrorKind::TimedOut, text))
        }
        Some(signal) => match codec::decode::<T>(&signal.value) {
            Ok(value) => (Outcome::Value(signal.value.clone()), Ok(value)),
            Err(error) => {
                let text = format!(
                    "the signal `{name}` was sent with a `{}`, and what waits for it takes a `{}`: {error}; the signal \
                     is used up, send one of the right type",
                    signal.type_name,
                    std::any::type_name::<T>()
                );
                failed(&run, label, RecordedError::message(ErrorKind::Input, text))
            }
        },
    };
    let number = signal.as_ref().map(|signal| signal.number);
    // The value is durable with its signal: should this be lost, the wait takes it again.
    ticket.submit(None, outcome, Durability::Buffered, None, |writer, at| {
        if let Some(number) = number {
            writer.push(at, Step::Taken(number));
        }
    });
    let mut held = Held { ticket, signal };
    held.ticket.delivered().await;
    held.signal = None;
    output
}

fn failed<T>(run: &RunShared, label: &str, recorded: RecordedError) -> (Outcome, Result<T>) {
    let error = Error::recorded_at(label, run.id, recorded.clone());
    (Outcome::Error(Arc::new(recorded)), Err(error))
}

fn tell_of_waiting(run: &RunShared, name: &str, limit: Option<Duration>) {
    let text = match limit {
        None => format!("`{name}`"),
        Some(limit) => format!("`{name}`, for {limit:?}"),
    };
    run.notice(None, Notice::WaitingForSignal, text);
    // A process that dies while its run waits is to be known as one that did.
    run.hasten();
}

/// Says that a run ends with signals that nobody has taken.
pub(super) async fn tell_of_left(run: &RunShared) {
    let may_have = run.mailbox.is_used() || run.has_history();
    if !may_have || !run.leaves_traces() {
        return;
    }
    run.flush();
    let Ok(left) = run.core.store.signals(run.id, Page::first(10)).await else { return };
    if left.is_empty() {
        return;
    }
    let names: Vec<String> = left
        .iter()
        .map(|signal| match &signal.to {
            Address::Name(name) => format!("`{name}`"),
            Address::Task(task) => format!("what became of task run {task}"),
        })
        .collect();
    let more = if left.len() == 10 { ", …" } else { "" };
    let text = format!("the run ends, and nobody has taken: {}{more}", names.join(", "));
    run.notice(None, Notice::SignalsLeft, text);
}
