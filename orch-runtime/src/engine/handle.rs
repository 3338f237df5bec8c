//! A started call.

use std::{
    any::Any,
    marker::PhantomData,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use super::{
    Frame,
    alive::Alive,
    branch::run_branch,
    call::typed,
    flow, frame,
    prepared::Prepared,
    progress::Progress,
    scope::Scope,
    straight::Course,
    task::{self, Finished},
    ticket::{Seat, Ticket},
};
use crate::{
    cache::{CallHash, prefix_digest},
    clock::Busy,
    error::{Error, ErrorKind, RecordedError},
    id::RunId,
    runtime::Core,
    store::{BoxFuture, Durability, Outcome},
};

/// A started call. Awaiting it gives its outcome; dropping it changes nothing.
///
/// The call ends no later than the body that started it: a body that returns well waits for it, and fails with
/// it if nobody took the outcome; a body that fails cancels it.
///
/// # Cancel safety
/// Awaiting a handle by reference and dropping that future loses nothing; it can be awaited again.
#[must_use = "dropping a handle does not stop the call, but its outcome is lost; a failure fails the run"]
pub struct Handle<T> {
    /// Its place in its scope; a run that was started outside any body has none.
    seat: Option<Seat>,
    name: &'static str,
    run: Option<RunId>,
    cell: Arc<Cell>,
    /// Of a run that was started outside any body; a scope knows how to stop what it started.
    abort: Option<tokio::task::AbortHandle>,
    arrival: Option<BoxFuture<'static, ()>>,
    types: PhantomData<fn() -> T>,
}

/// Where a started call leaves its value for its handle.
pub(super) struct Cell {
    state: Mutex<CellState>,
    /// Who has decided how the call ends: nobody yet, the call, or its handle.
    end: AtomicU8,
}

const NOBODY: u8 = 0;
const CALL: u8 = 1;
const HANDLE: u8 = 2;

#[derive(Default)]
struct CellState {
    value: Option<Left>,
    /// The outcome is recorded: whether it is a value, or why not.
    done: Option<Result<(), String>>,
    failed: Option<String>,
    wakers: Vec<Waker>,
}

/// What a started call leaves.
enum Left {
    Call(Finished),
    Branch(Result<Box<dyn Any + Send>, Error>),
}

impl Cell {
    fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), end: AtomicU8::new(NOBODY) })
    }

    fn lock(&self) -> MutexGuard<'_, CellState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first one to ask decides how the call ends.
    pub(super) fn claim_end(&self) -> bool {
        self.claim(CALL)
    }

    /// The same for the handle, which cancels the call.
    fn cancel(&self) -> bool {
        self.claim(HANDLE)
    }

    fn claim(&self, end: u8) -> bool {
        self.end.compare_exchange(NOBODY, end, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.end.load(Ordering::Acquire) == HANDLE
    }

    /// Leaves the value for the handle.
    pub(super) fn put(&self, finished: Finished) {
        self.leave(finished.as_ref().err().map(ToString::to_string), Left::Call(finished));
    }

    fn leave(&self, failed: Option<String>, left: Left) {
        let mut state = self.lock();
        state.failed = failed;
        state.value = Some(left);
    }

    /// The outcome is in the journal: whoever waits for that may go on.
    pub(super) fn finish(&self) {
        let mut state = self.lock();
        state.done = Some(state.failed.take().map_or(Ok(()), Err));
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn poll_done(&self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let mut state = self.lock();
        match &state.done {
            Some(done) => Poll::Ready(done.clone()),
            None => {
                if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    state.wakers.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    fn take<T: 'static>(&self) -> Result<T, Error> {
        match self.lock().value.take() {
            Some(Left::Call(finished)) => typed(finished),
            Some(Left::Branch(output)) => output?
                .downcast()
                .map(|output| *output)
                .map_err(|_| Error::runtime("the branch has another output than its handle expects")),
            None => Err(Error::runtime("the outcome of this handle was taken before")),
        }
    }
}

/// What a call that comes after another one keeps of it.
pub(crate) struct Upstream {
    cell: Arc<Cell>,
}

impl Upstream {
    /// Waits for the outcome.
    pub(super) async fn succeeded(&self) -> Result<(), String> {
        let done = std::future::poll_fn(|cx| self.cell.poll_done(cx)).await;
        done.map_err(|reason| format!("a call that it comes after did not succeed: {reason}"))
    }
}

/// The name of a branch in messages.
const BRANCH: &str = "orch::spawn";

/// Counts a started call as open until it has ended, and tells its handle when it ended without an outcome.
struct Open {
    /// Its place in a scope; a run that was started outside any body has none.
    place: Option<(Arc<Scope>, usize)>,
    cell: Arc<Cell>,
    alive: Option<Arc<Alive>>,
}

impl Open {
    fn new(seat: &Seat, cell: &Arc<Cell>) -> Self {
        let scope = seat.scope();
        let alive = scope.run.alive.get().and_then(std::sync::Weak::upgrade);
        Self { place: Some((scope.clone(), seat.slot())), cell: cell.clone(), alive }
    }

    fn outside(cell: &Arc<Cell>) -> Self {
        Self { place: None, cell: cell.clone(), alive: None }
    }

    /// Whether the call is to stop: its body is gone, or its handle has cancelled it.
    fn is_stopped(&self) -> bool {
        self.cell.is_cancelled() || self.place.as_ref().is_some_and(|(scope, _)| scope.is_closed())
    }

    /// Wakes `waker` when the call is to stop; says whether it is already.
    fn watch(&self, waker: &Waker) -> bool {
        if let Some((scope, slot)) = &self.place {
            scope.watch_started(*slot, waker);
        }
        self.is_stopped()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.cell.claim_end() {
            let over = match &self.place {
                Some((scope, _)) => scope.run.over("a started call"),
                None => Error::plain(ErrorKind::Cancelled, "the started run was cancelled"),
            };
            self.cell.put(Err(over));
            self.cell.finish();
        }
        if let Some((scope, slot)) = &self.place {
            drop(self.alive.take());
            scope.run.worker_left();
            scope.started_ended(*slot, self.cell.is_cancelled());
        }
    }
}

pin_project_lite::pin_project! {
    /// What was started inside a scope, on its way. What it is made of is dropped before others are told that it
    /// is gone.
    struct UnderWay<F> {
        #[pin]
        future: F,
        open: Open,
        to_be_polled: Option<Busy>,
    }
}

impl<F: Future> Future for UnderWay<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        drop(this.to_be_polled.take());
        if this.open.is_stopped() || this.future.poll(cx).is_ready() || this.open.watch(cx.waker()) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// Starts a call inside the scope that it was written in.
pub(super) fn start_in_scope<T>(mut progress: Progress, mut prepared: Box<Prepared>) -> Handle<T> {
    let cell = Cell::new();
    progress.cell = Some(cell.clone());
    let seat = progress.ticket.share();
    let open = Open::new(&seat, &cell);
    let name = progress.name();
    if let Some(record) = progress.ticket.take_record() {
        task::settle_recorded(&progress, prepared.invocation, &record);
        return Handle::seated(seat, name, cell);
    }
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return ended(no_tokio());
    };
    prepared.progress = Some(progress);
    let to_be_polled = seat.scope().run.core.clock.busy();
    // The call moves into tokio's task: a box of its own would be freed on another thread than it was made on.
    drop(runtime.spawn(UnderWay { future: Course::Straight(*prepared), open, to_be_polled }));
    Handle::seated(seat, name, cell)
}

/// Starts a run outside any body.
pub(super) fn start_root<T>(core: Arc<Core>, mut prepared: Box<Prepared>) -> Handle<T> {
    let cell = Cell::new();
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return ended(no_tokio());
    };
    let open = Open::outside(&cell);
    let (name, id) = (prepared.definition.display_name(), RunId::new());
    prepared.options_mut().run = Some(id);
    let to_be_polled = core.clock.busy();
    let starting = core.start(id);
    let task = runtime.spawn(async move {
        drop(to_be_polled);
        let open = open;
        let finished = flow::run_root(core, prepared).await;
        drop(starting);
        if open.cell.claim_end() {
            open.cell.put(finished);
            open.cell.finish();
        }
    });
    Handle {
        seat: None,
        name,
        run: Some(id),
        cell,
        abort: Some(task.abort_handle()),
        arrival: None,
        types: PhantomData,
    }
}

/// Starts a branch of a body.
pub(super) fn start_branch<F>(mut ticket: Ticket, parent: Arc<Frame>, future: F) -> Handle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let cell = Cell::new();
    let seat = ticket.share();
    let open = Open::new(&seat, &cell);
    if let Some(cancelled) = ticket.take_cancelled() {
        cell.claim_end();
        cell.put(Err(Error::recorded_at(BRANCH, seat.scope().run.id, (*cancelled).clone())));
        cell.finish();
        return Handle::seated(seat, BRANCH, cell);
    }
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return ended(no_tokio());
    };
    let to_be_polled = seat.scope().run.core.clock.busy();
    let of_branch = cell.clone();
    let future = async move {
        let (cell, mut ticket) = (of_branch, ticket);
        let run = ticket.scope.run.clone();
        let (failure, output) = match run_branch(&ticket, &parent, future).await {
            Ok(output) => (None, Ok(Box::new(output) as Box<dyn Any + Send>)),
            Err(recorded) => (Some(recorded.clone()), Err(Error::recorded_at(BRANCH, run.id, recorded))),
        };
        if cell.claim_end() {
            ticket.set_failure(failure.map(Arc::new));
            cell.leave(output.as_ref().err().map(ToString::to_string), Left::Branch(output));
            ticket.end().await;
            cell.finish();
        }
    };
    drop(runtime.spawn(UnderWay { future, open, to_be_polled }));
    Handle::seated(seat, BRANCH, cell)
}

/// A plain tokio task behind a handle, where there is no run to be a branch of.
pub(super) fn start_plain<F>(future: F) -> Handle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let cell = Cell::new();
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return ended(no_tokio());
    };
    let open = Open::outside(&cell);
    let task = runtime.spawn(async move {
        let open = open;
        let output = future.await;
        if open.cell.claim_end() {
            open.cell.leave(None, Left::Branch(Ok(Box::new(output))));
            open.cell.finish();
        }
    });
    Handle {
        seat: None,
        name: BRANCH,
        run: None,
        cell,
        abort: Some(task.abort_handle()),
        arrival: None,
        types: PhantomData,
    }
}

/// A handle of something that has ended already.
pub(super) fn ended<T>(error: Error) -> Handle<T> {
    let cell = Cell::new();
    cell.claim_end();
    cell.put(Err(error));
    cell.finish();
    Handle { seat: None, name: "", run: None, cell, abort: None, arrival: None, types: PhantomData }
}

fn no_tokio() -> Error {
    Error::runtime(
        "`.start()` needs a tokio runtime: call it inside `#[tokio::main]` or `tokio::runtime::Runtime::block_on`",
    )
}

impl<T> Handle<T> {
    /// The handle of something in a scope.
    fn seated(seat: Seat, name: &'static str, cell: Arc<Cell>) -> Self {
        let run = Some(seat.scope().run.id);
        Self { seat: Some(seat), name, run, cell, abort: None, arrival: None, types: PhantomData }
    }

    /// The run that the call belongs to: its own, when it was started outside any body. `None` outside any run.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Cancels the call, unless it has ended. Awaiting the handle then gives
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn cancel(&self) {
        let Some(seat) = &self.seat else {
            if let Some(abort) = &self.abort {
                abort.abort();
            }
            return;
        };
        // An outcome that is recorded stands, in life as in replay.
        if seat.has_outcome() {
            return;
        }
        // Counted before anybody can see it end.
        seat.scope().count_leaving(true);
        if !self.cell.cancel() {
            seat.scope().count_leaving(false);
            return;
        }
        let run = &seat.scope().run;
        let recorded = RecordedError::message(ErrorKind::Cancelled, "it was cancelled through its handle");
        self.cell.put(Err(Error::recorded_at(self.name, run.id, recorded.clone())));
        seat.submit(Outcome::Error(Arc::new(recorded)), Durability::Buffered);
        self.cell.finish();
        seat.stop();
    }

    pub(super) fn upstream(&self) -> Upstream {
        Upstream { cell: self.cell.clone() }
    }

    /// Waits for a handle of another scope: its arrival takes a number here.
    fn arrival(seat: &Seat, cell: Arc<Cell>, here: Arc<Scope>) -> BoxFuture<'static, ()> {
        let call = prefix_digest("orch handle", "") ^ seat.key.digest();
        let mut ticket = Ticket::claim(here, &CallHash { call, former: Vec::new() });
        Box::pin(async move {
            let _ = std::future::poll_fn(|cx| cell.poll_done(cx)).await;
            ticket.end().await;
        })
    }
}

impl<T: 'static> Future for Handle<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(seat) = &mut this.seat else {
            let _ = ready!(this.cell.poll_done(cx));
            return Poll::Ready(this.cell.take());
        };
        if this.arrival.is_none() && !frame::is_asking(seat.scope()) && seat.scope().run.core.rules.arrivals {
            let here = frame::current().filter(|frame| Arc::ptr_eq(&frame.run, &seat.scope().run));
            this.arrival =
                here.map(|frame| Self::arrival(seat, this.cell.clone(), frame.open_scope().clone()));
        }
        match &mut this.arrival {
            Some(arrival) => ready!(arrival.as_mut().poll(cx)),
            None if frame::is_asking(seat.scope()) => {
                ready!(seat.poll_taken(cx));
                return Poll::Ready(this.cell.take());
            }
            // Outside any body there is no order to keep.
            None => {
                let _ = ready!(this.cell.poll_done(cx));
            }
        }
        seat.take_failure();
        Poll::Ready(this.cell.take())
    }
}

impl<T> std::fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("done", &self.cell.lock().done.is_some()).finish_non_exhaustive()
    }
}
