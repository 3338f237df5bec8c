//! A world without real time: schedules in a store in memory, a clock that jumps, runs that take as long as they like, and
//! processes that die between any two steps.

use std::{collections::HashMap, time::Duration};

use fastrand::Rng;
use futures_util::FutureExt;
use orch_schedule::{CatchUp, Doubled, Missing, Overlap, Policy, Rule};
use uuid::Uuid;

use super::account::{Account, History, account};
use crate::{
    codec::Bytes,
    id::RunId,
    schedule::{
        change,
        plan::plan,
        stored::{Source, Stored, key, micros, moment},
    },
    store::{
        BoxFuture, Claim, Happening, MemoryStore, Page, RunFilter, Starter, StarterChange, StarterChanged,
        Starters, Store, StoreError, WorkerId,
    },
    testing::START,
};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

pub(super) struct World {
    random: Rng,
    store: MemoryStore,
    worker: WorkerId,
    /// What the clock on the wall shows.
    now: i64,
    /// How much later that is than it should be.
    wrong: i64,
    /// When runs end, by the time that passes whatever the clock shows.
    ends: HashMap<RunId, i64>,
    definition: &'static str,
    begun: HashMap<String, i64>,
    /// Runs of schedules whose runs must not overlap, as they were begun: by true time.
    lives: HashMap<String, Vec<(RunId, i64)>>,
}

/// The store in memory answers at once.
fn now<T>(answer: BoxFuture<'_, Result<T, StoreError>>) -> T {
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
        };
        for n in 0..schedules {
            world.create(&format!("schedule {n}"));
        }
        world
    }

    fn true_time(&self) -> i64 {
        self.now - self.wrong
    }

    fn chance(&mut self, of: u32) -> bool {
        self.random.u32(0..of) == 0
    }

    fn rule(&mut self) -> Rule {
        let random = &mut self.random;
        let zone = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"][random.usize(0..4)];
        let every = |unit: i64, n: i64| Rule::every(Duration::from_micros((unit * n) as u64));
        match random.u8(0..10) {
            0..4 => {
                let cron = [
                    "0 9 * * *",
                    "30 2 * * *",
                    "*/30 1-3 * * SUN",
                    "0 0 1 * *",
                    "15 6 * * MON-FRI",
                    "0 12 * * 5L",
                    "0 0 29 2 *",
                    "0 */6 * * *",
                ];
                let rule = Rule::cron(cron[random.usize(0..cron.len())]).zone(zone);
                let doubled = [Doubled::First, Doubled::Last, Doubled::Both][random.usize(0..3)];
                let missing = [Missing::Shift, Missing::Skip][random.usize(0..2)];
                rule.doubled(doubled).missing(missing).build().expect("a rule")
            }
            4..6 => every(HOUR, random.i64(5..40)).build().expect("a rule"),
            6..8 => every(DAY, random.i64(1..20)).build().expect("a rule"),
            8 => every(60 * SECOND, random.i64(90..300)).build().expect("a rule"),
            _ => Rule::at("2026-02-01 08:00")
                .and("2026-06-01 08:00")
                .and("2026-06-01 08:01")
                .zone(zone)
                .build()
                .expect("a rule"),
        }
    }

    fn policy(&mut self) -> Policy {
        let begin = self.now;
        let random = &mut self.random;
        let maybe = |random: &mut Rng, from: u64, to: u64| {
            random.bool().then(|| Duration::from_secs(random.u64(from..to)))
        };
        Policy {
            catch_up: [CatchUp::None, CatchUp::Last, CatchUp::All][random.usize(0..3)],
            max_late: maybe(random, 1, 20 * 3_600).or_else(|| maybe(random, 3_600, 50 * 86_400)),
            overlap: [Overlap::Allow, Overlap::Skip, Overlap::Queue, Overlap::Cancel][random.usize(0..4)],
            jitter: maybe(random, 1, 20_000),
            until: (random.u8(0..8) == 0).then(|| begin + random.i64(0..YEAR)),
            max_runs: (random.u8(0..8) == 0).then(|| random.u64(1..200)),
        }
    }

    fn create(&mut self, name: &str) {
        let mut stored = Stored {
            name: name.to_owned(),
            rule: self.rule(),
            policy: self.policy(),
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

    /// Changes a schedule; who does the same at the same time must be told that it is too late.
    fn change(&mut self, change: StarterChange) {
        let twice = self.chance(20).then(|| change.clone());
        let changed = now(self.store.change_starter(change));
        assert!(matches!(changed, StarterChanged::Applied { .. }), "{changed:?}");
        if let Some(twice) = twice {
            assert_eq!(now(self.store.change_starter(twice)), StarterChanged::Stale);
        }
    }

    fn starters(&self, which: Starters, limit: usize) -> Vec<Starter> {
        now(self.store.starters(which, limit))
    }

    /// Those of a schedule's runs that have not ended.
    fn active(&self, stored: &Stored) -> Vec<RunId> {
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
        let waiting: Vec<String> = self
            .lives
            .iter()
            .filter(|(_, runs)| runs.last().is_some_and(|(run, _)| self.ends[run] <= self.true_time()))
            .map(|(key, _)| key.clone())
            .collect();
        for key in waiting {
            let Some(starter) = self.starters(Starters::Key(key.clone()), 1).pop() else { continue };
            let stored = Stored::of(&starter).expect("a schedule");
            let active = self.active(&stored);
            if let Some(after) = change::turn(&stored, &active) {
                let change = change::change(&starter, &after, Vec::new(), moment(self.now));
                self.change(change.expect("encoded"));
            }
            let first = active.first().copied().filter(|first| !self.ends.contains_key(first));
            if let Some(next) = first {
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
            let start = step.start.clone();
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
        }
        true
    }

    /// Goes through the history of every schedule.
    pub(super) fn account(&mut self) -> Result<Account, String> {
        let runs = now(self.store.runs(RunFilter::default(), Page::all()));
        let mut by_starter: HashMap<String, HashMap<RunId, i64>> = HashMap::new();
        for run in runs {
            let by = run.started_by.ok_or("a run that nothing started")?;
            let tick = by.tick.map(micros).ok_or("a run without its tick")?;
            by_starter.entry(by.starter).or_default().insert(run.id, tick);
        }
        let mut total = Account::default();
        for starter in self.starters(Starters::Listed { prefix: String::new(), after: None }, usize::MAX) {
            let history = History {
                begun: self.begun[&starter.key],
                now: self.now,
                entries: now(self.store.starter_entries(starter.key.clone(), Page::all())),
                runs: by_starter.remove(&starter.key).unwrap_or_default(),
                stored: Stored::of(&starter).expect("a schedule"),
            };
            let account = account(&starter.key, history);
            let text = |fault| format!("{}: {fault}", starter.key);
            total.add(&account.map_err(text)?);
            self.check_overlap(&starter).map_err(text)?;
        }
        Ok(total)
    }

    /// Runs that must not overlap have not.
    fn check_overlap(&self, starter: &Starter) -> Result<(), String> {
        let stored = Stored::of(starter).expect("a schedule");
        if stored.policy.overlap == Overlap::Allow {
            return Ok(());
        }
        let lives = self.lives.get(&starter.key).map_or(&[][..], |lives| lives);
        for pair in lives.windows(2) {
            let ((before, _), (after, begun)) = (pair[0], pair[1]);
            if self.ends[&before] > begun {
                return Err(format!("run {after} began before {before} had ended"));
            }
        }
        Ok(())
    }
}
