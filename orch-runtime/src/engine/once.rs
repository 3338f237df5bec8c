//! Tasks whose body may not run again by itself: when its process dies amid it, a person says what became of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    RunShared,
    mailbox::{self, Whom},
    prepared::Prepared,
    progress::{Progress, because},
    task::End,
    ticket::Ticket,
};
use crate::{
    codec,
    error::{Error, ErrorKind, RecordedError, Result},
    state::{Notice, TaskInput, TaskState},
    store::{Address, InFlight, Outcome, Step},
};

/// What became of a `once` task whose body was interrupted, for [`resolve`](crate::Runtime::resolve).
#[derive(Clone, Debug)]
pub struct Resolution {
    pub(crate) said: Said,
    pub(crate) type_name: &'static str,
}

/// The same as it is sent to the task run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Value(Vec<u8>),
    Error(String),
    Again,
}

impl Resolution {
    /// It did its work, and this is the result.
    ///
    /// # Errors
    /// When the value cannot be written.
    pub fn value<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Self> {
        let type_name = std::any::type_name::<T>();
        let value =
            codec::encode(value).map_err(|error| Error::plain(ErrorKind::Output, error.to_string()))?;
        Ok(Self { said: Said::Value(value.to_vec()), type_name })
    }

    /// It did not do its work, and its caller gets this error.
    pub fn error(text: impl Into<String>) -> Self {
        Self { said: Said::Error(text.into()), type_name: "" }
    }

    /// It has done nothing that may not be done again: its body runs once more.
    pub fn again() -> Self {
        Self { said: Said::Again, type_name: "" }
    }
}

/// How an interrupted task run goes on.
pub(super) enum Resolved {
    /// With this attempt.
    Attempt(u32),
    End(End),
}

/// Whether the body of the task run may have begun in the process before this one.
pub(super) fn is_interrupted(task: &InFlight) -> bool {
    matches!(task.state, TaskState::Running | TaskState::Unknown)
}

/// Whether a body of this call may have begun before, in the process before this one or in an earlier attempt of its caller,
/// and nobody has said anything of it since.
pub(super) fn was_begun(ticket: &Ticket) -> bool {
    match ticket.in_flight() {
        // The process ended before it could ask what had become of the earlier one.
        Some(task) if task.state == TaskState::Pending => ticket.was_interrupted(),
        Some(task) => is_interrupted(task),
        None => ticket.was_interrupted(),
    }
}

/// What a person reads who has to say something.
const ASKS: &str = "it may not run again by itself; `orch::resolve` says what became of it";

/// Waits until somebody says what became of the interrupted task run.
pub(super) async fn resolved(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    progress: &mut Progress,
) -> Option<Resolved> {
    let task = progress.number()?;
    let earlier = progress.ticket.was_interrupted();
    let what = match progress.state() {
        TaskState::Running if earlier => Some("its body was left amid its work"),
        TaskState::Running => Some("its process ended while the body ran"),
        TaskState::Pending => {
            Some("an earlier attempt of its caller had a body that did not come to an end of its own")
        }
        _ => None,
    };
    match what {
        Some(what) => {
            let text = format!("{what}, and {ASKS}");
            let told = format!("task run {task} `{}`: {text}", progress.name());
            crate::observe::warn(run.id, run.name, Notice::Unresolved, &told);
            progress.step(TaskInput::Lose, progress.attempt(), Some(because(text)));
        }
        None => {
            let whose = if earlier { "an earlier attempt of its caller" } else { "an earlier process" };
            let text = format!(
                "task run {task} `{}` is asked for again, {whose} left it amid its body, and {ASKS}",
                progress.name()
            );
            run.notice(Some(task), Notice::Unresolved, &text);
        }
    }
    // A process that dies while its run waits is to be known as one that did.
    run.hasten();
    loop {
        let fits = Some(prepared.invocation.reads());
        let whom = Whom { order: run.mailbox.order(), to: Address::Task(task), fits };
        // Without a time limit there is always one.
        let signal = mailbox::take(run, whom, None, || ()).await?;
        let unfit = match codec::decode::<Said>(&signal.value) {
            Ok(Said::Again) => {
                let attempt = progress.attempt();
                let detail = Some(because("a person let its body run again"));
                progress.step_and_take(TaskInput::Retry, attempt, detail, signal.number);
                return Some(Resolved::Attempt(attempt + 1));
            }
            Ok(Said::Error(text)) => {
                let mut recorded = RecordedError::message(ErrorKind::Failed, text);
                recorded.attempt = progress.attempt();
                let detail = Some(because(format!("a person said: {recorded}")));
                let outcome = Outcome::Error(Arc::new(recorded));
                return Some(Resolved::End(End::said(TaskInput::Refuse, outcome, detail, signal.number)));
            }
            Ok(Said::Value(value)) => match prepared.invocation.as_mut().decode_output(&value) {
                Ok(()) => {
                    let detail = Some(because("a person gave the value"));
                    let outcome = Outcome::Value(value.into());
                    return Some(Resolved::End(End::said(TaskInput::Answer, outcome, detail, signal.number)));
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        let text = format!(
            "what was said of the interrupted task run {task} `{}` does not fit: it was given a `{}`: {unfit}; say it \
             again",
            progress.name(),
            signal.type_name
        );
        run.notice_and_take(task, Notice::Unresolved, text, signal.number);
        run.flush();
    }
}

impl RunShared {
    /// A notice in one change with the signal that it is about.
    fn notice_and_take(&self, task: crate::id::TaskNumber, notice: Notice, text: String, signal: u64) {
        crate::observe::warn(self.id, self.name, notice, &text);
        self.buffer(|writer, at| {
            writer.push(at, Step::Taken(signal));
            writer.push(at, Step::Notice { task: Some(task), notice, text });
        });
    }
}
