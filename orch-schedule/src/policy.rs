//! What is done about ticks that are late, that overlap, or that all come at once.

use std::time::Duration;

/// What becomes of the ticks that passed while nobody was there to start them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CatchUp {
    /// They are skipped.
    None,
    /// The latest of them is started, the others are skipped. The default.
    #[default]
    Last,
    /// All of them are started, the oldest first.
    All,
}

/// What becomes of a tick while a run of an earlier one is still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Overlap {
    /// It is started beside the earlier one. The default.
    #[default]
    Allow,
    /// It is skipped.
    Skip,
    /// It is started when the earlier ones have ended.
    Queue,
    /// The earlier one is cancelled, then it is started.
    Cancel,
}

/// What is done about the ticks of a schedule besides starting a run at each.
///
/// The defaults are those that users of cron jobs elsewhere know: after a time without anybody to start them, one run
/// makes up for all ticks that were missed (as Airflow without `catchup` and Kubernetes do), however late it is; runs
/// may overlap; nothing is spread, and nothing ends the schedule.
///
/// ```
/// use std::time::Duration;
/// use orch_schedule::{CatchUp, Policy};
///
/// let policy = Policy { max_late: Some(Duration::from_secs(3600)), ..Policy::default() };
/// assert_eq!(policy.catch_up, CatchUp::Last);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// What becomes of missed ticks. Default: the last is started.
    pub catch_up: CatchUp,
    /// A tick that could not be started within this time is skipped, also by `catch_up`. Default: no limit.
    pub max_late: Option<Duration>,
    /// What becomes of a tick while an earlier run is under way. Default: it is started too.
    pub overlap: Overlap,
    /// Each tick is started up to so much later, see [`jitter_of`](crate::jitter_of). Default: not at all.
    pub jitter: Option<Duration>,
    /// No tick is due after this moment, in microseconds since the epoch. Default: no end.
    pub until: Option<i64>,
    /// After so many runs the schedule ends. Default: no end.
    pub max_runs: Option<u64>,
}

impl Policy {
    /// The same as [`Policy::default`], in a constant.
    pub const DEFAULT: Self = Self {
        catch_up: CatchUp::Last,
        max_late: None,
        overlap: Overlap::Allow,
        jitter: None,
        until: None,
        max_runs: None,
    };
}
