//! Runs in memory: those that have not ended, and ended ones that somebody still writes to.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use rustc_hash::FxHashMap;

use super::{
    db::{Db, Fault},
    facts::Origin,
    index::Index,
    keys::{self, NameId},
    row::{self, Row},
    sealed,
    standing::{Standing, Told},
    trail::Trail,
};

use crate::{
    id::{RunId, TaskNumber},
    state::{RunState, TaskState},
    store::{WorkerId, check::Moved},
};

/// A run in memory. Whoever commits moves `live`; the writer follows with `written` when it has written.
pub(super) struct Active {
    pub(super) id: RunId,
    pub(super) origin: Origin,
    /// The run at the top of those that called each other down to this one.
    pub(super) family: RunId,
    live: Mutex<Live>,
    written: Mutex<Written>,
    /// For who replays it.
    index: Mutex<Option<Box<Index>>>,
}

/// The run as everything that was committed has left it.
pub(super) struct Live {
    pub(super) standing: Standing,
    pub(super) told: Told,
    /// Where each task run stands that has not ended; `None` until it is read from the log.
    pub(super) slots: Option<Slots>,
    /// Messages sent to the writer so far.
    pub(super) sent: u64,
    /// Who has it, while that worker lives.
    pub(super) worker: Option<WorkerId>,
    /// It is not in the map any more.
    pub(super) gone: bool,
    /// Room for the check of a change.
    pub(super) moved: Vec<Moved>,
}

/// Task runs that have not ended: one that has takes no further step.
pub(super) type Slots = FxHashMap<TaskNumber, Slot>;

/// Where a task run stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) name: NameId,
    pub(super) attempt: u32,
    pub(super) state: TaskState,
}

/// The run as the log has it.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) standing: Standing,
    pub(super) told: Told,
    pub(super) trail: Trail,
    /// Messages written so far.
    pub(super) messages: u64,
    /// It has a row among those that have not ended.
    pub(super) stored: bool,
    /// It has a row among those that have ended, and is found under this state.
    pub(super) indexed: Option<RunState>,
}

impl Active {
    fn with(
        id: RunId,
        family: RunId,
        row: Row,
        slots: Option<Slots>,
        stored: bool,
        indexed: Option<RunState>,
    ) -> Self {
        let Row { origin, standing, told, trail } = row;
        let live = Live {
            standing,
            told: told.clone(),
            slots,
            sent: 0,
            worker: None,
            gone: false,
            moved: Vec::new(),
        };
        let written = Written { standing, told, trail, messages: 0, stored, indexed };
        let index = Mutex::default();
        Self { id, origin, family, live: Mutex::new(live), written: Mutex::new(written), index }
    }

    /// A run that was just submitted.
    pub(super) fn new(id: RunId, family: RunId, origin: Origin) -> Self {
        let standing = Standing::new(&origin);
        let row = Row { origin, standing, told: Told::default(), trail: Trail::default() };
        Self::with(id, family, row, Some(Slots::default()), false, None)
    }

    /// A run that is stored and has not ended.
    pub(super) fn stored(id: RunId, family: RunId, row: Row) -> Self {
        Self::with(id, family, row, None, true, None)
    }

    /// A run that is stored and has ended.
    pub(super) fn ended(id: RunId, family: RunId, row: Row) -> Self {
        let indexed = Some(row.standing.state);
        Self::with(id, family, row, None, false, indexed)
    }

    /// The key under which it is found by the id that it was given.
    pub(super) fn given_key(&self) -> Option<Vec<u8>> {
        self.origin.given_id.as_ref().map(|given| keys::given(self.origin.name, given))
    }

    /// Whether it has to be taken up by somebody.
    pub(super) fn is_orphaned(&self) -> bool {
        let live = self.live();
        let state = live.standing.state;
        live.worker.is_none() && !live.gone && !state.is_final() && state != RunState::Scheduled
    }

    /// Whether everything that was committed is written. To ask the writer takes much longer.
    pub(super) fn is_written(&self) -> bool {
        let live = self.live();
        live.sent == self.written().messages
    }

    /// Asks what a replay knows of the log. What could not be read as a whole is not kept in part.
    pub(super) fn with_index<T>(&self, ask: impl FnOnce(&mut Index) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = ask(index.get_or_insert_default());
        if answer.is_err() {
            *index = None;
        }
        answer
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The runs in memory.
#[derive(Default)]
pub(super) struct Runs(RwLock<Map>);

#[derive(Default)]
struct Map {
    runs: BTreeMap<RunId, Arc<Active>>,
    /// Those that were given an id, by its key.
    given: FxHashMap<Vec<u8>, RunId>,
}

impl Map {
    fn insert(&mut self, active: Arc<Active>) {
        if let Some(key) = active.given_key() {
            self.given.insert(key, active.id);
        }
        self.runs.insert(active.id, active);
    }

    fn remove(&mut self, active: &Active) {
        if let Some(key) = active.given_key() {
            self.given.remove(&key);
        }
        self.runs.remove(&active.id);
    }
}

impl Runs {
    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The family of a run with this origin.
    pub(super) fn family(&self, run: RunId, origin: &Origin) -> RunId {
        match origin.parent {
            Some((parent, _)) => self.get(parent).map_or(parent, |parent| parent.family),
            None => run,
        }
    }

    pub(super) fn get(&self, run: RunId) -> Option<Arc<Active>> {
        self.read().runs.get(&run).cloned()
    }

    /// All that come before `before`, the newest first.
    pub(super) fn newest_first(&self, before: Option<RunId>) -> Vec<Arc<Active>> {
        let map = self.read();
        let range = match before {
            Some(before) => map.runs.range(..before),
            None => map.runs.range(..),
        };
        range.rev().map(|(_, run)| run.clone()).collect()
    }

    /// All that come after `after`, the oldest first.
    pub(super) fn oldest_first(&self, after: Option<RunId>) -> Vec<Arc<Active>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.read().runs.range((from, Bound::Unbounded)).map(|(_, run)| run.clone()).collect()
    }

    /// The run in memory, taken there when it is stored. A run is read and put in under the lock under which it
    /// is taken out, so that what is read is never older than what was there.
    pub(super) fn get_or_read(&self, db: &Db, run: RunId) -> Result<Option<Arc<Active>>, Fault> {
        if let Some(active) = self.get(run) {
            return Ok(Some(active));
        }
        let mut map = self.write();
        if let Some(active) = map.runs.get(&run) {
            return Ok(Some(active.clone()));
        }
        let Some(row) = ended_row(db, run)? else { return Ok(None) };
        let parent = row.origin.parent.map(|(parent, _)| parent);
        let family =
            parent.map_or(run, |parent| map.runs.get(&parent).map_or(parent, |parent| parent.family));
        let active = Arc::new(Active::ended(run, family, row));
        map.insert(active.clone());
        Ok(Some(active))
    }

    /// Puts a new run in, unless one of this id, or of the same given one, is there or stored; then `known` looks at
    /// it.
    pub(super) fn insert_new<T>(
        &self,
        db: &Db,
        new: Arc<Active>,
        known: impl FnOnce(RunId, &Origin) -> T,
    ) -> Result<Option<T>, Fault> {
        let mut map = self.write();
        let given = match new.given_key() {
            Some(key) => {
                map.given.get(&key).copied().map_or_else(|| given_run(db, &key), |run| Ok(Some(run)))?
            }
            None => None,
        };
        let id = given.unwrap_or(new.id);
        if let Some(active) = map.runs.get(&id) {
            return Ok(Some(known(id, &active.origin)));
        }
        if let Some(row) = ended_row(db, id)? {
            return Ok(Some(known(id, &row.origin)));
        }
        map.insert(new);
        Ok(None)
    }

    pub(super) fn insert(&self, active: Arc<Active>) {
        self.write().insert(active);
    }

    /// Takes ended runs out that nobody has written to since.
    pub(super) fn forget<'a>(&self, ended: impl Iterator<Item = &'a Arc<Active>>) {
        let mut map = self.write();
        for active in ended {
            let mut live = active.live();
            // One that is out already may have been read again since, and that one has more to write.
            if !live.gone && live.sent == active.written().messages && live.standing.state.is_final() {
                live.gone = true;
                map.remove(active);
            }
        }
    }
}

/// The row of a run that has ended.
pub(super) fn ended_row(db: &Db, run: RunId) -> Result<Option<Row>, Fault> {
    let key = keys::ended(run);
    let content = sealed::get(db, &key)?;
    content.map(|content| row::read(&content).map_err(|damaged| Fault::damaged(&key, damaged))).transpose()
}

/// The run that was given an id, by the key of it.
fn given_run(db: &Db, key: &[u8]) -> Result<Option<RunId>, Fault> {
    let content = sealed::get(db, key)?;
    let run = |content: Vec<u8>| keys::run_of(&content).map_err(|damaged| Fault::damaged(key, damaged));
    content.map(run).transpose()
}
