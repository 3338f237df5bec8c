//! What the store, its writer and its readers share.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    ack::Ack,
    active::{Active, Runs, Slots, ended_row},
    actor::{Answer, Message, Need},
    blobs::Blobs,
    db::{Db, Fault},
    encode::Encoded,
    facts::{Held, Kept},
    names::Names,
    queue::Queue,
    standing::{Standing, Told},
    starters::{InLine, Rows},
    tail::Tail,
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::RunId,
    store::{Outcome, Run, StoreError},
};

/// Bytes that may wait for the writer before those who commit have to wait too.
const BACKLOG: usize = 64 << 20;

/// Ended runs of which it is remembered what was read: a run that reuses another one's records asks for a scope at
/// a time.
const READERS: usize = 4;

/// What the writer is given: a change of a run, of a starter, or of both, which are written as one then.
pub(super) struct Item {
    pub(super) run: Option<RunItem>,
    pub(super) starter: Option<Box<Rows>>,
}

impl Item {
    fn weight(&self) -> usize {
        let run = self.run.as_ref().map_or(0, |item| {
            let large = item.encoded.large.iter().map(|(_, value)| value.len());
            item.encoded.bytes.len() + large.sum::<usize>()
        });
        run + self.starter.as_ref().map_or(0, |rows| rows.weight())
    }
}

/// What a commit of a run hands to the writer.
pub(super) struct RunItem {
    pub(super) active: Arc<Active>,
    pub(super) encoded: Encoded,
    /// Where the run stands after it.
    pub(super) standing: Standing,
    /// What is told of the run after it, where that has changed.
    pub(super) told: Option<Box<Told>>,
}

/// How writing ended.
pub(super) type End = Result<(), Fault>;

pub(super) type ToWriter = Message<Item, Ack<End>>;

impl Answer<Fault> for Ack<End> {
    fn answer(self, result: End) {
        self.answer(result);
    }
}

/// The directory of a store, for messages.
#[derive(Clone)]
pub(super) struct Dir(pub(super) Arc<Path>);

impl Dir {
    pub(super) fn unwritable(&self, fault: &Fault) -> StoreError {
        let dir = self.0.display();
        let remedy = match fault {
            Fault::Io(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded, _) => {
                "free some space and start again"
            }
            Fault::Io(..) => "see to the disk and start again",
            Fault::Damaged(_) => "start again, and what is damaged is set aside",
        };
        StoreError::new(format!(
            "cannot write to `{dir}`: {fault}; {remedy}: everything that was acknowledged is kept, and runs that \
             were under way can be resumed"
        ))
        .caused_by(fault.clone())
    }

    /// What the writer's answer means for who waited.
    pub(super) fn end_of(&self, answer: Option<End>) -> Result<(), StoreError> {
        match answer {
            Some(Ok(())) => Ok(()),
            Some(Err(fault)) => Err(self.unwritable(&fault)),
            None => Err(StoreError::new(format!(
                "the writer of the store in `{}` has ended unexpectedly",
                self.0.display()
            ))),
        }
    }
}

/// The inside of an open store.
pub(super) struct Shared {
    pub(super) dir: Dir,
    pub(super) db: Db,
    pub(super) blobs: Blobs,
    pub(super) names: Names,
    pub(super) runs: Runs,
    pub(super) starters: InLine,
    pub(super) queue: Queue<ToWriter>,
    /// The end of the log, as readers see it.
    tail: Mutex<Tail>,
    /// The time of the last event.
    last: AtomicU64,
    /// See [`Skew`].
    pub(super) skew: Skew,
    /// How many runs have gone back from the ended ones.
    pub(super) reopened: AtomicU64,
    /// Ended runs whose past was read last, with what is known of their packs by now.
    readers: Mutex<VecDeque<Arc<Active>>>,
    /// Why nothing can be written any more.
    poison: OnceLock<Fault>,
}

impl Shared {
    pub(super) fn new(
        dir: Dir,
        db: Db,
        blobs: Blobs,
        names: Names,
        tail: Tail,
        last: Timestamp,
        skew: u64,
    ) -> Self {
        Self {
            dir,
            db,
            blobs,
            names,
            runs: Runs::default(),
            starters: InLine::default(),
            queue: Queue::new(BACKLOG),
            tail: Mutex::new(tail),
            last: AtomicU64::new(last.as_micros()),
            skew: Skew(AtomicU64::new(skew)),
            reopened: AtomicU64::new(0),
            readers: Mutex::default(),
            poison: OnceLock::new(),
        }
    }

    pub(super) fn last(&self) -> Timestamp {
        Timestamp::from_micros(self.last.load(Ordering::Relaxed))
    }

    pub(super) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn saw(&self, at: Timestamp) {
        self.last.store(at.as_micros(), Ordering::Relaxed);
    }

    pub(super) fn poison(&self, fault: &Fault) {
        let _ = self.poison.set(fault.clone());
    }

    /// An error once the store has failed.
    pub(super) fn healthy(&self) -> Result<(), StoreError> {
        match self.poison.get() {
            Some(fault) => Err(self.dir.unwritable(fault)),
            None => Ok(()),
        }
    }

    pub(super) fn unreadable(&self, fault: Fault) -> StoreError {
        StoreError::new(format!("cannot read from `{}`: {fault}", self.dir.0.display())).caused_by(fault)
    }

    /// Sends to the writer.
    pub(super) fn send(
        &self,
        item: Option<Item>,
        need: Need,
        answer: Option<Ack<End>>,
    ) -> Result<(), StoreError> {
        let weight = item.as_ref().map_or(0, Item::weight);
        let sent = self.queue.push(Message { item, need, answer }, weight + size_of::<ToWriter>());
        sent.map_err(|_| StoreError::new(format!("the store in `{}` is closed", self.dir.0.display())))
    }

    /// Resolves when everything that was sent before is written, or durable.
    pub(super) async fn barrier(&self, need: Need) -> Result<(), StoreError> {
        self.healthy()?;
        let (ack, acked) = super::ack::ack();
        self.send(None, need, Some(ack))?;
        self.dir.end_of(acked.await)
    }

    /// A run for somebody who reads its past, a scope at a time.
    pub(super) fn reader(&self, run: RunId) -> Result<Option<Arc<Active>>, Fault> {
        if let Some(active) = self.runs.get(run) {
            return Ok(Some(active));
        }
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(row) = ended_row(&self.db, run)? else { return Ok(None) };
        // One that was executed again since has more to tell.
        let known = readers.iter().position(|known| known.id == run);
        let known = known.and_then(|place| readers.remove(place));
        let reader = match known.filter(|known| known.written().trail.packs() == row.trail.packs()) {
            Some(known) => known,
            None => Arc::new(Active::ended(run, self.runs.family(run, &row.origin), row)),
        };
        readers.push_front(reader.clone());
        readers.truncate(READERS);
        Ok(Some(reader))
    }

    /// A run that has ended.
    pub(super) fn ended_run(&self, run: RunId) -> Result<Option<Arc<Active>>, Fault> {
        let row = ended_row(&self.db, run)?;
        Ok(row.map(|row| Arc::new(Active::ended(run, self.runs.family(run, &row.origin), row))))
    }

    /// Reads where each task run of a run stands that has not ended, after a start.
    pub(super) fn slots(&self, active: &Active) -> Result<Slots, Fault> {
        active.with_index(|index| {
            index.catch_up(self, active, |_| Ok(()))?;
            Ok(index.slots())
        })
    }

    pub(super) fn value(&self, held: &Held) -> Result<Bytes, Fault> {
        match held {
            Held::Here(value) => Ok(value.clone()),
            Held::Blob(id) => Ok(self.blobs.get(*id)?),
        }
    }

    pub(super) fn outcome(&self, kept: &Kept) -> Result<Outcome, Fault> {
        Ok(match kept {
            Kept::Value(held) => Outcome::Value(self.value(held)?),
            Kept::Error(error) => Outcome::Error(error.clone()),
            Kept::End => Outcome::End,
        })
    }

    /// A run as a reader sees it.
    pub(super) fn view(
        &self,
        id: RunId,
        origin: &super::facts::Origin,
        standing: &Standing,
        told: &Told,
    ) -> Result<Run, Fault> {
        let (value, error) = match &told.outcome {
            Some(Kept::Value(held)) => (Some(self.value(held)?), None),
            Some(Kept::Error(error)) => (None, Some(error.clone())),
            Some(Kept::End) | None => (None, None),
        };
        Ok(Run {
            id,
            given_id: origin.given_id.clone(),
            name: self.names.text(origin.name),
            kind: origin.kind,
            body_hash: origin.body_hash,
            label: origin.label.clone(),
            tags: origin.tags.iter().cloned().map(Into::into).collect(),
            trigger: origin.trigger,
            parent: origin.parent,
            reruns: origin.reruns.clone(),
            started_by: origin.started_by.clone(),
            state: standing.state,
            attempt: standing.attempt,
            deaths: standing.deaths,
            reason: told.reason.clone(),
            created: origin.created,
            started: standing.started,
            ended: standing.ended,
            counts: standing.counts(),
            value,
            error,
        })
    }
}

/// The most milliseconds by which the time in a run's id and the time of its creation differ, over all runs.
/// Lists go by ids; with this, one that asks for runs since a time knows where to stop.
pub(super) struct Skew(AtomicU64);

impl Skew {
    fn of(run: RunId) -> Option<u64> {
        let (seconds, nanos) = run.as_uuid().get_timestamp()?.to_unix();
        Some(seconds * 1_000 + u64::from(nanos) / 1_000_000)
    }

    /// Takes a new run in. Says whether there is more to store now.
    pub(super) fn saw(&self, run: RunId, created: Timestamp) -> bool {
        let differ = Self::of(run).map_or(u64::MAX, |id| id.abs_diff(created.as_micros() / 1_000));
        if differ <= self.0.load(Ordering::Relaxed) {
            return false;
        }
        // Rounded up, so that it grows a few times and not with every run.
        let rounded = differ.checked_next_power_of_two().unwrap_or(u64::MAX);
        self.0.fetch_max(rounded, Ordering::Relaxed) < rounded
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether neither this run nor any older one can have been created at `since` or later.
    pub(super) fn is_before(&self, run: RunId, since: Timestamp) -> bool {
        let latest = Self::of(run).and_then(|id| id.checked_add(self.get()));
        latest.is_some_and(|latest| latest < since.as_micros() / 1_000)
    }
}
