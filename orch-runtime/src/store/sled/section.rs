//! Sections of the log: packs of any runs that lie one behind the other, under the key of the first.
//!
//! sled holds some 240 bytes in memory for every page, and a page that is appended to ends with 8 or 9 values, however
//! small they are. So a long run takes memory by the number of values it has, and small packs share one.

use std::ops::RangeBounds;

use super::{
    db::{Db, Fault},
    facts::Fact,
    keys::{LOG, Place},
    pack::{Pack, Sealed},
    sealed,
    shared::Shared,
    wire::{Damaged, In, Out},
};
use crate::id::RunId;

/// The most bytes of packs that are joined. The larger a section, the fewer pages there are, and the more memory those
/// take that sled keeps: at least one for each of the 256 parts of its cache, with 8 or 9 sections.
pub(super) const ENOUGH: usize = if cfg!(test) { 600 } else { 3_000 };

/// How often a section is asked for again when it is read. sled looks for pages to forget when those of a part of its
/// cache were asked for 64 times, so pages that are asked for once for each of their values pile up: seven in each part.
const AGAIN: usize = 7;

/// A section as it is read.
pub(super) struct Section {
    first: Place,
    bytes: Vec<u8>,
    /// Where the pack begins that was found last, in the section and in the log.
    found: (usize, Place),
}

/// The packs of a section in their order, each with its place.
pub(super) struct Packs<'a> {
    rest: In<'a>,
    /// Where the next one lies; behind the last, where the section ends.
    pub(super) place: Place,
}

/// Adds a pack to the bytes of a section.
pub(super) fn push(section: &mut Vec<u8>, pack: &[u8]) {
    let mut out = Out(std::mem::take(section));
    out.bytes(pack);
    *section = out.0;
}

impl Section {
    pub(super) fn new(first: Place, bytes: Vec<u8>) -> Self {
        Self { first, bytes, found: (0, first) }
    }

    fn of_entry(db: &Db, key: &[u8], stored: &[u8]) -> Result<Self, Fault> {
        for _ in 0..AGAIN {
            db.touch(key)?;
        }
        let first = Place::of(key).map_err(|damaged| Fault::damaged(key, damaged))?;
        Ok(Self::new(first, sealed::content(db, key, stored)?.into_owned()))
    }

    /// The section that begins here.
    fn at(db: &Db, first: Place) -> Result<Option<Self>, Fault> {
        let key = first.key();
        db.get(&key)?.map(|stored| Self::of_entry(db, &key, &stored)).transpose()
    }

    /// The last section that begins before or at a place.
    fn around(db: &Db, place: Place) -> Result<Option<Self>, Fault> {
        Self::last_in(db, vec![LOG]..=place.key())
    }

    /// The last section outside of the tail.
    pub(super) fn last(db: &Db) -> Result<Option<Self>, Fault> {
        Self::last_in(db, vec![LOG]..vec![LOG + 1])
    }

    fn last_in(db: &Db, keys: impl RangeBounds<Vec<u8>>) -> Result<Option<Self>, Fault> {
        let entry = db.range(keys).next_back().transpose()?;
        entry.map(|(key, stored)| Self::of_entry(db, &key, &stored)).transpose()
    }

    pub(super) fn packs(&self) -> Packs<'_> {
        Packs { rest: In(&self.bytes), place: self.first }
    }

    /// Where the section after this one begins.
    pub(super) fn end(&self) -> Result<Place, Fault> {
        let mut packs = self.packs();
        packs.try_for_each(|pack| pack.map(drop)).map_err(|damaged| self.damaged(damaged))?;
        Ok(packs.place)
    }

    pub(super) fn damaged(&self, damaged: Damaged) -> Fault {
        Fault::damaged(&self.first.key(), damaged)
    }

    /// The pack that lies at this place. Packs that are asked for one after the other are found at once.
    fn pack(&mut self, place: Place) -> Result<Option<Sealed<'_>>, Fault> {
        let (offset, before) = if self.found.1 <= place { self.found } else { (0, self.first) };
        let mut packs = Packs { rest: In(&self.bytes[offset..]), place: before };
        loop {
            let (here, left) = (packs.place, packs.rest.0.len());
            if here > place {
                return Ok(None);
            }
            match packs.next() {
                Some(Ok((_, pack))) if here == place => {
                    self.found = (self.bytes.len() - left, here);
                    return Ok(Some(pack));
                }
                Some(Ok(_)) => {}
                Some(Err(damaged)) => return Err(Fault::damaged(&self.first.key(), damaged)),
                None => return Ok(None),
            }
        }
    }
}

impl<'a> Iterator for Packs<'a> {
    type Item = Result<(Place, Sealed<'a>), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let pack = self.rest.bytes().and_then(Sealed::read);
        Some(pack.map(|pack| {
            let place = self.place;
            self.place = place.next(pack.events);
            (place, pack)
        }))
    }
}

/// Reads packs by their places, and keeps the section that was read last: most are asked for one after the other.
/// What it keeps cannot be wrong later: a section never changes, and the tail only gets more behind what is there.
#[derive(Default)]
pub(super) struct Reader(Option<Section>);

impl Reader {
    /// Pack `number` of a run, which lies at `place`. `facts` is empty, and may have room from another pack.
    pub(super) fn pack(
        &mut self,
        shared: &Shared,
        run: RunId,
        number: u32,
        place: Place,
        facts: Vec<Fact>,
    ) -> Result<Pack, Fault> {
        let damaged = |damaged| Fault::damaged(&place.key(), damaged);
        let known = match &mut self.0 {
            Some(section) => section.pack(place)?.is_some(),
            None => false,
        };
        if !known {
            self.0 = shared.section(place)?;
        }
        let pack = match &mut self.0 {
            Some(section) => section.pack(place)?,
            None => None,
        };
        let pack = pack.ok_or_else(|| damaged(Damaged("it is missing")))?;
        if pack.run != run || pack.number != number {
            return Err(damaged(Damaged("it belongs to another run")));
        }
        pack.open(facts).map_err(damaged)
    }
}

/// Sections from one on, up to the end of the log.
pub(super) struct Sections<'s> {
    shared: &'s Shared,
    next: Option<Place>,
    first: bool,
}

impl<'s> Sections<'s> {
    /// From the section on that holds this place.
    pub(super) fn from(shared: &'s Shared, place: Place) -> Self {
        Self { shared, next: Some(place), first: true }
    }

    pub(super) fn next(&mut self) -> Result<Option<Section>, Fault> {
        let Some(next) = self.next.take() else { return Ok(None) };
        if let Some(tail) = self.shared.tail().section(next) {
            return Ok(Some(tail));
        }
        let db = &self.shared.db;
        let section = if self.first { Section::around(db, next) } else { Section::at(db, next) };
        let Some(section) = section? else {
            return Err(Fault::damaged(&next.key(), Damaged("what comes before it is missing")));
        };
        self.first = false;
        self.next = Some(section.end()?);
        Ok(Some(section))
    }
}

impl Shared {
    /// The section that holds the pack before the one at this place.
    pub(super) fn section_before(&self, place: Place) -> Result<Option<Section>, Fault> {
        let tail = self.tail().section(place).filter(|tail| tail.first < place);
        match tail {
            Some(section) => Ok(Some(section)),
            None => Section::last_in(&self.db, vec![LOG]..place.key()),
        }
    }

    /// The section that a place lies in, if it lies in any.
    fn section(&self, place: Place) -> Result<Option<Section>, Fault> {
        let tail = self.tail().section(place);
        match tail {
            Some(section) => Ok(Some(section)),
            // What has left the tail came to the log before.
            None => Section::around(&self.db, place),
        }
    }
}
