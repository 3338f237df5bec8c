//! The way to the writer: many threads put in, one takes everything that is there.

use super::sync::{Condvar, Mutex, MutexGuard, PoisonError, wait_a_moment};

/// What is put in has a weight, and whoever would put in more waits while there is more than the limit.
pub(super) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    filled: Condvar,
    emptied: Condvar,
    limit: usize,
}

struct Inner<T> {
    items: Vec<T>,
    weight: usize,
    waiting: usize,
    closed: bool,
}

/// What a taker gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Something.
    Some,
    /// Nothing came for a moment.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

impl<T> Queue<T> {
    pub(super) fn new(limit: usize) -> Self {
        let inner = Inner { items: Vec::new(), weight: 0, waiting: 0, closed: false };
        Self { inner: Mutex::new(inner), filled: Condvar::new(), emptied: Condvar::new(), limit }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room. Not part of [`push`](Self::push), because who pushes holds a lock that the
    /// taker may need.
    pub(super) fn wait_for_room(&self) {
        let mut inner = self.lock();
        while inner.weight > self.limit && !inner.closed {
            inner.waiting += 1;
            inner = self.emptied.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.waiting -= 1;
        }
    }

    /// Puts in; gives the item back when nobody will take it.
    pub(super) fn push(&self, item: T, weight: usize) -> Result<(), T> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(item);
        }
        let was_empty = inner.items.is_empty();
        inner.items.push(item);
        inner.weight += weight;
        drop(inner);
        if was_empty {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Takes everything, in order, into an empty `group`; waits for something, but only for a moment where
    /// `impatient`.
    pub(super) fn take(&self, group: &mut Vec<T>, impatient: bool) -> Taken {
        let mut inner = self.lock();
        while inner.items.is_empty() {
            if inner.closed {
                return Taken::Closed;
            }
            if impatient {
                let passed;
                (inner, passed) = wait_a_moment(&self.filled, inner);
                if passed && inner.items.is_empty() && !inner.closed {
                    return Taken::Nothing;
                }
            } else {
                inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
        }
        std::mem::swap(&mut inner.items, group);
        inner.weight = 0;
        if inner.waiting > 0 {
            self.emptied.notify_all();
        }
        Taken::Some
    }

    /// Takes nothing more in. What is there is still taken out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }
}
