//! A world without real time: schedules in a store in memory, a clock that jumps, runs that take as long as they like, and
//! processes that die between any two steps.

use std::collections::{BTreeSet, HashMap};

use fastrand::Rng;
use futures_util::FutureExt;
use orch_schedule::Overlap;
use uuid::Uuid;

use super::choice;
use crate::{
    codec::Bytes,
    id::RunId,
    schedule::{
        change,
        plan::{WAITING, plan},
        stored::{Source, Stored, key, micros, moment},
    },
    store::{
        BoxFuture, Claim, Fate, Happening, MemoryStore, Skip, Starter, StarterChange, StarterChanged,
        Starters, Store, StoreError, Ticks, WorkerId,
    },
    testing::START,
};

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const HOUR: i64 = 3_600 * SECOND;
pub(super) const DAY: i64 = 24 * HOUR;
pub(super) const YEAR: i64 = 365 * DAY;

pub(super) struct World {
    random: Rng,
    pub(super) store: MemoryStore,
    worker: WorkerId,
    /// What the clock on the wall shows.
    pub(super) now: i64,
    /// How much later that is than it should be.
    wrong: i64,
    /// When runs end, by the time that passes whatever the clock shows.
    pub(super) ends: HashMap<RunId, i64>,
    definition: &'static str,
    pub(super) begun: HashMap<String, i64>,
    /// The runs of each schedule, as they were begun: by true time.
    pub(super) lives: HashMap<String, Vec<(RunId, i64)>>,
    /// Schedules of which a run has begun since none was left. In order, so that a seed tells of one world.
    busy: BTreeSet<String>,
}

/// The store in memory answers at once.
pub(super) fn now<T>(answer: BoxFuture<'_, Result<T, StoreError>>) -> T {
    answer.now_or_never().expect("an answer at once").expect("an answer")
}

impl World {
    pub(super) fn new(seed: u64, schedules: usize) -> Self {
        let mut world = Self {
            random: Rng::with_seed(seed),
            store: MemoryStore::builder().keep_runs(usize::MAX).keep_events(100).build(),
            worker: WorkerId(Uuid::now_v7()),
            now: micros(START),
            wrong: 0,
            ends: HashMap::new(),
            definition: "world::flow",
            begun: HashMap::new(),
            lives: HashMap::new(),
            busy: BTreeSet::new(),
        };
        for n in 0..schedules {
            world.create(&format!("schedule {n}"));
        }
        world
    }

    pub(super) fn true_time(&self) -> i64 {
        self.now - self.wrong
    }

    fn chance(&mut self, of: u32) -> bool {
        self.random.u32(0..of) == 0
    }

    fn create(&mut self, name: &str) {
        let mut stored = Stored {
            name: name.to_owned(),
            rule: choice::rule(&mut self.random),
            policy: choice::policy(&mut self.random, self.now),
            source: Source::Code,
            input: Bytes::from(&b"input"[..]),
            label: None,
            tags: Vec::new(),
            next: None,
            paused: false,
            fired: 0,
            active: Vec::new(),
        };
        let key = key(self.definition, name);
        stored.begin(&key, self.now);
        self.begun.insert(key.clone(), self.now);
        self.change(StarterChange {
            key,
            expect: None,
            put: Some(stored.put(self.definition).expect("encoded")),
            entries: Vec::new(),
            run: None,
            at: moment(self.now),
        });
    }

    /// Changes a schedule; who does the same at the same time, with a run of its own, must be told that it is too late.
    fn change(&mut self, change: StarterChange) {
        let rival = self.chance(20).then(|| {
            let mut rival = change.clone();
            rival.run.iter_mut().for_each(|run| run.id = RunId::new());
            rival
        });
        let changed = now(self.store.change_starter(change));
        assert!(matches!(changed, StarterChanged::Applied { .. }), "{changed:?}");
        if let Some(rival) = rival {
            assert_eq!(now(self.store.change_starter(rival)), StarterChanged::Stale);
        }
    }

    pub(super) fn starters(&self, which: Starters, limit: usize) -> Vec<Starter> {
        now(self.store.starters(which, limit))
    }

    /// Those of a schedule's runs that have not ended.
    pub(super) fn active(&self, stored: &Stored) -> Vec<RunId> {
        let under_way = |run: &&RunId| self.ends.get(run).is_none_or(|end| *end > self.true_time());
        stored.active.iter().filter(under_way).copied().collect()
    }

    fn begin(&mut self, key: &str, run: RunId) {
        let seconds = match self.random.u8(0..10) {
            0..7 => self.random.i64(0..600),
            7..9 => self.random.i64(0..20 * 3_600),
            _ => self.random.i64(0..6 * 86_400),
        };
        let begin = self.true_time();
        self.ends.insert(run, begin + seconds * SECOND);
        self.lives.entry(key.to_owned()).or_default().push((run, begin));
        self.busy.insert(key.to_owned());
    }

    /// Whether the last run of a schedule that began has not ended.
    fn is_under_way(&self, key: &str) -> bool {
        let last = self.lives.get(key).and_then(|runs| runs.last());
        last.is_some_and(|(run, _)| self.ends[run] > self.true_time())
    }

    /// Lives for a year.
    pub(super) fn live(&mut self) {
        let end = micros(START) + YEAR;
        while self.true_time() < end {
            let soon = self.starters(Starters::Due(moment(i64::MAX)), 1);
            // Whoever serves looks at the clock now and then, also when nothing is due.
            let nap = self.now + self.random.i64(1..HOUR);
            let due = soon.first().and_then(|starter| starter.wake).map_or(nap, micros);
            let lag = if self.chance(10) { self.random.i64(0..9 * SECOND) } else { 1_000 };
            self.now = self.now.max(due.min(self.now + 40 * DAY)) + lag;
            if self.chance(2_000) {
                // The process dies, or the machine is suspended.
                let off = [60 * SECOND, 12 * HOUR, 60 * DAY][self.random.usize(0..3)];
                self.now += self.random.i64(0..off);
            }
            if self.chance(4_000) {
                self.jump();
            }
            if self.chance(500) {
                self.pause_or_resume();
            }
            self.take_turns();
            self.fire();
        }
        // The last process may have died amid its last step, and the next one begins with what it left.
        while !self.starters(Starters::Due(moment(self.now)), 1).is_empty() {
            self.fire();
        }
        self.take_turns();
    }

    /// The clock is set: wrongly, or right again.
    fn jump(&mut self) {
        let by = if self.wrong != 0 && self.random.bool() {
            -self.wrong
        } else {
            let far = [30 * SECOND, 5 * HOUR, 100 * DAY][self.random.usize(0..3)];
            self.random.i64(-far..far)
        };
        (self.now, self.wrong) = (self.now + by, self.wrong + by);
    }

    fn pause_or_resume(&mut self) {
        let all = self.starters(Starters::Listed { prefix: "schedule/".into(), after: None }, usize::MAX);
        let starter = &all[self.random.usize(0..all.len())];
        let mut stored = Stored::of(starter).expect("a schedule");
        let told = if stored.paused {
            let now = self.now;
            stored.resume(&starter.key, now)
        } else {
            stored.paused = true;
            vec![Happening::Paused]
        };
        let change = change::change(starter, &stored, told, moment(self.now)).expect("encoded");
        self.change(change);
    }

    /// Runs whose turn has come begin.
    fn take_turns(&mut self) {
        let left: Vec<String> = self.busy.iter().filter(|key| !self.is_under_way(key)).cloned().collect();
        for key in left {
            let Some(starter) = self.starters(Starters::Key(key.clone()), 1).pop() else { continue };
            let stored = Stored::of(&starter).expect("a schedule");
            let active = self.active(&stored);
            if let Some(after) = change::turn(&stored, &active) {
                let change = change::change(&starter, &after, Vec::new(), moment(self.now));
                self.change(change.expect("encoded"));
            }
            let Some(next) = active.first().copied() else {
                self.busy.remove(&key);
                continue;
            };
            if !self.ends.contains_key(&next) {
                let claim = Claim::orphan(next, self.worker, moment(self.now));
                assert!(now(self.store.claim(claim)).is_some(), "a run that waited");
                self.begin(&key, next);
            }
        }
    }

    /// Whatever is due has its fate, unless the process dies amid it.
    fn fire(&mut self) {
        for _ in 0..50 {
            let due = self.starters(Starters::Due(moment(self.now)), 64);
            if due.is_empty() {
                return;
            }
            for starter in due {
                if !self.tick(starter) {
                    return;
                }
            }
        }
        panic!("what is due does not come to an end");
    }

    fn tick(&mut self, mut starter: Starter) -> bool {
        let stored = Stored::of(&starter).expect("a schedule");
        for step in plan(&stored, &starter.key, self.now, self.active(&stored)) {
            if self.chance(5_000) {
                return false;
            }
            self.check_skips(&starter.key, &step.after, &step.told);
            let (start, after) = (step.start.clone(), step.after.clone());
            let change = change::step(&starter, step, self.worker, moment(self.now)).expect("encoded");
            self.change(change);
            starter.revision += 1;
            let Some(start) = start else { continue };
            for cancelled in start.cancels {
                let over = self.true_time();
                // One that has not begun has no life to end.
                self.ends.entry(cancelled).and_modify(|end| *end = over.min(*end)).or_insert(over);
            }
            if !start.waits {
                self.begin(&starter.key, start.run);
            }
            if stored.policy.overlap == Overlap::Cancel {
                let active = self.active(&after);
                assert!(active.len() <= 1, "{}: {active:?} go on beside {}", starter.key, start.run);
            }
        }
        true
    }
    /// No tick is skipped for the runs before it unless there are some.
    fn check_skips(&self, key: &str, after: &Stored, told: &[Happening]) {
        for what in told {
            let Happening::Ticks(Ticks { fate: Fate::Skipped(skip), .. }) = what else { continue };
            let fits = match skip {
                // One that has just begun may end at once.
                Skip::Overlap => self.lives[key].last().is_some_and(|(run, begun)| {
                    self.ends[run] > self.true_time() || *begun == self.true_time()
                }),
                Skip::QueueFull => after.active.len() > WAITING,
                _ => true,
            };
            assert!(
                fits,
                "{key}: {what:?}, and {:?} is under way",
                self.lives.get(key).and_then(|l| l.last())
            );
        }
    }
}
