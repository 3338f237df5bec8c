//! The commit actor, its queue and its answers, as they are in the library, under thousands of schedules.
//!
//! Three things must hold in each: nothing is acknowledged before it is as durable as its sender asked, everybody
//! who waits is answered (a schedule in which nobody can go on is an error), and a failure reaches everybody from
//! then on.

#![expect(clippy::expect_used, reason = "a test in which something does not hold has to fail")]

#[path = "../../../orch-runtime/src/store/sled/ack.rs"]
mod ack;
#[path = "../../../orch-runtime/src/store/sled/actor.rs"]
mod actor;
#[path = "../../../orch-runtime/src/store/sled/queue.rs"]
mod queue;

/// What `sync.rs` of the library is there, with threads that are explored.
mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};

    /// The moment passes, or somebody calls.
    pub(super) fn wait_a_moment<'a, T>(
        bell: &Condvar,
        guard: MutexGuard<'a, T>,
    ) -> (MutexGuard<'a, T>, bool) {
        use shuttle::rand::Rng;
        if shuttle::rand::thread_rng().r#gen() {
            return (guard, true);
        }
        (bell.wait(guard).unwrap_or_else(PoisonError::into_inner), false)
    }
}

use std::collections::BTreeSet;

use ack::{Ack, Acked, ack};
use actor::{Actor, Answer, Backend, Inbox, Message, Need};
use queue::{Queue, Taken};
use shuttle::{future::block_on, thread};
use sync::{Arc, Mutex};

type End = Result<(), Fault>;
type ToActor = Message<Item, Ack<End>>;

/// Sender and place among its messages.
type Item = (usize, usize);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Fault;

impl Answer<Fault> for Ack<End> {
    fn answer(self, result: End) {
        Ack::answer(self, result);
    }
}

/// What a disk would hold.
#[derive(Default)]
struct Disk {
    written: BTreeSet<Item>,
    synced: BTreeSet<Item>,
    /// Operations left before one fails.
    good_for: Option<usize>,
    failed: bool,
    closed: bool,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Disk>>);

impl Shared {
    fn act(&self, act: impl FnOnce(&mut Disk)) -> End {
        let mut disk = self.0.lock().expect("no test panics with it");
        assert!(!disk.failed, "nothing is tried again after a failure");
        match &mut disk.good_for {
            Some(0) => {
                disk.failed = true;
                return Err(Fault);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        act(&mut disk);
        Ok(())
    }
}

impl Backend for Shared {
    type Item = Item;
    type Fault = Fault;

    fn write(&mut self, items: Vec<Item>) -> End {
        self.act(|disk| {
            for (sender, place) in items {
                let before: Vec<_> = disk.written.range((sender, 0)..(sender, usize::MAX)).collect();
                assert_eq!(before.len(), place, "in the order in which it was sent");
                disk.written.insert((sender, place));
            }
        })
    }
    fn sync(&mut self) -> End {
        self.act(|disk| disk.synced = disk.written.clone())
    }
    fn rest(&mut self) -> End {
        self.act(|_| {})
    }
    fn close(&mut self) -> End {
        self.act(|disk| {
            disk.synced = disk.written.clone();
            disk.closed = true;
        })
    }
    fn poisoned(&mut self, _: &Fault) {}
}

struct FromQueue(Arc<Queue<ToActor>>);

impl Inbox<ToActor> for FromQueue {
    fn take(&mut self, group: &mut Vec<ToActor>, impatient: bool) -> Taken {
        self.0.take(group, impatient)
    }
}

fn send(queue: &Queue<ToActor>, item: Option<Item>, need: Need) -> Acked<End> {
    let (ack, acked) = ack();
    queue.wait_for_room();
    assert!(queue.push(Message { item, need, answer: Some(ack) }, 1).is_ok(), "it is open");
    acked
}

/// A sender: buffered and durable messages by turns, and a barrier at the end.
fn sender(queue: &Queue<ToActor>, shared: &Shared, number: usize, messages: usize) {
    let mut waiting = Vec::new();
    for place in 0..messages {
        let need = if (place + number).is_multiple_of(2) { Need::Durable } else { Need::Written };
        let acked = send(queue, Some((number, place)), need);
        if place % 3 == 2 {
            // Who does not wait withdraws nothing.
            drop(acked);
        } else {
            waiting.push((Some((number, place)), need, acked));
        }
    }
    waiting.push((None, Need::Durable, send(queue, None, Need::Durable)));
    let mut failed = false;
    for (item, need, acked) in waiting {
        let end = block_on(acked).expect("everybody is answered");
        let disk = shared.0.lock().expect("no test panics with it");
        match (end, item) {
            (Ok(()), Some(item)) => {
                let holds = if need == Need::Durable { &disk.synced } else { &disk.written };
                assert!(holds.contains(&item), "{item:?} is acknowledged and not there");
            }
            (Ok(()), None) => {
                let own = disk.synced.range((number, 0)..(number, usize::MAX)).count();
                assert_eq!(own, messages, "the barrier stands behind everything");
            }
            (Err(Fault), _) => {
                assert!(disk.failed);
                failed = true;
                continue;
            }
        }
        // Writing may have failed for a later one only.
        assert!(!failed || need == Need::Written, "nothing is durable after a failure");
    }
}

fn explore(iterations: usize, limit: usize, good_for: Option<usize>) {
    let world = move || {
        let shared = Shared::default();
        shared.0.lock().expect("new").good_for = good_for;
        let queue = Arc::new(Queue::new(limit));
        let actor = {
            let (queue, shared) = (queue.clone(), shared.clone());
            thread::spawn(move || Actor::new(shared).run(FromQueue(queue)))
        };
        let senders: Vec<_> = (0..3)
            .map(|number| {
                let (queue, shared) = (queue.clone(), shared.clone());
                thread::spawn(move || sender(&queue, &shared, number, 3))
            })
            .collect();
        for sender in senders {
            sender.join().expect("it holds");
        }
        queue.close();
        actor.join().expect("it ends");
        let disk = shared.0.lock().expect("no test panics with it");
        assert!(disk.closed || disk.failed);
        assert!(disk.failed || disk.synced.len() == 9, "closing leaves nothing behind");
    };
    shuttle::check_random(world, iterations / 2);
    shuttle::check_pct(world, iterations / 2, 3);
}

/// More with `ORCH_TEST_SCHEDULES`.
fn iterations() -> usize {
    std::env::var("ORCH_TEST_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

#[test]
fn everybody_is_answered_when_it_holds() {
    explore(iterations(), usize::MAX, None);
}

#[test]
fn who_has_to_wait_for_room_gets_it() {
    explore(iterations(), 1, None);
}

#[test]
fn a_failure_reaches_everybody() {
    for good_for in 0..6 {
        explore(iterations() / 4, 2, Some(good_for));
    }
}

/// An actor that ends early, as with a panic, leaves nobody waiting.
#[test]
fn an_actor_that_is_gone_leaves_nobody_waiting() {
    let world = || {
        let queue: Arc<Queue<ToActor>> = Arc::new(Queue::new(1));
        let taker = {
            let queue = queue.clone();
            thread::spawn(move || {
                let mut group = Vec::new();
                queue.take(&mut group, false);
                queue.close();
                while queue.take(&mut group, false) == Taken::Some {
                    group.clear();
                }
            })
        };
        let senders: Vec<_> = (0..2)
            .map(|number| {
                let queue = queue.clone();
                thread::spawn(move || {
                    for place in 0..2 {
                        let (ack, acked) = ack();
                        queue.wait_for_room();
                        let message =
                            Message { item: Some((number, place)), need: Need::Durable, answer: Some(ack) };
                        drop(queue.push(message, 1));
                        assert_eq!(block_on(acked), None);
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().expect("it goes on"));
        taker.join().expect("it ends");
    };
    shuttle::check_random(world, iterations());
}
