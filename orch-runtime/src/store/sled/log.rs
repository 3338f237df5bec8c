//! The writer's side: groups of changes become packs, rows and one batch.

use std::sync::{Arc, atomic::Ordering};

use rustc_hash::FxHashMap;

use super::{
    active::{Active, Written},
    actor::Backend,
    builder::SyncMode,
    db::Fault,
    keys::{self, Place},
    pack, row, sealed,
    section::ENOUGH,
    shared::{Item, RunItem, Shared},
    tail::Tail,
    wire::Out,
};
use crate::id::RunId;

/// A checkpoint comes after this many packs or bytes: it bounds what an opening has to read.
const PACKS: usize = if cfg!(test) { 32 } else { 4_096 };
const BYTES: usize = 4 << 20;

/// Writes the log.
pub(super) struct Log {
    shared: Arc<Shared>,
    mode: SyncMode,
    /// Where the next pack goes.
    next: Place,
    /// The end of the log, ahead of the one that readers see.
    tail: Tail,
    /// Runs with something new since their row was written.
    dirty: FxHashMap<RunId, Arc<Active>>,
    packs: usize,
    bytes: usize,
    skew: u64,
}

/// Items that may share packs.
struct Stretch {
    /// Which of the group's runs they belong to.
    run: usize,
    items: Vec<RunItem>,
}

impl Log {
    pub(super) fn new(
        shared: Arc<Shared>,
        mode: SyncMode,
        next: Place,
        tail: Tail,
        dirty: FxHashMap<RunId, Arc<Active>>,
        packs: usize,
    ) -> Self {
        let skew = shared.skew.get();
        Self { shared, mode, next, tail, dirty, packs, bytes: 0, skew }
    }

    /// Puts items of one run together, in packs that are no longer than a section.
    fn pack(&mut self, batch: &mut sled::Batch, active: &Active, items: &[RunItem], written: &mut Written) {
        let run = active.id;
        let mut rest = items;
        while !rest.is_empty() {
            let mut size = rest[0].encoded.bytes.len();
            let more = rest[1..].iter().take_while(|item| {
                size += item.encoded.bytes.len();
                size <= ENOUGH
            });
            let (now, later) = rest.split_at(1 + more.count());
            rest = later;
            let events = now.iter().map(|item| item.encoded.events).sum();
            let size = now.iter().map(|item| item.encoded.bytes.len()).sum();
            let mut out = pack::begin(run, written.trail.packs(), events, size);
            for item in now {
                out.raw(&item.encoded.bytes);
                written.standing = item.standing;
                if let Some(told) = &item.told {
                    written.told = (**told).clone();
                }
            }
            if written.trail.packs() == 0
                && let Some(key) = active.given_key()
            {
                sealed::insert(batch, key, run.as_uuid().as_bytes());
            }
            written.trail.push(self.next, now.iter().flat_map(|item| item.encoded.blocks.iter().copied()));
            written.messages += now.len() as u64;
            let place = self.next;
            self.next = place.next(events);
            self.tail.put(batch, place, self.next, &out.0);
            self.packs += 1;
            self.bytes += out.0.len();
        }
    }

    /// Adds the row and the index of a run that has ended, and takes away what it had before.
    fn end(&self, batch: &mut sled::Batch, active: &Active, written: &mut Written) -> Result<(), Fault> {
        let state = written.standing.state;
        if written.stored {
            sealed::remove(&self.shared.db, batch, keys::active(active.id))?;
            written.stored = false;
        }
        if written.indexed.is_none() {
            for prefix in indexes(active, state) {
                batch.insert(keys::indexed(prefix, active.id), &[]);
            }
            written.indexed = Some(state);
        }
        written.trail.spill(active.id, batch);
        let content = row::write(&active.origin, &written.standing, &written.told, &written.trail);
        sealed::insert(batch, keys::ended(active.id), &content);
        Ok(())
    }

    /// Adds the row of a run that has not ended.
    fn store_active(
        &self,
        batch: &mut sled::Batch,
        active: &Active,
        written: &mut Written,
    ) -> Result<(), Fault> {
        if let Some(state) = written.indexed.take() {
            // It had ended, and is executed again.
            self.shared.reopened.fetch_add(1, Ordering::AcqRel);
            sealed::remove(&self.shared.db, batch, keys::ended(active.id))?;
            indexes(active, state)
                .into_iter()
                .for_each(|prefix| batch.remove(keys::indexed(prefix, active.id)));
        }
        written.trail.spill(active.id, batch);
        let content = row::write(&active.origin, &written.standing, &written.told, &written.trail);
        // A shorter row than before leaves parts behind, which the next longer one takes up again.
        sealed::insert(batch, keys::active(active.id), &content);
        written.stored = true;
        Ok(())
    }

    /// Adds a checkpoint: what comes before is not read when the store is opened.
    fn checkpoint<'a>(
        &mut self,
        batch: &mut sled::Batch,
        dirty: impl Iterator<Item = (&'a Active, &'a mut Written)>,
    ) -> Result<(), Fault> {
        for (active, written) in dirty {
            self.store_active(batch, active, written)?;
        }
        let mut out = Out::default();
        out.uint(self.next.first);
        out.uint(u64::from(self.next.nth));
        out.uint(self.shared.last().as_micros());
        out.uint(self.skew);
        sealed::insert(batch, keys::CHECKPOINT.to_vec(), &out.0);
        (self.packs, self.bytes) = (0, 0);
        Ok(())
    }

    /// The runs that a checkpoint has to store.
    fn take_dirty(&mut self) -> Vec<Arc<Active>> {
        self.dirty.drain().map(|(_, active)| active).collect()
    }
}

/// What the keys of a run's index begin with.
fn indexes(active: &Active, state: crate::state::RunState) -> Vec<Vec<u8>> {
    let name = active.origin.name;
    let mut prefixes = vec![keys::by_state(state), keys::by_name(name, state)];
    prefixes.extend(active.origin.tags.iter().map(|tag| keys::by_tag_and_name(tag, name, state)));
    prefixes
}

/// The runs of a group, and its items in stretches of one run each. Items of one run come together, unless
/// another run of its family comes in between: a caller and the run that it called are told of in their order.
fn by_run(items: Vec<RunItem>) -> (Vec<Arc<Active>>, Vec<Stretch>) {
    let mut places: FxHashMap<RunId, (usize, usize)> = FxHashMap::default();
    let mut last_of_family: FxHashMap<RunId, usize> = FxHashMap::default();
    let mut runs: Vec<Arc<Active>> = Vec::new();
    let mut stretches: Vec<Stretch> = Vec::new();
    for item in items {
        let (id, family) = (item.active.id, item.active.family);
        let (run, stretch) = *places.entry(id).or_insert_with(|| {
            runs.push(item.active.clone());
            (runs.len() - 1, usize::MAX)
        });
        if last_of_family.get(&family) == Some(&stretch) {
            stretches[stretch].items.push(item);
            continue;
        }
        let stretch = stretches.len();
        stretches.push(Stretch { run, items: vec![item] });
        places.insert(id, (run, stretch));
        last_of_family.insert(family, stretch);
    }
    (runs, stretches)
}

impl Backend for Log {
    type Item = Item;
    type Fault = Fault;

    fn write(&mut self, items: Vec<Item>) -> Result<(), Fault> {
        let shared = self.shared.clone();
        let mut starters = Vec::new();
        let items: Vec<RunItem> = items
            .into_iter()
            .filter_map(|item| {
                starters.extend(item.starter);
                item.run
            })
            .collect();
        for (_, value) in items.iter().flat_map(|item| &item.encoded.large) {
            shared.blobs.put(value)?;
        }
        let mut batch = sled::Batch::default();
        shared.names.store_new(&mut batch);
        let (runs, stretches) = by_run(items);
        let mut untouched = Vec::new();
        let mut ended = Vec::new();
        {
            // Held until the batch is applied: readers must not be led to what is not in the tree yet.
            let mut guards: Vec<_> = runs.iter().map(|active| active.written()).collect();
            for stretch in &stretches {
                self.pack(&mut batch, &runs[stretch.run], &stretch.items, &mut guards[stretch.run]);
            }
            for (active, written) in runs.iter().zip(&mut guards) {
                if written.standing.state.is_final() {
                    self.end(&mut batch, active, written)?;
                    self.dirty.remove(&active.id);
                    ended.push(active.clone());
                } else if written.indexed.is_some() {
                    self.store_active(&mut batch, active, written)?;
                } else {
                    self.dirty.insert(active.id, active.clone());
                }
            }
            let skew = shared.skew.get();
            let due = self.packs >= PACKS || self.bytes >= BYTES || skew != self.skew;
            if due {
                self.skew = skew;
                runs.iter().for_each(|active| drop(self.dirty.remove(&active.id)));
                untouched = self.take_dirty();
            }
            let mut more: Vec<_> = untouched.iter().map(|active| active.written()).collect();
            if due {
                let now = runs.iter().map(|active| &**active).zip(guards.iter_mut().map(|g| &mut **g));
                let now = now.filter(|(_, written)| !written.standing.state.is_final());
                let then = untouched.iter().map(|active| &**active).zip(more.iter_mut().map(|g| &mut **g));
                self.checkpoint(&mut batch, now.chain(then))?;
            }
            for rows in &starters {
                rows.write(&shared.db, &mut batch)?;
            }
            self.tail.settle(&mut batch);
            shared.db.apply(batch)?;
            shared.tail().follow(&self.tail);
        }
        shared.starters.written(&starters);
        if !ended.is_empty() {
            shared.runs.forget(ended.iter());
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        self.shared.db.flush()?;
        match self.mode {
            SyncMode::Fsync | SyncMode::Relaxed => self.shared.db.sync(self.next),
            SyncMode::Process => Ok(()),
        }
    }

    fn rest(&mut self) -> Result<(), Fault> {
        self.shared.db.flush()
    }

    fn close(&mut self) -> Result<(), Fault> {
        let shared = self.shared.clone();
        let mut batch = sled::Batch::default();
        shared.names.store_new(&mut batch);
        let dirty = self.take_dirty();
        let mut guards: Vec<_> = dirty.iter().map(|active| active.written()).collect();
        let rows = dirty.iter().map(|active| &**active).zip(guards.iter_mut().map(|guard| &mut **guard));
        self.checkpoint(&mut batch, rows)?;
        shared.db.apply(batch)?;
        shared.db.flush()?;
        shared.db.sync(self.next)
    }

    fn poisoned(&mut self, fault: &Fault) {
        self.shared.poison(fault);
    }
}
