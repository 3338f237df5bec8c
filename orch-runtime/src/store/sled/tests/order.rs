//! What stands between a commit and its acknowledgement.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use super::super::{
    ack::{Ack, Acked, ack},
    actor::{Actor, Answer, Backend, Message, Need},
    db::Fault,
    log::Log,
    shared::Item,
};
use super::support::{Writer, block_on, new_run};
use crate::{
    id::TaskNumber,
    store::{Commit, Committed, Durability, NewRun, Page, SledStore, Store, SyncMode},
};

/// What happened, in its order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Sent,
    Written(usize),
    Synced,
    Acknowledged,
}

type Moments = Arc<Mutex<Vec<Moment>>>;

fn note(moments: &Moments, moment: Moment) {
    moments.lock().expect("not poisoned").push(moment);
}

/// Notes what the actor does to the log.
struct Noted(Log, Moments);

impl Backend for Noted {
    type Item = Item;
    type Fault = Fault;

    fn write(&mut self, items: Vec<Item>) -> Result<(), Fault> {
        let written = items.len();
        self.0.write(items)?;
        note(&self.1, Moment::Written(written));
        Ok(())
    }
    fn sync(&mut self) -> Result<(), Fault> {
        self.0.sync()?;
        note(&self.1, Moment::Synced);
        Ok(())
    }
    fn rest(&mut self) -> Result<(), Fault> {
        self.0.rest()
    }
    fn close(&mut self) -> Result<(), Fault> {
        self.0.close()
    }
    fn poisoned(&mut self, fault: &Fault) {
        self.0.poisoned(fault);
    }
}

fn noted(mode: SyncMode) -> (tempfile::TempDir, SledStore, Moments) {
    let dir = tempfile::tempdir().expect("a directory");
    let moments = Moments::default();
    let between = |log| Noted(log, moments.clone());
    let store = SledStore::builder(dir.path()).durability(mode).open_with(between).expect("a store");
    (dir, store, moments)
}

#[test]
fn each_of_a_thousand_is_synced_before_it_is_acknowledged() {
    block_on(async {
        let (_dir, store, moments) = noted(SyncMode::Fsync);
        let mut writer = Writer::submit(&store, new_run("test::flow")).await.expect("submitted");
        moments.lock().expect("not poisoned").clear();
        for _ in 0..1_000 {
            note(&moments, Moment::Sent);
            writer.durable_call(b"x").await.expect("committed");
            note(&moments, Moment::Acknowledged);
        }
        let one = [Moment::Sent, Moment::Written(1), Moment::Synced, Moment::Acknowledged];
        assert_eq!(*moments.lock().expect("not poisoned"), one.repeat(1_000));
    });
}

#[test]
fn a_thousand_that_wait_at_once_share_their_syncs() {
    block_on(async {
        let (_dir, store, moments) = noted(SyncMode::Fsync);
        let mut writer = Writer::submit(&store, new_run("test::flow")).await.expect("submitted");
        moments.lock().expect("not poisoned").clear();
        let mut commits: Vec<Commit> = Vec::new();
        for _ in 0..1_000 {
            let steps = writer.call(b"x");
            let change = writer.change(steps);
            commits.push(store.commit(change, Durability::Durable));
        }
        for commit in commits {
            assert_eq!(commit.await.expect("committed"), Committed::Applied);
        }
        let moments = moments.lock().expect("not poisoned");
        let syncs = moments.iter().filter(|moment| **moment == Moment::Synced).count();
        assert!(syncs < 100, "{syncs} syncs for 1,000 commits");
    });
}

#[test]
fn relaxed_commits_wait_for_nothing_and_a_flush_does() {
    block_on(async {
        let (_dir, store, moments) = noted(SyncMode::Relaxed);
        let mut writer = Writer::submit(&store, new_run("test::flow")).await.expect("submitted");
        for _ in 0..100 {
            writer.durable_call(b"x").await.expect("committed");
        }
        assert!(!moments.lock().expect("not poisoned").contains(&Moment::Synced));
        store.flush().await.expect("flushed");
        assert_eq!(moments.lock().expect("not poisoned").last(), Some(&Moment::Synced));
    });
}

/// A backend that does what it is told to.
#[derive(Default)]
struct Told {
    done: Vec<&'static str>,
    fails: Option<&'static str>,
}

impl Told {
    fn act(&mut self, what: &'static str) -> Result<(), &'static str> {
        self.done.push(what);
        if self.fails == Some(what) { Err(what) } else { Ok(()) }
    }
}

impl Backend for &mut Told {
    type Item = u32;
    type Fault = &'static str;

    fn write(&mut self, _: Vec<u32>) -> Result<(), &'static str> {
        self.act("write")
    }
    fn sync(&mut self) -> Result<(), &'static str> {
        self.act("sync")
    }
    fn rest(&mut self) -> Result<(), &'static str> {
        self.act("rest")
    }
    fn close(&mut self) -> Result<(), &'static str> {
        self.act("close")
    }
    fn poisoned(&mut self, _: &&'static str) {
        self.done.push("poisoned");
    }
}

type End = Result<(), &'static str>;

impl Answer<&'static str> for Ack<End> {
    fn answer(self, result: End) {
        Ack::answer(self, result);
    }
}

fn message(item: Option<u32>, need: Need) -> (Message<u32, Ack<End>>, Acked<End>) {
    let (ack, acked) = ack();
    (Message { item, need, answer: Some(ack) }, acked)
}

fn answer_of(acked: &mut Acked<End>) -> Option<End> {
    let mut cx = Context::from_waker(Waker::noop());
    match std::pin::Pin::new(acked).poll(&mut cx) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("there is no answer yet"),
    }
}

#[test]
fn a_failure_reaches_everybody_and_nothing_is_tried_again() {
    for fails in ["write", "sync"] {
        let mut backend = Told { fails: Some(fails), ..Told::default() };
        let mut actor = Actor::new(&mut backend);
        let (first, mut first_end) = message(Some(1), Need::Durable);
        let (second, mut second_end) = message(None, Need::Durable);
        actor.turn(&mut vec![first, second]);
        assert_eq!(
            (answer_of(&mut first_end), answer_of(&mut second_end)),
            (Some(Err(fails)), Some(Err(fails)))
        );
        let (later, mut later_end) = message(Some(2), Need::Written);
        actor.turn(&mut vec![later]);
        assert_eq!(answer_of(&mut later_end), Some(Err(fails)));
        let expected: &[_] =
            if fails == "write" { &["write", "poisoned"] } else { &["write", "sync", "poisoned"] };
        assert_eq!(backend.done, expected);
    }
}

#[test]
fn only_what_needs_the_disk_waits_for_it() {
    let mut backend = Told::default();
    let mut actor = Actor::new(&mut backend);
    let (buffered, mut end) = message(Some(1), Need::Written);
    actor.turn(&mut vec![buffered]);
    assert_eq!(answer_of(&mut end), Some(Ok(())));
    // What was written without a sync is made durable for the next one who needs it, also without an item.
    let (barrier, mut end) = message(None, Need::Durable);
    actor.turn(&mut vec![barrier]);
    assert_eq!(answer_of(&mut end), Some(Ok(())));
    let (again, mut end) = message(None, Need::Durable);
    actor.turn(&mut vec![again]);
    assert_eq!(answer_of(&mut end), Some(Ok(())));
    assert_eq!(backend.done, ["write", "sync"]);
}

#[test]
fn who_waits_for_an_actor_that_is_gone_is_told() {
    let (message, mut end) = message(Some(1), Need::Durable);
    drop(message);
    assert_eq!(answer_of(&mut end), None);
}

/// Runs that call each other are told of in the order of their commits, also when all of it is written at once;
/// others need not be.
#[test]
fn a_caller_and_what_it_called_keep_their_order() {
    block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let store = SledStore::open(dir.path()).expect("a store");
        for _ in 0..50 {
            let mut caller = Writer::submit(&store, new_run("test::caller")).await.expect("submitted");
            let child = NewRun { parent: Some((caller.run, TaskNumber(0))), ..new_run("test::called") };
            let mut called = Writer::submit(&store, child).await.expect("submitted");
            let mut commits = Vec::new();
            let mut expected = Vec::new();
            for turn in 0..20 {
                let writer = if turn % 3 == 0 { &mut called } else { &mut caller };
                let steps = writer.call(b"x");
                expected.extend([writer.run; 3]);
                let change = writer.change(steps);
                commits.push(store.commit(change, Durability::Durable));
            }
            for commit in commits {
                assert_eq!(commit.await.expect("committed"), Committed::Applied);
            }
            let events = store.events(Page::all()).await.expect("readable");
            let found: Vec<_> = events.iter().map(|event| event.run).collect();
            assert!(found.ends_with(&expected));
        }
    });
}
