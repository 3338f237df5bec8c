//! Where the packs of a run lie, and which of them tell of which task runs.
//!
//! What was added since the last checkpoint stays here; a checkpoint writes it to rows of its own when it is much
//! and starts anew, so that neither memory nor a checkpoint grows with the length of a run.

use std::collections::BTreeMap;

use super::{
    db::{Db, Fault},
    keys::{self, Place},
    sealed,
    wire::{Damaged, In, Out},
};
use crate::id::RunId;

/// More packs than this do not stay in the run's own row.
const INLINE: usize = if cfg!(test) { 6 } else { 64 };

/// The most places in one row.
const CHUNK: usize = if cfg!(test) { 4 } else { 512 };

/// The packs of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    /// The first pack that is told of here; those before it are in rows of their own.
    first: u32,
    places: Vec<Place>,
    blocks: BTreeMap<u32, Vec<u32>>,
}

impl Trail {
    /// How many packs the run has: the number of the next one.
    pub(super) fn packs(&self) -> u32 {
        self.first + self.places.len() as u32
    }

    pub(super) fn push(&mut self, place: Place, blocks: impl IntoIterator<Item = u32>) {
        let number = self.packs();
        self.places.push(place);
        for block in blocks {
            let packs = self.blocks.entry(block).or_default();
            if packs.last() != Some(&number) {
                packs.push(number);
            }
        }
    }

    /// Moves everything to rows of its own, where it is more than a run's row should hold.
    pub(super) fn spill(&mut self, run: RunId, batch: &mut sled::Batch) {
        if self.places.len() <= INLINE {
            return;
        }
        let mut first = self.first;
        for chunk in self.places.chunks(CHUNK) {
            let mut out = Out::default();
            write_places(&mut out, chunk);
            sealed::insert(batch, keys::places(run, first), &out.0);
            first += chunk.len() as u32;
        }
        for (block, packs) in &self.blocks {
            let mut out = Out::default();
            write_rising(&mut out, packs);
            sealed::insert(batch, keys::block_from(run, *block, packs[0]), &out.0);
        }
        *self = Self { first, ..Self::default() };
    }

    /// Where pack `number` lies.
    pub(super) fn place(&self, db: &Db, run: RunId, number: u32) -> Result<Place, Fault> {
        if let Some(place) = self.recent(number) {
            return Ok(place);
        }
        let (first, places) = Self::spilled(db, run, number)?;
        number
            .checked_sub(first)
            .and_then(|nth| places.get(nth as usize).copied())
            .ok_or_else(|| missing(run))
    }

    /// Where pack `number` lies, if that is told of here.
    pub(super) fn recent(&self, number: u32) -> Option<Place> {
        self.places.get(number.checked_sub(self.first)? as usize).copied()
    }

    /// The places around pack `number`, which lie in a row of their own, and the number of the first of them.
    pub(super) fn spilled(db: &Db, run: RunId, number: u32) -> Result<(u32, Vec<Place>), Fault> {
        let key = keys::places(run, number);
        let (key, stored) = db.at_or_before(key)?.ok_or_else(|| missing(run))?;
        let first = key.strip_prefix(&keys::places(run, 0)[..17]).and_then(|tail| tail.try_into().ok());
        let first = u32::from_be_bytes(first.ok_or_else(|| missing(run))?);
        let content = sealed::content(db, &key, &stored)?;
        let places = read_places(&mut In(&content)).map_err(|damaged| Fault::damaged(&key, damaged))?;
        Ok((first, places))
    }

    /// The numbers of the packs that tell of a block of task runs, in order.
    pub(super) fn of_block(&self, db: &Db, run: RunId, block: u32) -> Result<Vec<u32>, Fault> {
        let mut packs = Vec::new();
        if self.first > 0 {
            for entry in db.prefix(&keys::block(run, block)) {
                let (key, stored) = entry?;
                let content = sealed::content(db, &key, &stored)?;
                let spilled =
                    read_rising(&mut In(&content)).map_err(|damaged| Fault::damaged(&key, damaged))?;
                // What a checkpoint has moved there since this was copied is told of here too.
                packs.extend(spilled.into_iter().filter(|pack| *pack < self.first));
            }
        }
        packs.extend(self.blocks.get(&block).into_iter().flatten());
        Ok(packs)
    }

    pub(super) fn write(&self, out: &mut Out) {
        out.uint(u64::from(self.first));
        write_places(out, &self.places);
        out.uint(self.blocks.len() as u64);
        for (block, packs) in &self.blocks {
            out.uint(u64::from(*block));
            write_rising(out, packs);
        }
    }

    pub(super) fn read(read: &mut In<'_>) -> Result<Self, Damaged> {
        let mut trail = Self { first: read.small()?, places: read_places(read)?, ..Self::default() };
        for _ in 0..read.uint()? {
            trail.blocks.insert(read.small()?, read_rising(read)?);
        }
        Ok(trail)
    }
}

pub(super) fn missing(run: RunId) -> Fault {
    Fault::Damaged(format!("the place of a part of run {run} is missing"))
}

/// Rising numbers, as the differences between them.
fn write_rising(out: &mut Out, numbers: &[u32]) {
    out.uint(numbers.len() as u64);
    let mut before = 0;
    for number in numbers {
        out.uint(u64::from(number - before));
        before = *number;
    }
}

fn read_rising(read: &mut In<'_>) -> Result<Vec<u32>, Damaged> {
    let mut numbers = Vec::new();
    let mut before = 0u32;
    for _ in 0..read.uint()? {
        before = before.checked_add(read.small()?).ok_or(Damaged("a number is too large"))?;
        numbers.push(before);
    }
    Ok(numbers)
}

/// Places, as the differences between them; most are the first at their event.
fn write_places(out: &mut Out, places: &[Place]) {
    out.uint(places.len() as u64);
    let mut before = 0;
    for place in places {
        out.uint((place.first - before) << 1 | u64::from(place.nth > 0));
        if place.nth > 0 {
            out.uint(u64::from(place.nth));
        }
        before = place.first;
    }
}

fn read_places(read: &mut In<'_>) -> Result<Vec<Place>, Damaged> {
    let mut places = Vec::new();
    let mut first = 0u64;
    for _ in 0..read.uint()? {
        let step = read.uint()?;
        first = first.checked_add(step >> 1).ok_or(Damaged("a number is too large"))?;
        places.push(Place { first, nth: if step & 1 == 1 { read.small()? } else { 0 } });
    }
    Ok(places)
}
