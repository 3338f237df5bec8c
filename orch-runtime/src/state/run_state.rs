//! The states of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::IllegalStep;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RunState {
    /// Due at a later time.
    Scheduled,
    /// Due, and not claimed yet.
    Pending,
    /// A worker executes it.
    Running,
    /// It waits and takes no resources: for a place among the runs of its flow, where that has `max_concurrent`.
    Suspended,
    /// A cancellation was asked for; what runs below it is being stopped.
    Cancelling,
    /// It returned a value.
    Completed,
    /// It returned an error, panicked or diverged.
    Failed,
    /// It took longer than its `timeout`.
    TimedOut,
    /// It was cancelled.
    Cancelled,
    /// Its process died too often.
    Crashed,
}

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunInput {
    /// Its time has come.
    Due,
    /// A worker takes it, for the first time or after another worker's death.
    Claim,
    /// It starts to wait.
    Suspend,
    /// What it waited for has come.
    Wake,
    /// Its body failed and is started again.
    Again,
    /// Its body returned a value.
    Complete,
    /// Its body ended without one.
    Fail,
    /// Its time is over.
    TimeOut,
    /// Somebody asks it to stop.
    Cancel,
    /// Nothing below it runs any more.
    Stopped,
    /// Its process died once too often.
    GiveUp,
    /// A finished run is executed again.
    Retry,
}

impl RunState {
    /// Whether nothing more happens to the run by itself.
    pub fn is_final(self) -> bool {
        use RunState::*;
        matches!(self, Completed | Failed | TimedOut | Cancelled | Crashed)
    }

    /// The state's name.
    pub fn name(self) -> &'static str {
        use RunState::*;
        match self {
            Scheduled => "Scheduled",
            Pending => "Pending",
            Running => "Running",
            Suspended => "Suspended",
            Cancelling => "Cancelling",
            Completed => "Completed",
            Failed => "Failed",
            TimedOut => "TimedOut",
            Cancelled => "Cancelled",
            Crashed => "Crashed",
        }
    }

    /// The state after `input`.
    ///
    /// # Errors
    /// [`IllegalStep`] where the table has no entry.
    pub fn step(self, input: RunInput) -> Result<Self, IllegalStep> {
        use RunInput as I;
        use RunState::*;
        Ok(match (self, input) {
            (Scheduled, I::Due) => Pending,
            (Scheduled | Pending, I::Cancel) => Cancelled,
            (Pending | Running | Suspended, I::Claim) => Running,
            (Running, I::Again) => Running,
            (Running, I::Suspend) => Suspended,
            (Suspended, I::Wake) => Running,
            (Running, I::Complete) => Completed,
            (Running, I::Fail) => Failed,
            (Running | Suspended, I::TimeOut) => TimedOut,
            (Running | Suspended, I::Cancel) => Cancelling,
            (Cancelling, I::Stopped) => Cancelled,
            (Pending | Running | Suspended, I::GiveUp) => Crashed,
            (Failed | TimedOut | Cancelled | Crashed, I::Retry) => Pending,
            (state, input) => {
                return Err(IllegalStep { state: state.name(), input: input.name() });
            }
        })
    }
}

impl RunInput {
    /// The input's name.
    pub fn name(self) -> &'static str {
        use RunInput::*;
        match self {
            Due => "Due",
            Claim => "Claim",
            Suspend => "Suspend",
            Wake => "Wake",
            Again => "Again",
            Complete => "Complete",
            Fail => "Fail",
            TimeOut => "TimeOut",
            Cancel => "Cancel",
            Stopped => "Stopped",
            GiveUp => "GiveUp",
            Retry => "Retry",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RunState::*;

    #[test]
    fn a_final_state_is_left_only_by_a_retry() {
        let inputs = [
            RunInput::Due,
            RunInput::Claim,
            RunInput::Suspend,
            RunInput::Wake,
            RunInput::Complete,
            RunInput::Fail,
            RunInput::TimeOut,
            RunInput::Cancel,
            RunInput::Stopped,
            RunInput::GiveUp,
        ];
        for state in [Completed, Failed, TimedOut, Cancelled, Crashed] {
            assert!(state.is_final());
            assert!(inputs.iter().all(|input| state.step(*input).is_err()), "{state}");
        }
        assert_eq!(Failed.step(RunInput::Retry), Ok(Pending));
        assert!(Completed.step(RunInput::Retry).is_err());
    }

    #[test]
    fn a_running_run_is_cancelled_in_two_steps() {
        let cancelling = Running.step(RunInput::Cancel).expect("in the table");
        assert_eq!(cancelling, Cancelling);
        assert!(cancelling.step(RunInput::Complete).is_err());
        assert_eq!(cancelling.step(RunInput::Stopped), Ok(Cancelled));
        let illegal = Completed.step(RunInput::Claim).expect_err("over is over");
        assert_eq!(illegal.to_string(), "Claim is not possible while Completed");
    }
}
