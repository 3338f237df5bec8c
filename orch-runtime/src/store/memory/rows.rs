//! The rows of the memory store, and how readers see them.

use std::{borrow::Cow, collections::VecDeque, hash::Hash, sync::Arc};

use rustc_hash::FxHashMap;

use crate::{
    cache::InputText,
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    error::RecordedError,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::{Event, EventKind, Notice, RunState, TaskState},
    store::{
        Begun, Child, Claimed, Fence, InFlight, Labels, Mark, NewRun, Outcome, Record, Run, Signal,
        TaskClaim, TaskDetail, TaskRun, WorkerId, mail::Mail,
    },
};

pub(super) struct RunRow {
    pub(super) new: NewRun,
    /// Stands for the run in the list of all events.
    pub(super) serial: u32,
    pub(super) fence: Fence,
    /// Who has it, while that worker lives.
    pub(super) worker: Option<WorkerId>,
    /// Its worker has given it back.
    pub(super) released: bool,
    pub(super) deaths: u32,
    /// Something in it has waited since it was last taken: for a time, for a signal, or for a person.
    pub(super) waited: bool,
    pub(super) applied: u64,
    pub(super) state: RunState,
    pub(super) attempt: u32,
    /// See [`Claimed::first_attempt`].
    pub(super) first_attempt: u32,
    pub(super) reason: Option<String>,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) outcome: Option<Outcome>,
    pub(super) tasks: Vec<TaskRow>,
    inputs: Inputs,
    pub(super) scopes: Interned<ScopeId, ScopeRows>,
    pub(super) names: Interned<Cow<'static, str>, ()>,
    pub(super) events: VecDeque<EventRow>,
    pub(super) mail: Mail<Signal>,
}

/// What many rows have in common, named there by its place here.
pub(super) struct Interned<K, V> {
    list: Vec<(K, V)>,
    places: FxHashMap<K, u32>,
    /// Who was asked for last is most often asked for again.
    last: u32,
}

impl<K: Eq + Hash + Clone, V: Default> Interned<K, V> {
    fn new() -> Self {
        Self { list: Vec::new(), places: FxHashMap::default(), last: 0 }
    }

    /// The place of `key`, which is made for it if need be.
    pub(super) fn place(&mut self, key: &K) -> u32 {
        if self.list.get(self.last as usize).is_none_or(|(last, _)| last != key) {
            let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
            self.last = *self.places.entry(key.clone()).or_insert(next);
            if self.last == next {
                self.list.push((key.clone(), V::default()));
            }
        }
        self.last
    }

    /// What lies at the place of `key`, which is made for it if need be.
    pub(super) fn entry(&mut self, key: &K) -> &mut V {
        let place = self.place(key) as usize;
        &mut self.list[place].1
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.list.get(*self.places.get(key)? as usize).map(|(_, value)| value)
    }

    fn key(&self, place: u32) -> Option<&K> {
        self.list.get(place as usize).map(|(key, _)| key)
    }
}

#[derive(Default)]
pub(super) struct ScopeRows {
    pub(super) records: Vec<RecordRow>,
    pub(super) dropped: Vec<Mark>,
    pub(super) begun: Vec<Begun>,
    /// First and last task number that this scope wrote; most scopes write theirs in one go.
    pub(super) tasks: Option<(u32, u32)>,
}

/// A record as it is kept: most of it is its task run's.
pub(super) struct RecordRow {
    outcome: Outcome,
    number: u32,
    /// How many task runs there were.
    pub(super) claimed: u32,
    task: Option<TaskNumber>,
    /// Where the task run does not say it, or says something else.
    own: Option<Box<RecordKey>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct RecordKey {
    instance: u64,
    call: u128,
    occurrence: u32,
}

impl RecordRow {
    fn new(record: Record, tasks: &[TaskRow], claimed: u32) -> Self {
        let Record { scope: _, instance, number, call, occurrence, task, outcome } = record;
        let key = RecordKey { instance, call, occurrence };
        let of_task = task.and_then(|task| tasks.get(task.0 as usize)).map(TaskRow::record_key);
        let own = (of_task != Some(key)).then(|| Box::new(key));
        Self { outcome, number, claimed, task, own }
    }

    pub(super) fn view(&self, scope: ScopeId, tasks: &[TaskRow]) -> Option<Record> {
        let of_task = || self.task.and_then(|task| tasks.get(task.0 as usize)).map(TaskRow::record_key);
        let RecordKey { instance, call, occurrence } = self.own.as_deref().copied().or_else(of_task)?;
        let (number, task, outcome) = (self.number, self.task, self.outcome.clone());
        Some(Record { scope, instance, number, call, occurrence, task, outcome })
    }
}

pub(super) struct TaskRow {
    call: u128,
    instance: u64,
    created: Timestamp,
    pub(super) changed: Timestamp,
    extra: Option<Box<TaskExtra>>,
    scope: u32,
    occurrence: u32,
    name: u32,
    /// Where its input begins.
    input: u32,
    pub(super) attempt: u32,
    pub(super) state: TaskState,
    kind: DefinitionKind,
    /// Its first attempt began when it was claimed.
    started_at_once: bool,
}

/// What the task runs of a run were called with, one behind the other: a length and as many bytes for each. Most
/// inputs are short, and the rows have four bytes to spare.
#[derive(Default)]
struct Inputs(Vec<u8>);

/// The place of an input that is not known, or has no room.
const NO_INPUT: u32 = u32::MAX;

impl Inputs {
    fn push(&mut self, input: Option<&InputText>) -> u32 {
        let Some(input) = input else { return NO_INPUT };
        let text = input.canonical().is_none().then(|| input.to_string());
        let (bytes, is_text) = match (&text, input.canonical()) {
            (Some(text), _) => (text.as_bytes(), TEXT),
            (None, bytes) => (bytes.unwrap_or_default(), 0),
        };
        let (Ok(place), true) = (u32::try_from(self.0.len()), bytes.len() < usize::from(TEXT)) else {
            return NO_INPUT;
        };
        self.0.push(bytes.len() as u8 | is_text);
        self.0.extend_from_slice(bytes);
        place
    }

    fn text(&self, place: u32) -> Option<String> {
        let (length, rest) = self.0.get(place as usize..)?.split_first()?;
        let bytes = rest.get(..usize::from(length & !TEXT))?;
        Some(match length & TEXT {
            0 => InputText::text_of(bytes),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        })
    }
}

/// In the length: it was put into words before it came here.
const TEXT: u8 = 0x80;

/// What few task runs have.
#[derive(Default)]
pub(super) struct TaskExtra {
    labels: Labels,
    pub(super) child: Option<RunId>,
    pub(super) retry_at: Option<Timestamp>,
    first_start: Option<Timestamp>,
}

impl RunRow {
    pub(super) fn new(new: NewRun, serial: u32) -> Self {
        let state = if new.waits { RunState::Scheduled } else { RunState::Pending };
        Self {
            new,
            serial,
            fence: Fence(0),
            worker: None,
            released: false,
            deaths: 0,
            waited: false,
            applied: 0,
            state,
            attempt: 0,
            first_attempt: 1,
            reason: None,
            started: None,
            ended: None,
            outcome: None,
            tasks: Vec::new(),
            inputs: Inputs::default(),
            scopes: Interned::new(),
            names: Interned::new(),
            events: VecDeque::new(),
            mail: Mail::default(),
        }
    }

    pub(super) fn view(&self) -> Run {
        let (value, error): (Option<Bytes>, Option<Arc<RecordedError>>) = match &self.outcome {
            Some(Outcome::Value(value)) => (Some(value.clone()), None),
            Some(Outcome::Error(error)) => (None, Some(error.clone())),
            Some(Outcome::End) | None => (None, None),
        };
        let mut counts = std::collections::BTreeMap::new();
        for task in &self.tasks {
            *counts.entry(task.state).or_default() += 1;
        }
        Run {
            id: self.new.id,
            given_id: self.new.given_id.clone(),
            name: self.new.name.clone(),
            kind: self.new.kind,
            body_hash: self.new.body_hash,
            label: self.new.label.clone(),
            tags: self.new.tags.clone(),
            trigger: self.new.trigger,
            parent: self.new.parent,
            reruns: self.new.reruns.clone(),
            started_by: self.new.started_by.clone(),
            state: self.state,
            attempt: self.attempt,
            deaths: self.deaths,
            reason: self.reason.clone(),
            created: self.new.at,
            started: self.started,
            ended: self.ended,
            counts,
            value,
            error,
        }
    }

    /// What its new worker gets.
    pub(super) fn claimed(&self) -> Claimed {
        Claimed {
            run: self.view(),
            fence: self.fence,
            input: self.new.input.clone(),
            next_task: self.next_task(),
            first_attempt: self.first_attempt,
        }
    }

    fn next_task(&self) -> u32 {
        u32::try_from(self.tasks.len()).unwrap_or(u32::MAX)
    }
}

impl RunRow {
    /// Whether it has to be taken up by somebody.
    pub(super) fn is_orphaned(&self) -> bool {
        self.worker.is_none() && !self.state.is_final() && self.state != RunState::Scheduled
    }

    /// A task run comes into being.
    pub(super) fn claim(&mut self, claim: TaskClaim, at: Timestamp) {
        let TaskClaim { task, key, instance, name, kind, labels, input } = claim;
        let (scope, name) = (self.scopes.place(&key.scope), self.names.place(&name));
        let rows = self.scopes.entry(&key.scope);
        let first = rows.tasks.map_or(task.0, |(first, _)| first);
        rows.tasks = Some((first, task.0));
        let extra = labels.map(|labels| Box::new(TaskExtra { labels: *labels, ..TaskExtra::default() }));
        let input = self.inputs.push(input.as_ref());
        self.tasks.push(TaskRow {
            call: key.call,
            instance,
            created: at,
            changed: at,
            extra,
            scope,
            occurrence: key.occurrence,
            name,
            input,
            attempt: 0,
            state: TaskState::Pending,
            kind,
            started_at_once: false,
        });
    }

    pub(super) fn record(&mut self, record: Record) {
        let scope = record.scope;
        let row = RecordRow::new(record, &self.tasks, self.next_task());
        self.scopes.entry(&scope).records.push(row);
    }

    fn key_of(&self, row: &TaskRow) -> CallKey {
        let scope = self.scopes.key(row.scope).copied().unwrap_or(ScopeId::ROOT);
        CallKey { scope, call: row.call, occurrence: row.occurrence }
    }

    fn name_of(&self, row: &TaskRow) -> Cow<'static, str> {
        self.names.key(row.name).cloned().unwrap_or_default()
    }

    pub(super) fn view_task(&self, task: TaskNumber, row: &TaskRow) -> TaskRun {
        let labels = row.extra.as_deref().map(|extra| extra.labels.clone()).unwrap_or_default();
        TaskRun {
            task,
            key: self.key_of(row),
            name: self.name_of(row),
            kind: row.kind,
            label: labels.label,
            tags: labels.tags,
            state: row.state,
            attempt: row.attempt,
            created: row.created,
            changed: row.changed,
            child: row.extra.as_deref().and_then(|extra| extra.child),
            input: self.inputs.text(row.input),
        }
    }

    /// The task run as a resumed body meets it, if `scope` wrote it and it has not ended.
    pub(super) fn in_flight(&self, scope: ScopeId, task: TaskNumber) -> Option<InFlight> {
        let row = self.tasks.get(task.0 as usize).filter(|row| !row.state.is_final())?;
        let key = self.key_of(row);
        let extra = row.extra.as_deref();
        (key.scope == scope).then(|| InFlight {
            task,
            key,
            instance: row.instance,
            state: row.state,
            attempt: row.attempt,
            first_start: row.first_start(),
            retry_at: extra.and_then(|extra| extra.retry_at),
            child: extra.and_then(|extra| extra.child),
        })
    }
}

impl RunRow {
    /// The run of the flow that this task run called, if `scope` wrote it and called one.
    pub(super) fn child(&self, scope: ScopeId, task: TaskNumber) -> Option<Child> {
        let row = self.tasks.get(task.0 as usize)?;
        let run = row.extra.as_deref()?.child?;
        let CallKey { scope: own, call, occurrence } = self.key_of(row);
        (own == scope).then_some(Child { call, occurrence, task, run })
    }
}

impl TaskRow {
    pub(super) fn extra(&mut self) -> &mut TaskExtra {
        self.extra.get_or_insert_default()
    }

    /// An attempt begins.
    pub(super) fn starts(&mut self, at: Timestamp) {
        if self.first_start().is_some() {
            return;
        }
        if at == self.created {
            self.started_at_once = true;
        } else {
            self.extra().first_start = Some(at);
        }
    }

    fn first_start(&self) -> Option<Timestamp> {
        if self.started_at_once { Some(self.created) } else { self.extra.as_deref()?.first_start }
    }

    fn record_key(&self) -> RecordKey {
        RecordKey { instance: self.instance, call: self.call, occurrence: self.occurrence }
    }
}

/// An event as it is kept, with its run: the reader's form is made when somebody reads.
pub(super) struct EventRow {
    pub(super) sequence: u64,
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What happened. Most events are a task run's next state without a word; all others lie elsewhere.
pub(super) enum What {
    Task(TaskNumber, TaskState, u32),
    More(Box<More>),
}

pub(super) enum More {
    Run(RunState, u32, Option<String>),
    Task(TaskNumber, TaskState, u32, Box<TaskDetail>),
    Notice(Option<TaskNumber>, Notice, String),
}

impl EventRow {
    /// The task run that it is about, its new state and attempt, and why.
    pub(super) fn of_task(&self) -> Option<(TaskNumber, TaskState, u32, Option<&TaskDetail>)> {
        match &self.what {
            What::Task(task, state, attempt) => Some((*task, *state, *attempt, None)),
            What::More(more) => match &**more {
                More::Task(task, state, attempt, detail) => Some((*task, *state, *attempt, Some(detail))),
                More::Run(..) | More::Notice(..) => None,
            },
        }
    }

    pub(super) fn view(&self, run: &RunRow) -> Event {
        let task_kind = |task: TaskNumber, state, attempt, detail: Option<&TaskDetail>| EventKind::Task {
            task,
            name: run.tasks.get(task.0 as usize).map(|row| run.name_of(row)).unwrap_or_default(),
            state,
            attempt,
            reason: detail.and_then(|detail| detail.reason.clone()),
            delay: detail.and_then(|detail| detail.delay),
        };
        let kind = match &self.what {
            What::Task(task, state, attempt) => task_kind(*task, *state, *attempt, None),
            What::More(more) => match &**more {
                More::Task(task, state, attempt, detail) => task_kind(*task, *state, *attempt, Some(detail)),
                More::Run(state, attempt, reason) => {
                    EventKind::Run { state: *state, attempt: *attempt, reason: reason.clone() }
                }
                More::Notice(task, notice, text) => {
                    EventKind::Notice { task: *task, notice: *notice, text: text.clone() }
                }
            },
        };
        Event { sequence: self.sequence, at: self.at, run: run.new.id, kind }
    }
}
