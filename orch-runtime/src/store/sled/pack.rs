//! A pack: what one run changed at one moment, under one key of the log.

use super::{
    db::{Db, Fault},
    decode,
    facts::Fact,
    keys::Place,
    sealed,
    wire::{Damaged, In, Out},
};
use crate::id::RunId;

/// A pack as it is read.
pub(super) struct Pack {
    pub(super) run: RunId,
    /// Its number among the packs of its run, from 0 and without gaps.
    pub(super) number: u32,
    /// How many events it tells of.
    pub(super) events: u64,
    pub(super) facts: Vec<Fact>,
}

/// Begins the content of a pack.
pub(super) fn begin(run: RunId, number: u32, events: u64, facts: usize) -> Out {
    let mut out = Out(Vec::with_capacity(facts + 24));
    out.raw(run.as_uuid().as_bytes());
    out.uint(u64::from(number));
    out.uint(events);
    out
}

/// Reads a pack. `facts` is empty, and may have room from another one.
fn parse(content: &[u8], mut facts: Vec<Fact>) -> Result<Pack, Damaged> {
    let mut read = In(content);
    let run = RunId::from_bytes(read.array()?);
    let (number, events) = (read.small()?, read.uint()?);
    decode::facts(read.0, &mut facts)?;
    if facts.iter().map(|fact| fact.what.events()).sum::<u64>() != events {
        return Err(Damaged("it tells of more or fewer events than it says"));
    }
    Ok(Pack { run, number, events, facts })
}

/// The pack of an entry of the log.
pub(super) fn of_entry(db: &Db, key: &[u8], stored: &[u8]) -> Result<Pack, Fault> {
    let content = sealed::content(db, key, stored)?;
    parse(&content, Vec::new()).map_err(|damaged| Fault::damaged(key, damaged))
}

/// Pack `number` of a run, which lies at `place`.
pub(super) fn read(db: &Db, run: RunId, number: u32, place: Place) -> Result<Pack, Fault> {
    read_into(db, run, number, place, Vec::new())
}

/// The same with a list that is empty and may have room.
pub(super) fn read_into(
    db: &Db,
    run: RunId,
    number: u32,
    place: Place,
    facts: Vec<Fact>,
) -> Result<Pack, Fault> {
    let key = place.key();
    let damaged = |what| Fault::damaged(&key, Damaged(what));
    let stored = db.get(&key)?.ok_or_else(|| damaged("it is missing"))?;
    let content = sealed::content(db, &key, &stored)?;
    let pack = parse(&content, facts).map_err(|damaged| Fault::damaged(&key, damaged))?;
    if pack.run != run || pack.number != number {
        return Err(damaged("it belongs to another run"));
    }
    Ok(pack)
}
