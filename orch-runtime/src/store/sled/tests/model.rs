//! Random histories, with and without closing the store in between, against the store in memory.

use std::time::Duration;

use super::super::{actor::Backend, db::Fault, log::Log, shared::Item};
use super::support::{Writer, block_on, everything, new_run};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    error::{ErrorKind, RecordedError},
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::{Notice, RunState, TaskState},
    store::{
        Address, Begun, Change, Commit, Committed, Durability, Fence, Labels, Mark, MemoryStore, NewRun,
        NewSignal, Outcome, Page, Record, Reruns, RunFilter, Signal, SledStore, Stamped, Step, Store,
        StoreError, TaskClaim, TaskDetail,
    },
};

/// A run as the generator knows it.
struct Known {
    id: RunId,
    fence: Fence,
    number: u64,
    ended: Option<RunState>,
    tasks: Vec<(TaskState, u32)>,
    records: u32,
    mail: Vec<Signal>,
    taken: Vec<Signal>,
    sent: u64,
}

struct Generator {
    random: fastrand::Rng,
    runs: Vec<Known>,
    now: u64,
}

/// What both stores are asked to do.
#[derive(Clone)]
enum Operation {
    Submit(NewRun),
    Claim(RunId),
    Reopen(RunId, Timestamp),
    Commit(Change, Durability),
    Signal(RunId, NewSignal),
}

const NAMES: [&str; 3] = ["test::a", "test::b", "test::c"];

impl Generator {
    fn at(&mut self) -> Timestamp {
        self.now += self.random.u64(0..3_000_000);
        Timestamp::from_micros(self.now)
    }

    fn text(&mut self) -> String {
        let length = if self.random.u8(0..40) == 0 {
            self.random.usize(5_000..20_000)
        } else {
            self.random.usize(0..20)
        };
        std::iter::repeat_with(|| self.random.alphanumeric()).take(length).collect()
    }

    /// Small ones, some that need several parts, and some that lie in files of their own.
    fn bytes(&mut self) -> Bytes {
        let length = match self.random.u8(0..60) {
            0 => self.random.usize(32_000..60_000),
            1 | 2 => self.random.usize(6_000..20_000),
            _ => self.random.usize(0..60),
        };
        std::iter::repeat_with(|| self.random.u8(..)).take(length).collect::<Vec<_>>().into()
    }

    fn outcome(&mut self) -> Outcome {
        match self.random.u8(0..6) {
            0 => Outcome::End,
            1 => {
                let mut error = RecordedError::message(ErrorKind::Panicked, self.text());
                error.place = Some("src/main.rs:3:4".into());
                error.run = self.random.bool().then(RunId::new);
                error.typed = self.random.bool().then(|| self.bytes());
                error.source = Some(Box::new(RecordedError::message(ErrorKind::Failed, self.text())));
                Outcome::Error(error.into())
            }
            _ => Outcome::Value(self.bytes()),
        }
    }

    fn scope(&mut self) -> ScopeId {
        ScopeId(u128::from(self.random.u8(0..4)) << 100)
    }

    fn reruns(&mut self) -> Option<Box<Reruns>> {
        let (run, keys) = (self.runs.first()?.id, self.runs.last()?.id);
        let from = [vec![], vec![TaskNumber(2)], vec![TaskNumber(2), Reruns::EVERYTHING]];
        let from = from[self.random.usize(0..3)].clone();
        self.random.bool().then(|| Box::new(Reruns { run, from, keys }))
    }

    fn submit(&mut self) -> Operation {
        let at = self.at();
        let tags: &[&str] = [&["x", "y"][..], &["x"], &[]][self.random.usize(0..3)];
        let new = NewRun {
            input: self.bytes(),
            tags: tags.iter().map(|tag| (*tag).into()).collect(),
            label: self.random.bool().then(|| self.text()),
            parent: self.runs.last().map(|run| (run.id, TaskNumber(3))),
            reruns: self.reruns(),
            at,
            ..new_run(NAMES[self.random.usize(0..NAMES.len())])
        };
        let (id, tasks) = (new.id, Vec::new());
        self.runs.push(Known {
            id,
            fence: Fence(1),
            number: 1,
            ended: None,
            tasks,
            records: 0,
            mail: Vec::new(),
            taken: Vec::new(),
            sent: 0,
        });
        Operation::Submit(new)
    }

    fn claim(&mut self, place: usize) -> Operation {
        let run = &mut self.runs[place];
        if run.ended.is_none() {
            run.fence.0 += 1;
            run.number = 1;
        }
        Operation::Claim(run.id)
    }

    fn reopen(&mut self, place: usize) -> Operation {
        let at = self.at();
        let run = &mut self.runs[place];
        if run.ended == Some(RunState::Failed) {
            (run.fence.0, run.number, run.ended) = (run.fence.0 + 1, 1, None);
        }
        Operation::Reopen(run.id, at)
    }

    fn commit(&mut self, place: usize) -> Operation {
        let mut steps = Vec::new();
        for _ in 0..self.random.usize(1..6) {
            let at = self.at();
            let step = self.step(place);
            steps.push(Stamped { at, step });
        }
        if self.random.u8(0..12) == 0 && self.runs[place].ended.is_none() {
            let at = self.at();
            let state = [RunState::Completed, RunState::Failed][self.random.usize(0..2)];
            let (outcome, reason) = (Some(self.outcome()), Some(self.text()));
            self.runs[place].ended = Some(state);
            let step = Step::Run { expect: RunState::Running, state, attempt: 2, reason, outcome };
            steps.push(Stamped { at, step });
        }
        let durability = [Durability::Durable, Durability::Buffered][self.random.usize(0..2)];
        let run = &mut self.runs[place];
        let number = run.number;
        run.number += 1;
        Operation::Commit(Change { run: run.id, fence: run.fence, number, steps }, durability)
    }

    fn step(&mut self, place: usize) -> Step {
        let (scope, outcome, text) = (self.scope(), self.outcome(), self.text());
        let random = &mut self.random;
        let run = &mut self.runs[place];
        let task = if run.tasks.is_empty() { 0 } else { random.usize(0..run.tasks.len()) };
        let number = TaskNumber(task as u32);
        match random.u8(0..16) {
            0..4 => {
                run.tasks.push((TaskState::Pending, 0));
                let labels = Labels { label: Some(text), tags: vec!["t".into()] };
                Step::Claim(TaskClaim {
                    task: TaskNumber(run.tasks.len() as u32 - 1),
                    key: CallKey { scope, call: random.u128(..), occurrence: random.u32(..) },
                    instance: random.u64(..),
                    name: NAMES[random.usize(0..NAMES.len())].into(),
                    kind: [DefinitionKind::Task, DefinitionKind::Flow][random.usize(0..2)],
                    labels: random.bool().then(|| labels.into()),
                    input: random.bool().then(|| format!("{}, \"é\"", random.u16(..)).as_str().into()),
                })
            }
            // Nothing follows a final state.
            4..8 if run.tasks.get(task).is_some_and(|(state, _)| !state.is_final()) => {
                let states =
                    [TaskState::Running, TaskState::AwaitingRetry, TaskState::Completed, TaskState::Failed];
                let expect = run.tasks[task];
                let state = states[random.usize(0..states.len())];
                let attempt = expect.1 + u32::from(state == TaskState::Running);
                run.tasks[task] = (state, attempt);
                let delay = random.bool().then(|| Duration::from_micros(random.u64(0..10_000_000)));
                let detail = TaskDetail { reason: Some(text), delay };
                let detail = random.bool().then(|| detail.into());
                Step::Task { task: number, expect, state, attempt, detail }
            }
            8 if run.tasks.get(task).is_some_and(|(state, _)| !state.is_final()) => {
                Step::Child { task: number, run: RunId::new() }
            }
            9 => Step::Notice { task: Some(number), notice: Notice::Diverged, text },
            10 => Step::Dropped(Mark {
                scope,
                instance: 1,
                call: random.u128(..),
                occurrence: 0,
                undone: false,
            }),
            12 => {
                let (call, due) = (random.u128(..), Timestamp::from_micros(random.u64(..)));
                Step::Begun(Begun { scope, instance: random.u64(..), call, occurrence: 2, due })
            }
            13 if !run.mail.is_empty() => {
                let signal = run.mail.remove(random.usize(0..run.mail.len()));
                let number = signal.number;
                run.taken.push(signal);
                Step::Taken(number)
            }
            14 if !run.taken.is_empty() => {
                let signal = run.taken.remove(random.usize(0..run.taken.len()));
                run.mail.push(signal.clone());
                Step::GivenBack(Box::new(signal))
            }
            _ => {
                run.records += 1;
                let task = random.bool().then_some(number);
                let call = random.u128(..);
                Step::Record(Record {
                    scope,
                    instance: 1,
                    number: run.records,
                    call,
                    occurrence: 1,
                    task,
                    outcome,
                })
            }
        }
    }

    fn signal(&mut self, place: usize) -> Operation {
        let (at, text, value) = (self.at(), self.text(), self.bytes());
        let type_name = self.text().into();
        let run = &mut self.runs[place];
        let to = match self.random.bool() || run.tasks.is_empty() {
            true => Address::Name(text),
            false => Address::Task(TaskNumber(self.random.u32(0..run.tasks.len() as u32))),
        };
        let new = NewSignal { to, type_name, value, at, expect: None };
        let answered =
            matches!(new.to, Address::Task(_)) && run.mail.iter().any(|signal| signal.to == new.to);
        let over = match &new.to {
            Address::Task(task) => run.tasks[task.0 as usize].0.is_final(),
            Address::Name(_) => false,
        };
        if run.ended.is_none() && !answered && !over {
            let NewSignal { to, type_name, value, at, expect: _ } = new.clone();
            run.mail.push(Signal { number: run.sent, to, type_name, value, at });
            run.sent += 1;
        }
        Operation::Signal(run.id, new)
    }

    fn operation(&mut self) -> Operation {
        if self.runs.is_empty() || self.random.u8(0..10) == 0 {
            return self.submit();
        }
        // Ended runs are written to as well: a mark or a notice may come late.
        let place = self.random.usize(self.runs.len().saturating_sub(4)..self.runs.len());
        match self.random.u8(0..15) {
            0 => self.claim(place),
            1 => self.signal(place),
            2 => self.reopen(place),
            _ => self.commit(place),
        }
    }
}

/// What an operation came to, and the commit to wait for.
async fn carry_out(store: &dyn Store, operation: Operation) -> (String, Option<Commit>) {
    match operation {
        Operation::Submit(new) => (format!("{:?}", store.submit(new).await.expect("no fault")), None),
        Operation::Claim(run) => {
            let claimed = store.claim(super::support::claim_of(run)).await.expect("no fault");
            (format!("{claimed:?}"), None)
        }
        Operation::Reopen(run, at) => {
            let reopened = store.reopen(run, super::support::worker(), at).await.expect("no fault");
            (format!("{reopened:?}"), None)
        }
        Operation::Commit(change, durability) => (String::new(), Some(store.commit(change, durability))),
        Operation::Signal(run, signal) => {
            (format!("{:?}", store.signal(run, signal).await.expect("no fault")), None)
        }
    }
}

async fn journals(store: &dyn Store, generator: &Generator) -> Result<String, StoreError> {
    let mut told = String::new();
    for run in &generator.runs {
        told.push_str(&format!("{:?}\n", store.signals(run.id, Page::all()).await?));
        for scope in 0..4u8 {
            let scope = ScopeId(u128::from(scope) << 100);
            let journal = store.replay(run.id, run.fence, scope).await?;
            told.push_str(&format!("{journal:?}\n"));
            let tasks = run.tasks.len() as u32;
            for before in [0, tasks / 2, tasks.saturating_sub(1), tasks, u32::MAX] {
                let past = store.past(run.id, scope, TaskNumber(before)).await?;
                told.push_str(&format!("before {before}: {past:?}\n"));
            }
        }
    }
    Ok(told)
}

async fn lists(store: &dyn Store, generator: &Generator) -> Result<String, StoreError> {
    let mut told = String::new();
    let middle = generator.runs.get(generator.runs.len() / 2).map(|run| run.id);
    for name in [None, Some(NAMES[0].to_owned()), Some("unknown".into())] {
        for state in [None, Some(RunState::Running), Some(RunState::Completed), Some(RunState::Failed)] {
            for tag in [None, Some("y".to_owned())] {
                for since in [None, Some(Timestamp::from_micros(generator.now / 2))] {
                    let filter = RunFilter { name: name.clone(), state, tag: tag.clone(), since };
                    for page in [Page::all(), Page { after: middle, limit: 3 }] {
                        let runs = store.runs(filter.clone(), page).await?;
                        let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
                        told.push_str(&format!("{filter:?} {page:?} {ids:?}\n"));
                    }
                }
            }
        }
    }
    Ok(told)
}

/// Ends as a process does that is killed: what was written is there, and no checkpoint was made of it.
struct Abrupt(Log);

impl Backend for Abrupt {
    type Item = Item;
    type Fault = Fault;

    fn write(&mut self, items: Vec<Item>) -> Result<(), Fault> {
        self.0.write(items)
    }
    fn sync(&mut self) -> Result<(), Fault> {
        self.0.sync()
    }
    fn rest(&mut self) -> Result<(), Fault> {
        self.0.rest()
    }
    fn close(&mut self) -> Result<(), Fault> {
        self.0.sync()
    }
    fn poisoned(&mut self, fault: &Fault) {
        self.0.poisoned(fault);
    }
}

/// One history. Events have the same numbers where every operation is waited for.
async fn history(seed: u64, one_by_one: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    let open = |abrupt: bool| {
        let builder = SledStore::builder(dir.path());
        if abrupt { builder.open_with(Abrupt) } else { builder.open() }.expect("a store")
    };
    let (memory, mut sled) = (MemoryStore::new(), open(true));
    let mut generator =
        Generator { random: fastrand::Rng::with_seed(seed), runs: Vec::new(), now: 1_000_000 };
    for _ in 0..generator.random.usize(2..6) {
        let mut commits = Vec::new();
        for _ in 0..generator.random.usize(1..80) {
            let operation = generator.operation();
            let (expected, in_memory) = carry_out(&memory, operation.clone()).await;
            let (found, on_disk) = carry_out(&sled, operation).await;
            assert_eq!(found, expected, "seed {seed}");
            if let (Some(in_memory), Some(on_disk)) = (in_memory, on_disk) {
                assert_eq!(in_memory.await.expect("no fault"), Committed::Applied, "seed {seed}");
                commits.push(on_disk);
            }
            if one_by_one {
                sled.flush().await.expect("no fault");
            }
        }
        for commit in commits {
            assert_eq!(commit.await.expect("no fault"), Committed::Applied, "seed {seed}");
        }
        if generator.random.u8(0..3) > 0 {
            drop(sled);
            sled = open(generator.random.bool());
        }
        compare(&memory, &sled, &generator, seed, one_by_one).await.expect("readable");
    }
}

async fn compare(
    memory: &MemoryStore,
    sled: &SledStore,
    generator: &Generator,
    seed: u64,
    one_by_one: bool,
) -> Result<(), StoreError> {
    assert_eq!(everything(sled).await?, everything(memory).await?, "seed {seed}");
    assert_eq!(journals(sled, generator).await?, journals(memory, generator).await?, "seed {seed}");
    assert_eq!(lists(sled, generator).await?, lists(memory, generator).await?, "seed {seed}");
    let (found, expected) = (sled.events(Page::all()).await?, memory.events(Page::all()).await?);
    if one_by_one {
        assert_eq!(found, expected, "seed {seed}");
    }
    let numbers: Vec<u64> = found.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=expected.len() as u64).collect::<Vec<_>>(), "seed {seed}");
    for after in [0, 1, numbers.len() as u64 / 2, numbers.len() as u64] {
        let page = sled.events(Page::after(after, 7)).await?;
        assert_eq!(page[..], found[after as usize..found.len().min(after as usize + 7)], "seed {seed}");
        for run in &generator.runs {
            let own = found.iter().filter(|event| event.run == run.id && event.sequence > after);
            let own: Vec<_> = own.take(5).cloned().collect();
            assert_eq!(sled.run_events(run.id, Page::after(after, 5)).await?, own, "seed {seed}");
        }
    }
    Ok(())
}

/// More with `ORCH_TEST_HISTORIES`.
fn histories() -> std::ops::Range<u64> {
    let more = std::env::var("ORCH_TEST_HISTORIES").ok().and_then(|text| text.parse().ok());
    0..more.unwrap_or(12)
}

#[test]
fn one_by_one() {
    histories().for_each(|seed| block_on(history(seed, true)));
}

#[test]
fn in_groups() {
    histories().for_each(|seed| block_on(history(seed + 1_000_000, false)));
}

/// A run that is longer than one row holds, closed and opened in the middle.
#[test]
fn a_long_run() {
    block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let store = SledStore::open(dir.path()).expect("a store");
        let mut writer = Writer::submit(&store, new_run("test::long")).await.expect("submitted");
        let run = writer.run;
        for number in 0..100u32 {
            writer.durable_call(&number.to_le_bytes()).await.expect("committed");
        }
        drop(store);
        let store = SledStore::open(dir.path()).expect("the same store");
        let mut writer = Writer::claim(&store, run).await.expect("claimed").expect("it has not ended");
        assert_eq!(writer.tasks, 100);
        for number in 100..200u32 {
            writer.durable_call(&number.to_le_bytes()).await.expect("committed");
        }
        let expected: Vec<_> = (0..200u32).map(|number| number.to_le_bytes().to_vec()).collect();
        assert_eq!(writer.values().await.expect("a journal"), expected);
        writer.complete(b"").await.expect("ended");
        let fence = writer.fence;
        drop(store);
        let store = SledStore::open(dir.path()).expect("the same store");
        let reader = Writer { store: &store, run, fence, number: 1, tasks: 0 };
        assert_eq!(reader.values().await.expect("a journal"), expected);
        let tasks = store.task_runs(run, Page::after(TaskNumber(150), 10)).await.expect("task runs");
        assert_eq!(tasks.iter().map(|task| task.task.0).collect::<Vec<_>>(), (151..161).collect::<Vec<_>>());
    });
}
