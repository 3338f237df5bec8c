//! A call: what an annotated function returns. The last place that knows the type of the output.

use std::{
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use super::{
    Handle,
    away::Away,
    flow, handle,
    prepared::Prepared,
    start::{Begun, Started},
    straight::Course,
    task::Finished,
};
use crate::{
    definition::erased_output,
    error::{BoxError, Error, ErrorKind},
    runtime::{self, Runtime},
    state::Notice,
    store::KeyDigest,
};

/// The kind of a task's [`Call`].
#[derive(Debug, Clone, Copy)]
pub enum Task {}

/// The kind of a flow's [`Call`].
#[derive(Debug, Clone, Copy)]
pub enum Flow {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Task {}
    impl Sealed for super::Flow {}
}

/// [`Task`] or [`Flow`].
pub trait Kind: sealed::Sealed + 'static {}
impl Kind for Task {}
impl Kind for Flow {}

/// A call of a task or flow: a future that runs it, tracked, when awaited.
///
/// A call knows its output and nothing else of its function, so calls of different functions share a `Vec`. It
/// takes its place in the body that *writes* it, so it may be awaited anywhere, in `tokio::join!`, `select!` or
/// a `FuturesUnordered`. Its methods set options for this one call.
///
/// # Cancel safety
/// Dropping a call cancels it and everything below it: an outcome that was reached before stays recorded, and
/// what had not begun does not begin. The thread of a synchronous body cannot be stopped; it is reported as
/// abandoned.
#[must_use = "a call does nothing unless it is awaited or started"]
pub struct Call<T, K: Kind = Task> {
    state: State,
    /// Dropped after what the call is made of.
    away: Option<Box<Away>>,
    types: PhantomData<fn() -> (T, K)>,
}

enum State {
    Ready(Box<Prepared>),
    Running(Course),
    Done,
}

/// The way that the call takes.
fn set_out(mut call: Box<Prepared>) -> Course {
    if call.progress.is_some() {
        return Course::Straight(call);
    }
    Course::Long(match call.options_mut().core.take().map_or_else(runtime::current_core, Ok) {
        Ok(core) => Box::pin(async { Some(flow::run_root(core, call).await) }),
        Err(error) => Box::pin(std::future::ready(Some(Err(error)))),
    })
}

/// The call was dropped without having been awaited or started.
fn never_started(mut call: Box<Prepared>) {
    let Some(mut progress) = call.progress.take() else { return };
    let run = progress.run().clone();
    if progress.ticket.scope.is_closed() || !run.leaves_traces() {
        return;
    }
    progress.claim(call.options(), run.core.clock.now());
    let text = format!("`{}` was called, but neither awaited nor started", call.definition.display_name());
    run.notice(progress.number(), Notice::NeverStarted, text);
    progress.cancel("never started");
}

impl<T, K: Kind> Call<T, K> {
    /// The call of what was made ready for a caller.
    pub(crate) fn new(started: Started<T>) -> Self {
        let state = match started.begun {
            Begun::Call(ready) => State::Ready(ready),
            // Arguments from the store have no caller.
            Begun::Stored(_) => State::Done,
        };
        Self { state, away: None, types: PhantomData }
    }

    /// The call of a body that was made ready from the store.
    pub(super) fn of(ready: Box<Prepared>) -> Self {
        Self { state: State::Ready(ready), away: None, types: PhantomData }
    }

    /// What would be run, for whoever only asks about it. `None` when it is under way.
    pub(crate) fn into_prepared(mut self) -> Option<Box<Prepared>> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Ready(ready) => Some(ready),
            State::Running(_) | State::Done => None,
        }
    }

    /// The full name of what is called, before it is awaited.
    #[cfg(feature = "crash-points")]
    pub(crate) fn name(&self) -> &'static str {
        match &self.state {
            State::Ready(ready) => ready.definition.display_name(),
            State::Running(_) | State::Done => "",
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Prepared)) -> Self {
        if let State::Ready(ready) = &mut self.state {
            change(ready);
        }
        self
    }

    /// A name for this call, beside that of its definition.
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.with(|ready| ready.options_mut().label = Some(name))
    }

    /// A word to find this call by.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        self.with(|ready| ready.options_mut().tags.push(tag))
    }

    /// How many further attempts may follow the first, instead of what the attribute says.
    pub fn retries(self, retries: u32) -> Self {
        self.with(|ready| {
            ready.options_mut().retries = Some(retries);
            if ready.definition.once && retries > 0 {
                ready.fault.get_or_insert_with(|| {
                    Error::definition(format!(
                        "`{}` is `once`, and `.retries({retries})` would run its body again; remove one of the two",
                        ready.definition.display_name()
                    ))
                });
            }
        })
    }

    /// The limit per attempt of a task, or for the whole run of a flow, instead of what the attribute says.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|ready| ready.options_mut().timeout = Some(timeout))
    }

    /// Begins only when the call behind `handle` has succeeded, and is skipped when it has not.
    pub fn after<U>(self, handle: &Handle<U>) -> Self {
        let upstream = handle.upstream();
        self.with(|ready| ready.options_mut().after.push(upstream))
    }

    /// Starts the call: it runs by itself, inside the scope of the body that wrote it, and ends no later than
    /// that body. Must be called inside a tokio runtime.
    pub fn start(mut self) -> Handle<T>
    where
        T: Send + 'static,
    {
        let state = std::mem::replace(&mut self.state, State::Done);
        let State::Ready(ready) = state else {
            return handle::ended(Error::runtime("a call that is being awaited cannot be started any more"));
        };
        let mut ready = ready;
        match ready.progress.take() {
            Some(progress) => handle::start_in_scope(progress, ready),
            None => match ready.options_mut().core.take().map_or_else(runtime::current_core, Ok) {
                Ok(core) => handle::start_root(core, ready),
                Err(error) => handle::ended(error),
            },
        }
    }

    /// Runs the plain body: no run, no retries, no cache, nothing recorded. For unit tests of the body.
    ///
    /// # Errors
    /// The body's own error.
    pub async fn untracked(mut self) -> Result<T, BoxError>
    where
        T: 'static,
    {
        let State::Ready(ready) = std::mem::replace(&mut self.state, State::Done) else {
            return Err("a call that is being awaited cannot run untracked any more".into());
        };
        let mut invocation = ready.invocation;
        invocation.as_mut().start(true, None);
        std::future::poll_fn(|cx| invocation.as_mut().poll(cx)).await.map_err(|error| error.error)?;
        erased_output(invocation.as_mut()).ok_or_else(|| "the body left no output".into())
    }
}

impl<T> Call<T, Task> {
    /// Computes anew and replaces what the cache holds.
    pub fn refresh(self) -> Self {
        self.with(|ready| ready.options_mut().refresh = true)
    }

    /// Neither reads nor fills the cache.
    pub fn no_cache(self) -> Self {
        self.with(|ready| ready.options_mut().no_cache = true)
    }

    /// The digest that `cache(key = …)` computed.
    #[doc(hidden)]
    pub fn __cache_key(self, digest: Result<KeyDigest, Error>) -> Self {
        self.with(|ready| match digest {
            Ok(digest) => ready.cache_inputs = Some(vec![digest]),
            Err(error) => ready.fault = Some(error),
        })
    }

    /// The digest that `per = …` computed.
    #[doc(hidden)]
    pub fn __limit_key(self, digest: Result<KeyDigest, Error>) -> Self {
        self.with(|ready| match digest {
            Ok(digest) => ready.options_mut().limit_key = Some(digest),
            Err(error) => ready.fault = Some(error),
        })
    }
}

impl<T> Call<T, Flow> {
    /// Gives this very run an id: there is one run of a flow with it, ever, however often it is asked for.
    ///
    /// The first call starts the run. Every further one, in this process or a later one, attaches to it: it awaits the
    /// run that is under way, takes up the one that was interrupted, and gets the result of the one that has ended,
    /// also when that is an error: [`retry`](crate::retry) executes such a run again. The id stands for the input too: with
    /// another input it is an [`Input`](ErrorKind::Input) error. Who attaches to a run that is under way only waits: dropping
    /// that call stops nothing, and dropping the one that started the run cancels it for all.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch_runtime::{Call, Flow};
    /// # async fn example(daily_report: impl Fn(String) -> Call<u32, Flow>) -> Result<(), orch::Error> {
    /// // Started once on this day, however often the program is started.
    /// let day = "2026-11-23";
    /// let rows = daily_report(day.into()).id(day).await?;
    /// # Ok(()) }
    /// ```
    pub fn id(self, id: impl Into<String>) -> Self {
        let id = id.into();
        self.with(|ready| ready.options_mut().given_id = Some(id))
    }

    /// Runs on this runtime instead of the current one. A call inside a run stays in that run's runtime.
    pub fn on(self, runtime: &Runtime) -> Self {
        let core = runtime.core();
        self.with(|ready| ready.options_mut().core = Some(core))
    }
}

impl<T: 'static, K: Kind> Future for Call<T, K> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let finished = loop {
            match &mut this.state {
                State::Running(course) => {
                    if let Poll::Ready(finished) = Pin::new(course).poll(cx) {
                        break finished;
                    }
                    match &this.away {
                        Some(away) => break Some(Err(ready!(away.poll_over(cx)))),
                        None => return Poll::Pending,
                    }
                }
                state => match std::mem::replace(state, State::Done) {
                    State::Ready(ready) => {
                        this.away = Away::look_at(&ready);
                        *state = State::Running(set_out(ready));
                    }
                    _ => return Poll::Ready(Err(Error::runtime("a call was polled after its end"))),
                },
            }
        };
        this.state = State::Done;
        this.away = None;
        let elsewhere = || Err(Error::runtime("the outcome is with a handle"));
        Poll::Ready(typed(finished.unwrap_or_else(elsewhere)))
    }
}

/// The typed end of a call.
pub(crate) fn typed<T: 'static>(finished: Finished) -> Result<T, Error> {
    let mut invocation = finished?;
    erased_output(invocation.as_mut())
        .ok_or_else(|| Error::plain(ErrorKind::Output, "the output has another type than the call expects"))
}

impl<T, K: Kind> Drop for Call<T, K> {
    fn drop(&mut self) {
        if let State::Ready(ready) = std::mem::replace(&mut self.state, State::Done) {
            never_started(ready);
        }
    }
}

impl<T, K: Kind> std::fmt::Debug for Call<T, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match &self.state {
            State::Ready(ready) => ready.definition.display_name(),
            State::Running(_) => "running",
            State::Done => "done",
        };
        f.debug_tuple("Call").field(&state).finish()
    }
}
