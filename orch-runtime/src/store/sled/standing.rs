//! Where a run stands: the small part of it that every change may move.

use super::{
    facts::{Fact, Kept, KeptSignal, Origin, What},
    wire::{Code, Damaged, In, Out, TASK_STATES},
};
use std::sync::Arc;

use crate::{
    clock::Timestamp,
    state::{RunInput, RunState, TaskState},
    store::{Counts, Fence, mail::Mail},
};

/// Where a run stands, in a form that is copied with every change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) fence: Fence,
    /// The last change under this fence.
    pub(super) applied: u64,
    pub(super) state: RunState,
    pub(super) attempt: u32,
    /// See [`Claimed::first_attempt`](crate::store::Claimed::first_attempt).
    pub(super) first_attempt: u32,
    /// How often its process has died since its last recorded outcome.
    pub(super) deaths: u32,
    /// Something in it has waited since it was last taken: for a time, for a signal, or for a person.
    pub(super) waited: bool,
    /// Its worker has given it back.
    pub(super) released: bool,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// How many task runs there are.
    pub(super) tasks: u32,
    counts: [u32; TASK_STATES],
}

/// What few changes tell of a run: why it has its state, what came out, and which signals wait in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) reason: Option<String>,
    pub(super) outcome: Option<Kept>,
    pub(super) mail: Arc<Mail<KeptSignal>>,
}

impl Told {
    /// The run is executed again: what its end told holds no more.
    pub(super) fn forget_end(&mut self) {
        (self.reason, self.outcome) = (None, None);
    }
}

impl Standing {
    /// A run that was just submitted.
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            fence: Fence(0),
            applied: 0,
            state: origin.first_state(),
            attempt: 0,
            first_attempt: 1,
            deaths: 0,
            waited: false,
            released: false,
            started: None,
            ended: None,
            tasks: 0,
            counts: [0; TASK_STATES],
        }
    }

    /// A worker takes the run; gives what the log tells of it.
    pub(super) fn take(&mut self, at: Timestamp) -> What {
        self.count_death();
        self.fence.0 += 1;
        self.applied = 0;
        self.attempt = self.attempt.max(1);
        self.started.get_or_insert(at);
        if self.state != RunState::Cancelling {
            self.state = RunState::Running;
        }
        What::Taken { fence: self.fence, state: self.state, attempt: self.attempt }
    }

    /// The run is to be executed again; gives what the log tells of it. `None` where that is not possible.
    pub(super) fn reopen(&mut self) -> Option<What> {
        self.state.step(RunInput::Retry).ok()?;
        self.open_again(self.attempt + 1);
        Some(What::Reopened { attempt: self.attempt })
    }

    fn open_again(&mut self, attempt: u32) {
        (self.state, self.attempt, self.first_attempt) = (RunState::Pending, attempt, attempt);
        (self.ended, self.deaths, self.released) = (None, 0, false);
    }

    /// Who takes a run that runs finds that its process has died. That is no sign of the run where it only waited.
    fn count_death(&mut self) {
        let only_waited = self.waited && self.counts[usize::from(TaskState::Running.code())] == 0;
        if self.state == RunState::Running && !self.released && !only_waited {
            self.deaths += 1;
        }
        (self.released, self.waited) = (false, false);
    }

    /// The run itself moves. Says whether that is its end.
    pub(super) fn move_run(&mut self, at: Timestamp, state: RunState, attempt: u32) -> bool {
        self.state = state;
        self.attempt = attempt;
        if state.is_final() {
            self.ended = Some(at);
        }
        state.is_final()
    }

    pub(super) fn add_task(&mut self) {
        self.tasks += 1;
        self.counts[usize::from(TaskState::Pending.code())] += 1;
    }

    pub(super) fn move_task(&mut self, from: TaskState, to: TaskState) {
        let from = &mut self.counts[usize::from(from.code())];
        *from = from.saturating_sub(1);
        self.counts[usize::from(to.code())] += 1;
        self.waited |= to == TaskState::Unknown;
    }

    /// Takes in what the log tells, as the steps of the change did when it was committed.
    pub(super) fn fold(&mut self, told: &mut Told, fact: &Fact) {
        match &fact.what {
            What::Taken { fence, state, attempt } => {
                self.count_death();
                self.fence = *fence;
                self.applied = 0;
                self.state = *state;
                self.attempt = *attempt;
                self.started.get_or_insert(fact.at);
            }
            What::Reopened { attempt } => {
                self.open_again(*attempt);
                told.forget_end();
            }
            What::Change(number) => self.applied = *number,
            What::Run(run) => {
                told.reason.clone_from(&run.reason);
                if self.move_run(fact.at, run.state, run.attempt) {
                    told.outcome.clone_from(&run.outcome);
                }
            }
            What::Claim(_) => self.add_task(),
            What::Task(task) => self.move_task(task.from, task.state),
            What::Signal(fact) | What::GivenBack(fact) => {
                Arc::make_mut(&mut told.mail).put(fact.number, fact.signal.clone());
            }
            What::SignalTaken(number) => Arc::make_mut(&mut told.mail).take(*number),
            What::Record(_) => self.deaths = 0,
            // What is over as it begins is no wait, but a note that a scope keeps.
            What::Begun(begun) => self.waited |= begun.due > fact.at,
            What::Released => self.released = true,
            What::Notice { notice, .. } => self.waited |= notice.tells_of_waiting(),
            What::Submitted(_) | What::Child { .. } | What::Dropped(_) => {}
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let states = (0..).map_while(TaskState::from_code);
        states.zip(self.counts).filter(|(_, n)| *n > 0).map(|(state, n)| (state, u64::from(n))).collect()
    }

    pub(super) fn write(&self, out: &mut Out) {
        let Self {
            fence,
            applied,
            state,
            attempt,
            first_attempt,
            deaths,
            waited,
            released,
            started,
            ended,
            tasks,
            counts,
        } = self;
        out.uint(fence.0);
        out.uint(*applied);
        out.code(*state);
        out.uint(u64::from(*attempt));
        out.uint(u64::from(*first_attempt));
        out.uint(u64::from(*deaths) << 2 | u64::from(*waited) << 1 | u64::from(*released));
        out.maybe(*started, |out, at| out.uint(at.as_micros()));
        out.maybe(*ended, |out, at| out.uint(at.as_micros()));
        out.uint(u64::from(*tasks));
        counts.iter().for_each(|count| out.uint(u64::from(*count)));
    }

    pub(super) fn read(read: &mut In<'_>) -> Result<Self, Damaged> {
        let (fence, applied, state, attempt) =
            (Fence(read.uint()?), read.uint()?, read.code()?, read.small()?);
        let (first_attempt, deaths) = (read.small()?, read.small()?);
        let mut standing = Self {
            fence,
            applied,
            state,
            attempt,
            first_attempt,
            deaths: deaths >> 2,
            waited: deaths & 2 != 0,
            released: deaths & 1 != 0,
            started: read.maybe(|read| read.uint().map(Timestamp::from_micros))?,
            ended: read.maybe(|read| read.uint().map(Timestamp::from_micros))?,
            tasks: read.small()?,
            counts: [0; TASK_STATES],
        };
        for count in &mut standing.counts {
            *count = read.small()?;
        }
        Ok(standing)
    }
}
