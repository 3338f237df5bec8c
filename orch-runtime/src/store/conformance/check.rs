//! How a part says what it expected and what it found.

use std::{
    fmt::Debug,
    future::poll_fn,
    task::{Context, Poll, Waker},
};

use crate::store::{BoxFuture, Committed, StoreError};

/// What a part found out; the text names what was asked, what was expected and what was found.
pub(super) type Checked<T = ()> = Result<T, String>;

/// More pages than any list here has: one whose pages do not advance must not be read for ever.
pub(super) const PAGES: usize = 20;

/// `found` has to be `expected`.
pub(super) fn equal<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Checked {
    if found == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}

/// `holds` has to be true; `expected` says in words what it stands for.
pub(super) fn holds(what: &str, expected: &str, holds: bool, found: impl Debug) -> Checked {
    if holds { Ok(()) } else { Err(format!("{what}: expected {expected}, found {found:?}")) }
}

/// An answer where the store must not fail.
pub(super) fn answer<T>(what: &str, answer: Result<T, StoreError>) -> Checked<T> {
    answer.map_err(|error| format!("{what}: expected an answer, found the error {error:?}"))
}

/// An answer that has to be there.
pub(super) fn some<T>(what: &str, found: Option<T>) -> Checked<T> {
    found.ok_or_else(|| format!("{what}: expected one, found none"))
}

/// The commit has to end like this.
pub(super) fn committed(what: &str, found: Result<Committed, StoreError>, expected: Committed) -> Checked {
    equal(what, answer(what, found)?, expected)
}

/// The commit has to be an error.
pub(super) fn refused<T: Debug>(what: &str, found: Result<T, StoreError>) -> Checked {
    match found {
        Err(_) => Ok(()),
        Ok(found) => Err(format!("{what}: expected an error, found {found:?}")),
    }
}

/// The future must not be ready yet.
pub(super) fn waits(what: &str, future: &mut BoxFuture<'_, ()>) -> Checked {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => Ok(()),
        Poll::Ready(()) => Err(format!("{what}: expected to wait, found resolved")),
    }
}

/// Polls all futures until all have ended. Whenever one has, all before it must have ended too.
pub(super) async fn in_order<F: Future + Unpin>(what: &str, mut futures: Vec<F>) -> Checked<Vec<F::Output>> {
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        // From the last to the first: what ended out of turn is seen before what should have ended earlier.
        let mut last_ended = None;
        for position in (0..futures.len()).rev() {
            if outputs[position].is_some() {
                continue;
            }
            match (
                std::pin::Pin::new(&mut futures[position]).poll(cx),
                last_ended,
            ) {
                (Poll::Ready(output), _) => {
                    outputs[position] = Some(output);
                    last_ended = last_ended.or(Some(position));
                }
                (Poll::Pending, None) => {}
                (Poll::Pending, Some(last)) => {
                    return Poll::Ready(Err(format!(
                        "{what}: expected the order of the calls, found number {last} ended before number {position}"
                    )));
                }
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(Ok(outputs.drain(..).flatten().collect()))
        } else {
            Poll::Pending
        }
    })
    .await
}
