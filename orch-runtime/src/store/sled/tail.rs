//! The tail of the log: the newest packs while they are too few for a section.
//!
//! Each lies under the key of a slot. When they are enough for a section, they are written as one, and the slots are
//! used again from the first on. So no entry of the log is ever removed or changed, and a slot that is left over from
//! before is told by its place, which lies before the end of the log.

use super::{
    db::{Db, Fault},
    keys::{self, Place},
    pack::Sealed,
    sealed,
    section::{self, ENOUGH, Section},
    wire::{Damaged, In, Out},
};

/// A pack of more than this does not wait for others.
const ALONE: usize = ENOUGH / 2;

/// The most packs that wait.
const SLOTS: u8 = 128;

/// The packs of the tail.
#[derive(Debug)]
pub(super) struct Tail {
    /// Where the first of them lies.
    start: Place,
    /// All of them, in the form of a section.
    bytes: Vec<u8>,
    packs: u8,
    /// The slots that are not written yet, with what comes into them.
    waiting: Vec<(u8, Vec<u8>)>,
}

impl Tail {
    pub(super) fn new(start: Place) -> Self {
        Self { start, bytes: Vec::new(), packs: 0, waiting: Vec::new() }
    }

    /// Adds a pack, which lies at `place`, where the log ends; with it the log ends at `end`.
    pub(super) fn put(&mut self, batch: &mut sled::Batch, place: Place, end: Place, pack: &[u8]) {
        let alone = pack.len() > ALONE;
        if alone || self.bytes.len() + pack.len() > ENOUGH || self.packs == SLOTS {
            self.join(batch, place);
        }
        section::push(&mut self.bytes, pack);
        if alone {
            self.join(batch, end);
            return;
        }
        let mut out = Out(Vec::with_capacity(pack.len() + 16));
        out.uint(place.first);
        out.uint(u64::from(place.nth));
        out.raw(pack);
        self.waiting.push((self.packs, out.0));
        self.packs += 1;
    }

    /// Writes what is there as a section; the log goes on at `end`.
    fn join(&mut self, batch: &mut sled::Batch, end: Place) {
        if !self.bytes.is_empty() {
            sealed::insert(batch, self.start.key(), &self.bytes);
        }
        self.start = end;
        self.bytes.clear();
        self.waiting.clear();
        self.packs = 0;
    }

    /// Adds the slots of what was put in and not joined to the batch.
    pub(super) fn settle(&mut self, batch: &mut sled::Batch) {
        for (slot, content) in self.waiting.drain(..) {
            sealed::insert(batch, keys::slot(slot), &content);
        }
    }

    /// Becomes the same as another.
    pub(super) fn follow(&mut self, other: &Self) {
        self.start = other.start;
        self.bytes.clone_from(&other.bytes);
        self.packs = other.packs;
    }

    /// What is there, as a section, if `place` lies in it or behind.
    pub(super) fn section(&self, place: Place) -> Option<Section> {
        (self.start <= place).then(|| Section::new(self.start, self.bytes.clone()))
    }

    /// The tail as it is stored.
    pub(super) fn read(db: &Db) -> Result<Self, Fault> {
        let end = Section::last(db)?.map_or(Ok(Place::START), |section| section.end())?;
        let mut tail = Self::new(end);
        let mut place = end;
        for entry in db.prefix(&[keys::SLOT]) {
            let (key, stored) = entry?;
            let content = sealed::content(db, &key, &stored)?;
            let damaged = |damaged| Fault::damaged(&key, damaged);
            let mut read = In(&content);
            let of = |read: &mut In<'_>| Ok(Place { first: read.uint()?, nth: read.small()? });
            let here = of(&mut read).map_err(damaged)?;
            if here < end {
                continue;
            }
            if here != place || *key != *keys::slot(tail.packs) {
                return Err(damaged(Damaged("what comes before it is missing")));
            }
            place = place.next(Sealed::read(read.0).map_err(damaged)?.events);
            section::push(&mut tail.bytes, read.0);
            tail.packs += 1;
        }
        Ok(tail)
    }
}
