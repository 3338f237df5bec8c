//! Waits that go on where they stood when their run is taken up again.

use std::{sync::Arc, time::Duration};

use super::{scope::Scope, ticket::Ticket};
use crate::{clock::Timestamp, id::CallKey, store::Begun};

/// How long a call waits at most.
pub(super) struct Limit {
    scope: Arc<Scope>,
    key: CallKey,
    limit: Duration,
    /// When it is over, if it began in the process before this one.
    due: Option<Timestamp>,
}

impl Limit {
    /// The wait of the call behind `ticket`.
    pub(super) fn new(ticket: &Ticket, limit: Duration) -> Self {
        Self { scope: ticket.scope.clone(), key: ticket.key, limit, due: ticket.due() }
    }

    /// The wait begins, or goes on: when it is over.
    pub(super) fn begin(&self) -> Timestamp {
        let latest = self.scope.run.core.clock.now().plus(self.limit);
        let due = self.due.unwrap_or(latest);
        let CallKey { scope, call, occurrence } = self.key;
        let instance = self.scope.instance;
        // Also where it goes on: should this process die too, the run has only waited in it.
        self.scope.run.begin_wait(Begun { scope, instance, call, occurrence, due });
        // A clock that was set back makes no wait longer than it is.
        due.min(latest)
    }

    /// Waits until it is over.
    pub(super) async fn pass(self) {
        let clock = self.scope.run.core.clock.clone();
        if self.scope.run.core.verifying.is_some() {
            // A run that is only looked at has come as far as it had.
            std::future::pending::<()>().await;
        }
        let due = self.begin();
        clock.sleep(due.since(clock.now())).await;
    }
}
