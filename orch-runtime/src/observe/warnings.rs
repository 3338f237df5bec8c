//! Warnings: through `tracing`, and as one line on stderr when nobody listens there.

use crate::{id::RunId, state::Notice};

/// Tells people about a notice that they should not have to look for.
pub(crate) fn warn(run: RunId, flow: &str, notice: Notice, text: &str) {
    let worth_it = match notice {
        Notice::NeverStarted
        | Notice::Abandoned
        | Notice::Diverged
        | Notice::OutsideScope
        | Notice::CacheFault
        | Notice::SignalsLeft
        | Notice::Unresolved => true,
        Notice::Dropped
        | Notice::WaitingForStarted
        | Notice::CacheMiss
        | Notice::WaitingForSignal
        | Notice::SignalSent => false,
    };
    if !worth_it {
        tracing::debug!(target: "orch", %run, flow, ?notice, "{text}");
    } else if tracing::dispatcher::has_been_set() {
        tracing::warn!(target: "orch", %run, flow, ?notice, "{text}");
    } else {
        on_stderr(&format!("{text} (in `{flow}`, run {run})"));
    }
}

/// Tells people about something that happened outside any run under way, to the store for one.
pub(crate) fn warn_outside(text: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!(target: "orch", "{text}");
    } else {
        on_stderr(text);
    }
}

#[expect(clippy::print_stderr, reason = "nobody listens to `tracing`, and a warning must not be lost")]
fn on_stderr(text: &str) {
    eprintln!("warning: {text}");
}
