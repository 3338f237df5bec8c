//! Who waits for signals in a run that is under way, and which of them have come.
//!
//! The store has the signals. What is here is how they meet the waits: each goes to the wait for its address that was
//! written first among those that are being awaited. Nothing here outlives the process.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{RunShared, Stop};
use crate::{
    clock::Timestamp,
    codec::CodecError,
    id::TaskNumber,
    store::{Address, BoxFuture, Page, Signal},
};

/// Whether an encoded value is one of some type.
pub(crate) type Fits = fn(&[u8]) -> Result<(), CodecError>;

/// The waits and signals of one run.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Mail>);

#[derive(Default)]
struct Mail {
    /// How often somebody said that a signal came; the first time counts as one, for those from before.
    told: u64,
    /// How much of that was looked at in the store.
    seen: u64,
    reading: bool,
    /// The last signal that was read from the store.
    last: Option<u64>,
    untaken: BTreeMap<u64, Signal>,
    waits: BTreeMap<u64, Standing>,
    next_order: u64,
    /// `once` tasks whose bodies this process has started.
    bodies: BTreeSet<TaskNumber>,
}

/// A wait that is being awaited.
struct Standing {
    to: Address,
    /// Signals that were sent later than this are not for it.
    due: Option<Timestamp>,
    waker: Option<Waker>,
    /// For a task run: whether a value is one of its type.
    fits: Option<Fits>,
}

/// What a wait is told.
enum Answer {
    Taken(Signal),
    /// It has to look into the store.
    Read,
    Waits,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a wait that is written now.
    pub(super) fn order(&self) -> u64 {
        let mut mail = self.lock();
        mail.next_order += 1;
        mail.next_order
    }

    /// A signal for `to` is in the store.
    pub(crate) fn tell(&self, to: &Address) {
        let wakers = {
            let mut mail = self.lock();
            mail.told += 1;
            mail.wakers(|standing| standing.to == *to)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A signal that was taken is there again.
    pub(super) fn put_back(&self, signal: Signal) {
        let wakers = {
            let mut mail = self.lock();
            let wakers = mail.wakers(|standing| standing.to == signal.to);
            mail.untaken.insert(signal.number, signal);
            wakers
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What the task run's result has to be like, if it waits for a person to say it.
    pub(crate) fn expects(&self, task: TaskNumber) -> Option<Fits> {
        let mail = self.lock();
        mail.waits
            .values()
            .find(|standing| standing.to == Address::Task(task))
            .and_then(|standing| standing.fits)
    }

    /// Whether this process has started the task run's body.
    pub(crate) fn has_started(&self, task: TaskNumber) -> bool {
        self.lock().bodies.contains(&task)
    }

    pub(super) fn starts(&self, task: TaskNumber) {
        self.lock().bodies.insert(task);
    }

    /// The task run's outcome is recorded.
    pub(super) fn ends(&self, task: TaskNumber) {
        self.lock().bodies.remove(&task);
    }

    /// Whether anybody has sent anything to this run, or waited for it.
    pub(super) fn is_used(&self) -> bool {
        let mail = self.lock();
        mail.told > 0 || mail.last.is_some()
    }

    /// What the wait at `order` gets; it is woken when there may be more to get.
    fn ask(&self, order: u64, cx: &Context<'_>) -> Answer {
        let mut mail = self.lock();
        let unread = mail.seen <= mail.told && !mail.reading;
        let first = |standing: &Standing| {
            !mail.waits.iter().any(|(other, earlier)| *other < order && earlier.to == standing.to)
        };
        let Some(standing) = mail.waits.get(&order) else { return Answer::Waits };
        if !mail.reading && !unread && first(standing) {
            let in_time = |signal: &&Signal| standing.due.is_none_or(|due| signal.at <= due);
            let found = mail.untaken.values().filter(in_time).find(|signal| signal.to == standing.to);
            if let Some(signal) =
                found.map(|signal| signal.number).and_then(|number| mail.untaken.remove(&number))
            {
                return Answer::Taken(signal);
            }
        }
        let waker = cx.waker().clone();
        let before = mail.waits.get_mut(&order).and_then(|standing| standing.waker.replace(waker));
        mail.reading |= unread;
        drop(mail);
        drop(before);
        if unread { Answer::Read } else { Answer::Waits }
    }
}

impl Mail {
    fn wakers(&mut self, whom: impl Fn(&Standing) -> bool) -> Vec<Waker> {
        self.waits
            .values_mut()
            .filter(|standing| whom(standing))
            .filter_map(|standing| standing.waker.take())
            .collect()
    }
}

/// A wait's place among those of its run, until this is dropped.
struct Place<'a> {
    mailbox: &'a Mailbox,
    order: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Wakers are dropped when the lock is free: one may be the last that keeps a task, with waits of its own.
        let (_gone, wakers) = {
            let mut mail = self.mailbox.lock();
            let gone = mail.waits.remove(&self.order);
            let wakers = gone.as_ref().map(|gone| mail.wakers(|standing| standing.to == gone.to));
            (gone, wakers)
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Somebody reads the store for all; dropped before the end, another one has to.
struct Reading {
    run: Arc<RunShared>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        let wakers = {
            let mut mail = self.run.mailbox.lock();
            mail.reading = false;
            mail.wakers(|_| true)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Reads what has come since the last time.
async fn read(run: Arc<RunShared>) {
    let reading = Reading { run };
    let run = &reading.run;
    // A clock that tests move waits for the store.
    let _busy = run.core.clock.busy();
    let (told, after) = {
        let mail = run.mailbox.lock();
        (mail.told, mail.last)
    };
    match run.core.store.signals(run.id, Page { after, limit: usize::MAX }).await {
        Ok(signals) => {
            let mut mail = run.mailbox.lock();
            mail.seen = mail.seen.max(told + 1);
            mail.last = signals.last().map(|signal| signal.number).or(mail.last);
            mail.untaken.extend(signals.into_iter().map(|signal| (signal.number, signal)));
        }
        Err(error) => {
            // Whoever waits is stopped with the run, and asks no more until then.
            run.mailbox.lock().seen = u64::MAX;
            run.stop(Stop::Store(error));
        }
    }
}

/// Whom a wait is for.
pub(super) struct Whom {
    /// Its place among the waits of its run.
    pub(super) order: u64,
    pub(super) to: Address,
    pub(super) fits: Option<Fits>,
}

/// Waits for a signal; `None` when `due` comes first. `rests` is called when there is nothing to be had at once.
pub(super) async fn take(
    run: &Arc<RunShared>,
    whom: Whom,
    due: Option<Timestamp>,
    rests: impl FnOnce(),
) -> Option<Signal> {
    let Whom { order, to, fits } = whom;
    let (mailbox, clock) = (&run.mailbox, &run.core.clock);
    let mut waits = Some(Standing { to, due, waker: None, fits });
    let _place = Place { mailbox, order };
    let mut timer: Option<BoxFuture<'static, ()>> = None;
    let mut reads: Option<BoxFuture<'static, ()>> = None;
    let mut rests = Some(rests);
    std::future::poll_fn(|cx| {
        if let Some(standing) = waits.take() {
            // All that are polled together are there before the first of them is served.
            mailbox.lock().waits.insert(order, standing);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Some(reading) = &mut reads {
                std::task::ready!(reading.as_mut().poll(cx));
                reads = None;
            }
            match mailbox.ask(order, cx) {
                Answer::Taken(signal) => return Poll::Ready(Some(signal)),
                Answer::Read => reads = Some(Box::pin(read(run.clone()))),
                Answer::Waits => break,
            }
        }
        if mailbox.lock().reading {
            return Poll::Pending;
        }
        if let Some(due) = due {
            let clock = clock.clone();
            let timer = timer
                .get_or_insert_with(|| Box::pin(async move { clock.sleep(due.since(clock.now())).await }));
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
        }
        if let Some(rests) = rests.take() {
            rests();
        }
        Poll::Pending
    })
    .await
}
