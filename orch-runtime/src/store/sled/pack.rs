//! A pack: what one run changed at one moment. It lies in a [section](super::section) of the log.

use super::{
    decode,
    facts::Fact,
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

/// A pack whose facts are not read yet.
pub(super) struct Sealed<'a> {
    pub(super) run: RunId,
    pub(super) number: u32,
    pub(super) events: u64,
    facts: &'a [u8],
}

/// Begins a pack.
pub(super) fn begin(run: RunId, number: u32, events: u64, facts: usize) -> Out {
    let mut out = Out(Vec::with_capacity(facts + 24));
    out.raw(run.as_uuid().as_bytes());
    out.uint(u64::from(number));
    out.uint(events);
    out
}

impl<'a> Sealed<'a> {
    pub(super) fn read(pack: &'a [u8]) -> Result<Self, Damaged> {
        let mut read = In(pack);
        let run = RunId::from_bytes(read.array()?);
        let (number, events) = (read.small()?, read.uint()?);
        Ok(Self { run, number, events, facts: read.0 })
    }

    /// Reads the facts. `facts` is empty, and may have room from another pack.
    pub(super) fn open(&self, mut facts: Vec<Fact>) -> Result<Pack, Damaged> {
        decode::facts(self.facts, &mut facts)?;
        if facts.iter().map(|fact| fact.what.events()).sum::<u64>() != self.events {
            return Err(Damaged("it tells of more or fewer events than it says"));
        }
        Ok(Pack { run: self.run, number: self.number, events: self.events, facts })
    }
}
