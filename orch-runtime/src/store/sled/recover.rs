//! What an opening reads: names, the rows of runs that have not ended, and the log since the last checkpoint.

use std::{collections::hash_map::Entry, sync::Arc};

use rustc_hash::FxHashMap;

use super::{
    active::{Active, ended_row},
    blobs::Blobs,
    builder::SyncMode,
    db::{Db, Fault},
    facts::What,
    keys::{self, ACTIVE, CHECKPOINT, Place},
    log::Log,
    names::Names,
    pack::Pack,
    row, sealed,
    section::Sections,
    shared::{Dir, Shared},
    tail::Tail,
    wire::{Damaged, In},
};
use crate::{clock::Timestamp, id::RunId};

struct Checkpoint {
    /// The first pack that is not in any row.
    next: Place,
    last: Timestamp,
    skew: u64,
}

/// Opens what the database holds.
pub(super) fn recover(dir: Dir, db: Db, blobs: Blobs, mode: SyncMode) -> Result<(Arc<Shared>, Log), Fault> {
    let names = Names::load(&db)?;
    let checkpoint = checkpoint(&db)?;
    let tail = Tail::read(&db)?;
    let mut seen = Tail::new(Place::START);
    seen.follow(&tail);
    let shared = Shared::new(dir, db, blobs, names, seen, checkpoint.last, checkpoint.skew);
    for entry in shared.db.prefix(&[ACTIVE]) {
        let (key, stored) = entry?;
        let damaged = |damaged| Fault::damaged(&key, damaged);
        let content = sealed::content(&shared.db, &key, &stored)?;
        let run = keys::run_of(&key).map_err(damaged)?;
        let row = row::read(&content).map_err(damaged)?;
        // Parents come first: their ids are older.
        let family = shared.runs.family(run, &row.origin);
        shared.runs.insert(Arc::new(Active::stored(run, family, row)));
    }
    let mut replay = Replay { shared: &shared, next: checkpoint.next, dirty: FxHashMap::default(), packs: 0 };
    replay.last_before_checkpoint()?;
    let mut sections = Sections::from(&shared, checkpoint.next);
    while let Some(section) = sections.next()? {
        for pack in section.packs() {
            let (place, pack) = pack.map_err(|damaged| section.damaged(damaged))?;
            if place >= checkpoint.next {
                let pack = pack.open(Vec::new()).map_err(|damaged| section.damaged(damaged))?;
                replay.pack(place, pack)?;
            }
        }
    }
    let Replay { next, dirty, packs, .. } = replay;
    if shared.db.reached()?.is_some_and(|reached| next < reached) {
        return Err(Fault::damaged(&next.key(), Damaged("its end is missing")));
    }
    let shared = Arc::new(shared);
    let log = Log::new(shared.clone(), mode, next, tail, dirty, packs);
    Ok((shared, log))
}

fn checkpoint(db: &Db) -> Result<Checkpoint, Fault> {
    let start = Checkpoint { next: Place::START, last: Timestamp::default(), skew: 0 };
    let Some(content) = sealed::get(db, CHECKPOINT)? else { return Ok(start) };
    let read = |read: &mut In<'_>| -> Result<Checkpoint, Damaged> {
        let next = Place { first: read.uint()?, nth: read.small()? };
        Ok(Checkpoint { next, last: Timestamp::from_micros(read.uint()?), skew: read.uint()? })
    };
    read(&mut In(&content)).map_err(|damaged| Fault::damaged(CHECKPOINT, damaged))
}

struct Replay<'s> {
    shared: &'s Shared,
    /// Where the next pack has to lie.
    next: Place,
    dirty: FxHashMap<RunId, Arc<Active>>,
    packs: usize,
}

impl Replay<'_> {
    /// The log has to reach to the checkpoint: a database that lost its tail does not say so.
    fn last_before_checkpoint(&self) -> Result<(), Fault> {
        if self.next == Place::START {
            return Ok(());
        }
        let mut reaches = false;
        if let Some(section) = self.shared.section_before(self.next)? {
            let mut packs = section.packs();
            while !reaches && packs.next().transpose().map_err(|damaged| section.damaged(damaged))?.is_some()
            {
                reaches = packs.place == self.next;
            }
        }
        let missing = || Fault::damaged(&self.next.key(), Damaged("its end is missing"));
        if reaches { Ok(()) } else { Err(missing()) }
    }

    fn pack(&mut self, place: Place, pack: Pack) -> Result<(), Fault> {
        let damaged = |what| Err(Fault::damaged(&place.key(), Damaged(what)));
        if place != self.next {
            return damaged("what comes before it is missing");
        }
        self.next = place.next(pack.events);
        self.packs += 1;
        let events = pack.facts.iter().filter(|fact| fact.what.events() > 0);
        if let Some(last) = events.map(|fact| fact.at).max() {
            self.shared.saw(last.max(self.shared.last()));
        }
        let Some(active) = self.run_of(&pack)? else { return Ok(()) };
        let mut written = active.written();
        match pack.number.cmp(&written.trail.packs()) {
            // The row was written after this pack.
            std::cmp::Ordering::Less => return Ok(()),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => return damaged("another part of its run is missing"),
        }
        let (mut standing, mut told) = (written.standing, std::mem::take(&mut written.told));
        pack.facts.iter().for_each(|fact| standing.fold(&mut told, fact));
        (written.standing, written.told) = (standing, told);
        let blocks = pack.facts.iter().filter_map(|fact| fact.what.task());
        written.trail.push(place, blocks.map(|task| task.0 / super::facts::BLOCK));
        let mut live = active.live();
        live.standing = standing;
        live.told = written.told.clone();
        drop(live);
        drop(written);
        if let Entry::Vacant(place) = self.dirty.entry(active.id) {
            place.insert(active);
        }
        Ok(())
    }

    /// The run in memory that a pack belongs to; none for a run that has ended.
    fn run_of(&self, pack: &Pack) -> Result<Option<Arc<Active>>, Fault> {
        if let Some(active) = self.shared.runs.get(pack.run) {
            return Ok(Some(active));
        }
        if let Some(What::Submitted(origin)) = pack.facts.first().map(|fact| &fact.what)
            && ended_row(&self.shared.db, pack.run)?.is_none()
        {
            let family = self.shared.runs.family(pack.run, origin);
            let active = Arc::new(Active::stored(
                pack.run,
                family,
                row::Row {
                    standing: super::standing::Standing::new(origin),
                    origin: (**origin).clone(),
                    told: super::standing::Told::default(),
                    trail: super::trail::Trail::default(),
                },
            ));
            active.written().stored = false;
            self.shared.runs.insert(active.clone());
            return Ok(Some(active));
        }
        match ended_row(&self.shared.db, pack.run)? {
            Some(row) if pack.number < row.trail.packs() => Ok(None),
            _ => Err(Fault::Damaged(format!("the row of run {} is missing", pack.run))),
        }
    }
}
