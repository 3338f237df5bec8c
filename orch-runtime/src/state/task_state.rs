//! The states of a task run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::IllegalStep;

/// Where a task run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TaskState {
    /// The call was written and has not begun.
    Pending,
    /// It waits for the right to run.
    AwaitingPermit,
    /// An attempt is under way.
    Running,
    /// An attempt failed and the next one waits for its back-off.
    AwaitingRetry,
    /// It has a value that its own body computed.
    Completed,
    /// It has a value that was computed before, by this or another run.
    Cached,
    /// Its last attempt returned an error or panicked.
    Failed,
    /// Its last attempt took longer than the `timeout`.
    TimedOut,
    /// It was cancelled, or dropped before it had an outcome.
    Cancelled,
    /// A call that it comes after did not succeed.
    Skipped,
    /// It may run only once and was interrupted: nobody knows whether it did its work. A caller that waits for it needs a
    /// person to say so.
    Unknown,
}

/// What happens to a task run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskInput {
    /// It has to wait for a permit.
    Wait,
    /// An attempt starts.
    Start,
    /// The attempt ended without a value and another one will follow.
    Retry,
    /// The attempt returned a value.
    Complete,
    /// A value that was computed before is used.
    Hit,
    /// The last attempt returned an error or panicked.
    Fail,
    /// The last attempt took too long.
    TimeOut,
    /// Somebody stops it.
    Cancel,
    /// What it comes after did not succeed.
    Skip,
    /// It was interrupted and may not run again.
    Lose,
    /// A person gave the value of an interrupted one.
    Answer,
    /// A person gave the error of an interrupted one.
    Refuse,
}

impl TaskState {
    /// Whether the task run has come to its end.
    pub fn is_final(self) -> bool {
        use TaskState::*;
        matches!(self, Completed | Cached | Failed | TimedOut | Cancelled | Skipped)
    }

    /// The state's name.
    pub fn name(self) -> &'static str {
        use TaskState::*;
        match self {
            Pending => "Pending",
            AwaitingPermit => "AwaitingPermit",
            Running => "Running",
            AwaitingRetry => "AwaitingRetry",
            Completed => "Completed",
            Cached => "Cached",
            Failed => "Failed",
            TimedOut => "TimedOut",
            Cancelled => "Cancelled",
            Skipped => "Skipped",
            Unknown => "Unknown",
        }
    }

    /// The state after `input`.
    ///
    /// # Errors
    /// [`IllegalStep`] where the table has no entry.
    pub fn step(self, input: TaskInput) -> Result<Self, IllegalStep> {
        use TaskInput as I;
        use TaskState::*;
        Ok(match (self, input) {
            (Pending | AwaitingRetry, I::Wait) => AwaitingPermit,
            // A resumed run starts an interrupted attempt again: Running → Running.
            (Pending | AwaitingPermit | AwaitingRetry | Running, I::Start) => Running,
            (Running, I::Retry) => AwaitingRetry,
            (Running, I::Complete) => Completed,
            (Pending | AwaitingPermit | AwaitingRetry | Running, I::Hit) => Cached,
            // A call whose input or definition cannot be used fails before it starts.
            (Pending | AwaitingPermit | Running, I::Fail) => Failed,
            (Running, I::TimeOut) => TimedOut,
            (Pending | AwaitingPermit | Running | AwaitingRetry | Unknown, I::Cancel) => Cancelled,
            (Pending, I::Skip) => Skipped,
            // Pending: an attempt of its caller before this one has begun it, and nobody knows what became of that.
            (Pending | Running, I::Lose) => Unknown,
            (Unknown, I::Answer) => Completed,
            (Unknown, I::Refuse) => Failed,
            // A person lets its body run once more.
            (Unknown, I::Retry) => AwaitingRetry,
            (state, input) => {
                return Err(IllegalStep { state: state.name(), input: input.name() });
            }
        })
    }
}

impl TaskInput {
    /// The input's name.
    pub fn name(self) -> &'static str {
        use TaskInput::*;
        match self {
            Wait => "Wait",
            Start => "Start",
            Retry => "Retry",
            Complete => "Complete",
            Hit => "Hit",
            Fail => "Fail",
            TimeOut => "TimeOut",
            Cancel => "Cancel",
            Skip => "Skip",
            Lose => "Lose",
            Answer => "Answer",
            Refuse => "Refuse",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TaskState::*;

    const INPUTS: [TaskInput; 12] = [
        TaskInput::Wait,
        TaskInput::Start,
        TaskInput::Retry,
        TaskInput::Complete,
        TaskInput::Hit,
        TaskInput::Fail,
        TaskInput::TimeOut,
        TaskInput::Cancel,
        TaskInput::Skip,
        TaskInput::Lose,
        TaskInput::Answer,
        TaskInput::Refuse,
    ];

    #[test]
    fn nothing_follows_a_final_state() {
        for state in [Completed, Cached, Failed, TimedOut, Cancelled, Skipped] {
            assert!(state.is_final());
            assert!(INPUTS.iter().all(|input| state.step(*input).is_err()), "{state}");
        }
    }

    #[test]
    fn a_retry_goes_round_and_only_a_running_task_completes() {
        let states =
            [TaskInput::Start, TaskInput::Retry, TaskInput::Wait, TaskInput::Start, TaskInput::Complete]
                .into_iter()
                .try_fold(Pending, TaskState::step);
        assert_eq!(states, Ok(Completed));
        for state in [Pending, AwaitingPermit, AwaitingRetry, Unknown] {
            assert!(state.step(TaskInput::Complete).is_err(), "{state}");
        }
    }

    #[test]
    fn only_a_person_says_what_became_of_an_unknown_task_run() {
        let ways = [
            (TaskInput::Answer, Completed),
            (TaskInput::Refuse, Failed),
            (TaskInput::Retry, AwaitingRetry),
            (TaskInput::Cancel, Cancelled),
        ];
        for input in INPUTS {
            let way = ways.iter().find(|(known, _)| *known == input).map(|(_, state)| *state);
            assert_eq!(Unknown.step(input).ok(), way, "{}", input.name());
        }
        for state in [Pending, AwaitingPermit, Running, AwaitingRetry] {
            assert!(
                state.step(TaskInput::Answer).is_err() && state.step(TaskInput::Refuse).is_err(),
                "{state}"
            );
        }
    }
}
