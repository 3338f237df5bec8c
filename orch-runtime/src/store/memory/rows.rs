//! The rows of the memory store, and how readers see them.

use std::{borrow::Cow, sync::Arc};

use rustc_hash::FxHashMap;

use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    error::RecordedError,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::{Event, EventKind, Notice, RunState, TaskState},
    store::{Fence, InFlight, Labels, Mark, NewRun, Outcome, Record, Run, TaskClaim, TaskDetail, TaskRun},
};

pub(super) struct RunRow {
    pub(super) new: NewRun,
    pub(super) fence: Fence,
    pub(super) applied: u64,
    pub(super) state: RunState,
    pub(super) attempt: u32,
    pub(super) reason: Option<String>,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) outcome: Option<Outcome>,
    pub(super) tasks: Vec<TaskRow>,
    pub(super) scopes: FxHashMap<ScopeId, ScopeRows>,
    /// Sequence numbers of its events.
    pub(super) events: Vec<u64>,
}

#[derive(Default)]
pub(super) struct ScopeRows {
    pub(super) records: Vec<Record>,
    pub(super) dropped: Vec<Mark>,
    /// First and last task number that this scope wrote; most scopes write theirs in one go.
    pub(super) tasks: Option<(u32, u32)>,
}

pub(super) struct TaskRow {
    pub(super) key: CallKey,
    pub(super) instance: u64,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: DefinitionKind,
    pub(super) state: TaskState,
    pub(super) attempt: u32,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) first_start: Option<Timestamp>,
    pub(super) extra: Option<Box<TaskExtra>>,
}

/// What few task runs have.
#[derive(Default)]
pub(super) struct TaskExtra {
    pub(super) label: Option<String>,
    pub(super) tags: Vec<Cow<'static, str>>,
    pub(super) child: Option<RunId>,
    pub(super) retry_at: Option<Timestamp>,
}

impl RunRow {
    pub(super) fn new(new: NewRun) -> Self {
        Self {
            new,
            fence: Fence(0),
            applied: 0,
            state: RunState::Pending,
            attempt: 0,
            reason: None,
            started: None,
            ended: None,
            outcome: None,
            tasks: Vec::new(),
            scopes: FxHashMap::default(),
            events: Vec::new(),
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
            name: self.new.name.clone(),
            kind: self.new.kind,
            body_hash: self.new.body_hash,
            label: self.new.label.clone(),
            tags: self.new.tags.clone(),
            trigger: self.new.trigger,
            parent: self.new.parent,
            state: self.state,
            attempt: self.attempt,
            reason: self.reason.clone(),
            created: self.new.at,
            started: self.started,
            ended: self.ended,
            counts,
            value,
            error,
        }
    }
}

impl TaskRow {
    pub(super) fn new(claim: TaskClaim, at: Timestamp) -> Self {
        let extra = claim.labels.map(|labels| {
            let Labels { label, tags } = *labels;
            Box::new(TaskExtra { label, tags, ..TaskExtra::default() })
        });
        Self {
            key: claim.key,
            instance: claim.instance,
            name: claim.name,
            kind: claim.kind,
            state: TaskState::Pending,
            attempt: 0,
            created: at,
            changed: at,
            first_start: None,
            extra,
        }
    }

    pub(super) fn extra(&mut self) -> &mut TaskExtra {
        self.extra.get_or_insert_default()
    }

    pub(super) fn view(&self, task: TaskNumber) -> TaskRun {
        let extra = self.extra.as_deref();
        TaskRun {
            task,
            key: self.key,
            name: self.name.clone(),
            kind: self.kind,
            label: extra.and_then(|extra| extra.label.clone()),
            tags: extra.map(|extra| extra.tags.clone()).unwrap_or_default(),
            state: self.state,
            attempt: self.attempt,
            created: self.created,
            changed: self.changed,
            child: extra.and_then(|extra| extra.child),
        }
    }

    pub(super) fn in_flight(&self, task: TaskNumber) -> InFlight {
        let extra = self.extra.as_deref();
        InFlight {
            task,
            key: self.key,
            instance: self.instance,
            state: self.state,
            attempt: self.attempt,
            first_start: self.first_start,
            retry_at: extra.and_then(|extra| extra.retry_at),
            child: extra.and_then(|extra| extra.child),
        }
    }
}

/// An event as it is kept: the reader's form is made when somebody reads.
pub(super) struct EventRow {
    pub(super) at: Timestamp,
    pub(super) run: RunId,
    pub(super) what: What,
}

pub(super) enum What {
    Run(RunState, u32, Option<Box<str>>),
    Task(TaskNumber, TaskState, u32, Option<Box<TaskDetail>>),
    Notice(Option<TaskNumber>, Notice, Box<str>),
}

impl EventRow {
    pub(super) fn view(&self, sequence: u64, run: Option<&RunRow>) -> Event {
        let kind = match &self.what {
            What::Run(state, attempt, reason) => EventKind::Run {
                state: *state,
                attempt: *attempt,
                reason: reason.as_deref().map(str::to_owned),
            },
            What::Task(task, state, attempt, detail) => EventKind::Task {
                task: *task,
                name: run
                    .and_then(|run| run.tasks.get(task.0 as usize))
                    .map_or_else(Cow::default, |row| row.name.clone()),
                state: *state,
                attempt: *attempt,
                reason: detail.as_ref().and_then(|detail| detail.reason.clone()),
                delay: detail.as_ref().and_then(|detail| detail.delay),
            },
            What::Notice(task, notice, text) => {
                EventKind::Notice { task: *task, notice: *notice, text: text.as_ref().to_owned() }
            }
        };
        Event { sequence, at: self.at, run: self.run, kind }
    }
}
