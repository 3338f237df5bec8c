//! One answer from the writer to whoever waits for it.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};

enum State<T> {
    Waiting(Option<Waker>),
    Answered(T),
    /// There is no answer any more: it was taken, or its sender is gone.
    Over,
}

struct Cell<T>(Mutex<State<T>>);

impl<T> Cell<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the answer and wakes who waits, without the lock.
    fn settle(&self, state: State<T>) {
        let before = std::mem::replace(&mut *self.lock(), state);
        if let State::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// Gives the answer.
pub(super) struct Ack<T>(Option<Arc<Cell<T>>>);

/// Waits for the answer; `None` when there will be none.
pub(super) struct Acked<T>(Arc<Cell<T>>);

/// Both ends.
pub(super) fn ack<T>() -> (Ack<T>, Acked<T>) {
    let cell = Arc::new(Cell(Mutex::new(State::Waiting(None))));
    (Ack(Some(cell.clone())), Acked(cell))
}

impl<T> Ack<T> {
    pub(super) fn answer(mut self, answer: T) {
        if let Some(cell) = self.0.take() {
            cell.settle(State::Answered(answer));
        }
    }
}

impl<T> Drop for Ack<T> {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.settle(State::Over);
        }
    }
}

impl<T> Future for Acked<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        if let State::Waiting(waker) = &mut *state {
            match waker {
                Some(known) => known.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, State::Over) {
            State::Answered(answer) => Poll::Ready(Some(answer)),
            State::Waiting(_) | State::Over => Poll::Ready(None),
        }
    }
}
