//! Whether another attempt follows, when, and why.

use std::time::Duration;

use crate::{definition::Backoff, error::Retry};

/// How often and how patiently something is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    pub(super) retries: u32,
    pub(super) backoff: Backoff,
    pub(super) budget: Option<Duration>,
}

/// What follows a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Another attempt after this wait. The reason is there when it is not the plain back-off.
    Again(Duration, Option<String>),
    /// It was the last one. The reason is there when attempts were left.
    Stop(Option<String>),
}

impl RetryPolicy {
    /// Whether an attempt may follow attempt number `attempt` at all.
    pub(super) fn may_follow(&self, attempt: u32) -> bool {
        attempt <= self.retries
    }

    /// What follows attempt number `attempt`, which ended `elapsed` after the first one started.
    pub(super) fn decide(&self, attempt: u32, elapsed: Duration, verdict: Option<&Retry>) -> Decision {
        if let Some(Retry::Stop(reason)) = verdict {
            return Decision::Stop(self.may_follow(attempt).then(|| format!("not retried: {reason}")));
        }
        if !self.may_follow(attempt) {
            return Decision::Stop(None);
        }
        let (delay, reason) = match verdict {
            Some(Retry::After(delay)) => (*delay, Some(format!("retry_if: after {delay:?}"))),
            _ => (self.backoff.draw(attempt), None),
        };
        match self.budget {
            Some(budget) if elapsed + delay >= budget => {
                Decision::Stop(Some(format!("not retried: the retry budget of {budget:?} is spent")))
            }
            _ => Decision::Again(delay, reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(budget: Option<Duration>) -> RetryPolicy {
        RetryPolicy { retries: 2, backoff: Backoff::fixed(SECOND, false), budget }
    }

    #[test]
    fn three_retries_would_be_one_too_many() {
        let policy = policy(None);
        assert_eq!(policy.decide(1, SECOND, None), Decision::Again(SECOND, None));
        assert_eq!(policy.decide(2, SECOND, Some(&Retry::Yes)), Decision::Again(SECOND, None));
        assert_eq!(policy.decide(3, SECOND, None), Decision::Stop(None));
    }

    #[test]
    fn the_verdict_beats_the_backoff_and_the_budget_beats_both() {
        let after = Retry::After(SECOND * 5);
        assert!(
            matches!(policy(None).decide(1, SECOND, Some(&after)), Decision::Again(delay, Some(_)) if delay == SECOND * 5)
        );
        let stop = Retry::Stop("it is a 404".into());
        assert_eq!(
            policy(None).decide(1, SECOND, Some(&stop)),
            Decision::Stop(Some("not retried: it is a 404".into()))
        );
        let spent = policy(Some(SECOND * 2)).decide(1, SECOND, None);
        assert!(matches!(spent, Decision::Stop(Some(reason)) if reason.contains("budget")));
    }
}
