//! What readers ask: runs, task runs, attempts, events. Everything is found by its key; nothing is searched for.

use super::{
    active::{Active, ended_row},
    db::Fault,
    facts::{BLOCK, ClaimFact, Fact, KeptSignal, Origin, What},
    keys::Place,
    section::{Reader, Sections},
    shared::Shared,
    standing::{Standing, Told},
    trail::Trail,
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, TaskNumber},
    state::{Event, EventKind, Notice, RunState, TaskState},
    store::{Attempt, Page, Run, Signal, TaskRun},
};

/// A run as a reader finds it.
struct Found {
    origin: Origin,
    standing: Standing,
    told: Told,
    trail: Trail,
}

impl Shared {
    /// The run as the log has it.
    fn find(&self, id: RunId) -> Result<Option<Found>, Fault> {
        if let Some(active) = self.runs.get(id) {
            return Ok(Some(Self::of_active(&active)));
        }
        let found = ended_row(&self.db, id)?.map(|row| Found {
            origin: row.origin,
            standing: row.standing,
            told: row.told,
            trail: row.trail,
        });
        // One that is in neither place may have gone back from the ended ones in between.
        Ok(found.or_else(|| self.runs.get(id).map(|active| Self::of_active(&active))))
    }

    fn of_active(active: &Active) -> Found {
        let origin = active.origin.clone();
        let written = active.written();
        let (standing, told) = (written.standing, written.told.clone());
        Found { origin, standing, told, trail: written.trail.clone() }
    }

    pub(super) fn run(&self, id: RunId) -> Result<Option<Run>, Fault> {
        let found = self.find(id)?;
        // One that was submitted and is not written yet does not exist yet.
        let found = found.filter(|found| found.trail.packs() > 0);
        found.map(|found| self.view(id, &found.origin, &found.standing, &found.told)).transpose()
    }

    pub(super) fn input(&self, id: RunId) -> Result<Option<Bytes>, Fault> {
        let found = self.find(id)?.filter(|found| found.trail.packs() > 0);
        found.map(|found| self.value(&found.origin.input)).transpose()
    }

    /// The signals of a run that nobody has taken.
    pub(super) fn signals(&self, run: RunId, page: Page<u64>) -> Result<Vec<Signal>, Fault> {
        let Some(found) = self.find(run)? else { return Ok(Vec::new()) };
        let signal = |(number, kept): (u64, &KeptSignal)| {
            let KeptSignal { to, type_name, value, at } = kept.clone();
            Ok(Signal { number, to, type_name, value: self.value(&value)?, at })
        };
        found.told.mail.after(page.after).take(page.limit).map(signal).collect()
    }

    /// The facts of pack `number` of a run.
    fn facts(&self, packs: &mut Reader, run: RunId, trail: &Trail, number: u32) -> Result<Vec<Fact>, Fault> {
        let place = trail.place(&self.db, run, number)?;
        Ok(packs.pack(self, run, number, place, Vec::new())?.facts)
    }

    pub(super) fn task_runs(&self, run: RunId, page: Page<TaskNumber>) -> Result<Vec<TaskRun>, Fault> {
        let Some(found) = self.find(run)? else { return Ok(Vec::new()) };
        let from = page.after.map_or(Some(0), |after| after.0.checked_add(1));
        let Some(from) = from.filter(|from| *from < found.standing.tasks) else { return Ok(Vec::new()) };
        let limit = u32::try_from(page.limit).unwrap_or(u32::MAX);
        let to = from.saturating_add(limit).min(found.standing.tasks);
        let mut rows: Vec<TaskRun> = Vec::new();
        let mut packs = Reader::default();
        let mut block = from / BLOCK;
        while block * BLOCK < to {
            for number in found.trail.of_block(&self.db, run, block)? {
                let facts = self.facts(&mut packs, run, &found.trail, number)?;
                let of_block = |task: &TaskNumber| task.0 / BLOCK == block && (from..to).contains(&task.0);
                for (fact, task) in
                    facts.iter().filter_map(|fact| Some((fact, fact.what.task().filter(of_block)?)))
                {
                    self.move_row(&mut rows, from, task, fact);
                }
            }
            block += 1;
        }
        Ok(rows)
    }

    fn move_row(&self, rows: &mut Vec<TaskRun>, from: u32, task: TaskNumber, fact: &Fact) {
        if let What::Claim(claim) = &fact.what {
            rows.push(self.new_row(claim, fact.at));
            return;
        }
        // Task runs are claimed in turn, so each row stands where its number says.
        let Some(row) = rows.get_mut((task.0 - from) as usize) else { return };
        match &fact.what {
            What::Task(moved) => {
                row.state = moved.state;
                row.attempt = moved.attempt;
                row.changed = fact.at;
            }
            What::Child { run, .. } => row.child = Some(*run),
            _ => {}
        }
    }

    fn new_row(&self, claim: &ClaimFact, at: Timestamp) -> TaskRun {
        let labels = claim.labels.clone().unwrap_or_default();
        TaskRun {
            task: claim.task,
            key: claim.key,
            name: self.names.text(claim.name),
            kind: claim.kind,
            label: labels.label,
            tags: labels.tags,
            state: TaskState::Pending,
            attempt: 0,
            created: at,
            changed: at,
            child: None,
            input: claim.input.clone(),
        }
    }

    pub(super) fn attempts(&self, run: RunId, wanted: TaskNumber) -> Result<Vec<Attempt>, Fault> {
        let mut attempts: Vec<Attempt> = Vec::new();
        let Some(found) = self.find(run)? else { return Ok(attempts) };
        let mut packs = Reader::default();
        for number in found.trail.of_block(&self.db, run, wanted.0 / BLOCK)? {
            for fact in self.facts(&mut packs, run, &found.trail, number)? {
                let What::Task(moved) = fact.what else { continue };
                if moved.task != wanted {
                    continue;
                }
                if moved.state == TaskState::Running {
                    // An attempt that a resumed run starts again stays one attempt.
                    if attempts.last().is_none_or(|last| last.number != moved.attempt) {
                        attempts.push(Attempt {
                            number: moved.attempt,
                            started: fact.at,
                            ended: None,
                            state: TaskState::Running,
                            reason: None,
                            delay: None,
                        });
                    }
                } else if let Some(last) = attempts.last_mut().filter(|last| last.ended.is_none()) {
                    last.ended = Some(fact.at);
                    last.state = moved.state;
                    (last.reason, last.delay) =
                        moved.detail.map_or_else(Default::default, |detail| (detail.reason, detail.delay));
                }
            }
        }
        Ok(attempts)
    }

    pub(super) fn events(&self, page: Page<u64>) -> Result<Vec<Event>, Fault> {
        let mut events = Vec::new();
        let from = page.after.unwrap_or(0).saturating_add(1);
        // The pack that tells of an event is the last that begins at or before it.
        let mut sections = Sections::from(self, Place { first: from, nth: u32::MAX });
        while let Some(section) = sections.next()? {
            for pack in section.packs() {
                let (place, pack) = pack.map_err(|damaged| section.damaged(damaged))?;
                if events.len() >= page.limit {
                    return Ok(events);
                }
                if place.first.saturating_add(pack.events) > from {
                    let pack = pack.open(Vec::new()).map_err(|damaged| section.damaged(damaged))?;
                    self.push_events(&mut events, pack.run, place, pack.facts, from, page.limit);
                }
            }
        }
        Ok(events)
    }

    pub(super) fn run_events(&self, run: RunId, page: Page<u64>) -> Result<Vec<Event>, Fault> {
        let mut events = Vec::new();
        let Some(found) = self.find(run)? else { return Ok(events) };
        let from = page.after.unwrap_or(0).saturating_add(1);
        // The first pack that begins after `from`; the one before it may tell of `from` itself.
        let (mut low, mut high) = (0, found.trail.packs());
        while low < high {
            let middle = low + (high - low) / 2;
            if found.trail.place(&self.db, run, middle)?.first <= from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut packs = Reader::default();
        for number in low.saturating_sub(1)..found.trail.packs() {
            if events.len() >= page.limit {
                break;
            }
            let place = found.trail.place(&self.db, run, number)?;
            let facts = packs.pack(self, run, number, place, Vec::new())?.facts;
            self.push_events(&mut events, run, place, facts, from, page.limit);
        }
        Ok(events)
    }

    fn push_events(
        &self,
        events: &mut Vec<Event>,
        run: RunId,
        place: Place,
        facts: Vec<Fact>,
        from: u64,
        limit: usize,
    ) {
        let mut sequence = place.first;
        for fact in facts {
            let at = fact.at;
            let Some(kind) = self.event(fact.what) else { continue };
            if sequence >= from && events.len() < limit {
                events.push(Event { sequence, at, run, kind });
            }
            sequence += 1;
        }
    }

    /// The event that a fact makes, if it makes one.
    fn event(&self, what: What) -> Option<EventKind> {
        Some(match what {
            What::Submitted(origin) => {
                EventKind::Run { state: origin.first_state(), attempt: 0, reason: None }
            }
            What::Reopened { attempt } => EventKind::Run { state: RunState::Pending, attempt, reason: None },
            What::Taken { state, attempt, .. } => EventKind::Run { state, attempt, reason: None },
            What::Run(run) => EventKind::Run { state: run.state, attempt: run.attempt, reason: run.reason },
            What::Claim(claim) => EventKind::Task {
                task: claim.task,
                name: self.names.text(claim.name),
                state: TaskState::Pending,
                attempt: 0,
                reason: None,
                delay: None,
            },
            What::Task(moved) => {
                let (reason, delay) =
                    moved.detail.map_or_else(Default::default, |detail| (detail.reason, detail.delay));
                EventKind::Task {
                    task: moved.task,
                    name: self.names.text(moved.name),
                    state: moved.state,
                    attempt: moved.attempt,
                    reason,
                    delay,
                }
            }
            What::Notice { task, notice, text } => EventKind::Notice { task, notice, text },
            What::Signal(fact) => {
                let (task, text) = fact.signal.to.told();
                EventKind::Notice { task, notice: Notice::SignalSent, text }
            }
            What::Change(_)
            | What::Child { .. }
            | What::Record(_)
            | What::Dropped(_)
            | What::Begun(_)
            | What::SignalTaken(_)
            | What::GivenBack(_)
            | What::Released => return None,
        })
    }
}
