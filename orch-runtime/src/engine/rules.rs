//! The rules of ordered delivery, each of which a test can switch off.

/// Which rules of ordered delivery hold. Tests of this library switch one off at a time, to show that each is
/// needed; there is no other use.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// No outcome passes a record whose call is not there yet.
    pub strict_head: bool,
    /// Calls without a record wait while records remain.
    pub park: bool,
    /// A dropped call leaves a mark.
    pub marks: bool,
    /// An outcome is ready only in the poll of the body for which it was handed over.
    pub one_per_poll: bool,
    /// Hits, ids and the like take a number and go through the queue too.
    pub queue_for_all: bool,
    /// Bodies are polled outside tokio's budget, which would make a busy body look idle.
    pub unconstrained: bool,
    /// A handle that another body awaits takes a number there.
    pub arrivals: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            strict_head: true,
            park: true,
            marks: true,
            one_per_poll: true,
            queue_for_all: true,
            unconstrained: true,
            arrivals: true,
        }
    }
}
