//! The one error of the library, and what is recorded of a user's.

use std::{error::Error as StdError, fmt, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    codec::{self, Bytes},
    id::RunId,
};

/// Any error, boxed.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of end a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The body returned an error and no attempt is left.
    Failed,
    /// The body took longer than its `timeout`.
    TimedOut,
    /// The body panicked.
    Panicked,
    /// The call was cancelled, or polled after its run had ended.
    Cancelled,
    /// A call that this one comes `.after(…)` did not succeed.
    UpstreamFailed,
    /// The store could not do its work.
    Store,
    /// The journal and the code disagree.
    Diverged,
    /// An input could not be written or read back.
    Input,
    /// An output could not be written or read back.
    Output,
    /// A `#[provided]` value is missing.
    Missing,
    /// A definition is unusable, such as two of one name.
    Definition,
    /// The runtime is closed or was set up in conflict with itself.
    Runtime,
    /// The process died too often while it ran.
    Crashed,
    /// A permit that it needs will never come: no runtime has the pool, or it is too small, or it waits in a circle.
    Limit,
}

impl ErrorKind {
    fn text(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Panicked => "panicked",
            Self::Cancelled => "was cancelled",
            Self::UpstreamFailed => "was skipped",
            Self::Store => "could not be recorded",
            Self::Diverged => "diverged from its journal",
            Self::Input => "has an input that cannot be used",
            Self::Output => "has an output that cannot be used",
            Self::Missing => "lacks a provided value",
            Self::Definition => "cannot be used",
            Self::Runtime => "cannot run",
            Self::Crashed => "crashed",
            Self::Limit => "cannot get its permits",
        }
    }
}

/// What `retry_if` says about an error.
///
/// A function that returns `bool` works too: `true` is [`Yes`](Self::Yes), `false` stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// Try again as the back-off says.
    Yes,
    /// Try again after this wait instead, such as a server's `Retry-After`.
    After(Duration),
    /// Do not try again; the reason is recorded with the attempt.
    Stop(String),
}

impl From<bool> for Retry {
    fn from(again: bool) -> Self {
        if again { Self::Yes } else { Self::Stop("retry_if said no".into()) }
    }
}

/// Why a call did not give a value: what happened, where, and the recorded form of the cause.
///
/// Live and in replay the same: its text and its [`source`](StdError::source)s are what was
/// [`recorded`](Self::recorded) of the user's error, and [`downcast`](Self::downcast) gives the value itself
/// where the task says `#[task(error = E)]`.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use orch::{Error, ErrorKind};
///
/// fn is_worth_a_page(error: &Error) -> bool {
///     matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Panicked)
/// }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    at: Option<At>,
    message: Option<String>,
    recorded: Option<RecordedError>,
}

/// Where an error happened.
#[derive(Clone, Debug)]
struct At {
    name: String,
    run: RunId,
    attempt: u32,
}

/// What is kept of an error: its type's name, its message, the messages of its sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedError {
    pub(crate) kind: ErrorKind,
    pub(crate) type_name: String,
    pub(crate) message: String,
    pub(crate) source: Option<Box<RecordedError>>,
    pub(crate) place: Option<String>,
    /// Where it is another one than that of the call that it ended: a called flow's.
    pub(crate) run: Option<RunId>,
    pub(crate) attempt: u32,
    pub(crate) typed: Option<Bytes>,
}

impl RecordedError {
    pub(crate) fn new(kind: ErrorKind, type_name: &str, error: &(dyn StdError + 'static)) -> Self {
        if let Some(passing) = error.downcast_ref::<Error>() {
            return Self { kind, ..passing.passed_through() };
        }
        let source = error.source().map(|source| Box::new(Self::new(kind, "", source)));
        Self {
            kind,
            type_name: type_name.to_owned(),
            message: error.to_string(),
            source,
            place: None,
            run: None,
            attempt: 0,
            typed: None,
        }
    }

    pub(crate) fn message(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            type_name: String::new(),
            message: message.into(),
            source: None,
            place: None,
            run: None,
            attempt: 0,
            typed: None,
        }
    }

    /// The kind of end.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The error's own message.
    pub fn text(&self) -> &str {
        &self.message
    }

    /// The name of the error's type, empty where it is not known.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// For a panic, where it happened.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for RecordedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}

impl StdError for RecordedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl Error {
    /// The kind of end.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Full name of the task or flow, where the error belongs to one.
    pub fn name(&self) -> Option<&str> {
        self.0.at.as_ref().map(|at| at.name.as_str())
    }

    /// The run in which it happened; for a flow that a body called, that flow's own.
    pub fn run(&self) -> Option<RunId> {
        self.0.at.as_ref().map(|at| at.run)
    }

    /// The attempt that ended it; the first is 1.
    pub fn attempt(&self) -> Option<u32> {
        self.0.at.as_ref().map(|at| at.attempt).filter(|attempt| *attempt > 0)
    }

    /// What was recorded of the cause.
    pub fn recorded(&self) -> Option<&RecordedError> {
        self.0.recorded.as_ref()
    }

    /// The user's error value, where the task keeps it with `#[task(error = E)]`.
    ///
    /// # Errors
    /// The error itself when no value of type `E` was recorded.
    pub fn downcast<E: Serialize + DeserializeOwned + 'static>(self) -> std::result::Result<E, Self> {
        let recorded = self.0.recorded.as_ref();
        let typed = recorded
            .filter(|recorded| recorded.type_name == std::any::type_name::<E>())
            .and_then(|recorded| codec::decode(recorded.typed.as_deref()?).ok());
        typed.ok_or(self)
    }

    /// What it says inside the error of a flow that it passed through: the run is the flow's to tell.
    pub(crate) fn passed_through(&self) -> RecordedError {
        let inner = &*self.0;
        let name = inner.at.as_ref().map_or("a call", |at| at.name.as_str());
        let again = match self.attempt() {
            Some(attempt) if attempt > 1 => format!(" in attempt {attempt}"),
            _ => String::new(),
        };
        let (why, source, typed) = match (&inner.message, &inner.recorded) {
            (Some(message), _) => (message.clone(), None, None),
            (None, Some(recorded)) => (recorded.to_string(), recorded.source.clone(), recorded.typed.clone()),
            (None, None) => (String::new(), None, None),
        };
        let type_name =
            inner.recorded.as_ref().map(|recorded| recorded.type_name.clone()).unwrap_or_default();
        let message = format!("`{name}` {}{again}: {why}", inner.kind.text());
        RecordedError { source, typed, type_name, ..RecordedError::message(ErrorKind::Failed, message) }
    }

    pub(crate) fn recorded_at(name: &str, run: RunId, recorded: RecordedError) -> Self {
        let run = recorded.run.unwrap_or(run);
        let at = At { name: name.to_owned(), run, attempt: recorded.attempt };
        Self(Box::new(Inner { kind: recorded.kind, at: Some(at), message: None, recorded: Some(recorded) }))
    }

    pub(crate) fn at(name: &str, run: RunId, kind: ErrorKind, message: impl Into<String>) -> Self {
        let at = At { name: name.to_owned(), run, attempt: 0 };
        Self(Box::new(Inner { kind, at: Some(at), message: Some(message.into()), recorded: None }))
    }

    pub(crate) fn plain(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, at: None, message: Some(message.into()), recorded: None }))
    }

    pub(crate) fn definition(message: String) -> Self {
        Self::plain(ErrorKind::Definition, message)
    }

    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self::plain(ErrorKind::Runtime, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(at) = &inner.at {
            write!(f, "`{}` {}", at.name, inner.kind.text())?;
            match at.attempt {
                0 => write!(f, " in run {}", at.run)?,
                attempt => write!(f, " in attempt {attempt} of run {}", at.run)?,
            }
            if inner.message.is_some() || inner.recorded.is_some() {
                f.write_str(": ")?;
            }
        }
        match (&inner.message, &inner.recorded) {
            (Some(message), _) => f.write_str(message),
            (None, Some(recorded)) => recorded.fmt(f),
            (None, None) => Ok(()),
        }
    }
}

/// What a program prints that returns the error from `main`: the text, and what caused it. `{:#?}` gives the parts.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            fmt::Display::fmt(self, f)?;
            let mut source = self.source();
            while let Some(cause) = source {
                write!(f, "\n  caused by: {cause}")?;
                source = cause.source();
            }
            return Ok(());
        }
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.kind()).field("text", &self.to_string());
        if let Some(recorded) = self.recorded() {
            if !recorded.type_name.is_empty() {
                debug.field("type", &recorded.type_name);
            }
            let mut source = recorded.source();
            while let Some(cause) = source {
                debug.field("caused by", &cause.to_string());
                source = cause.source();
            }
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The recorded error's own message is part of this error's text; the chain goes on below it.
        self.0.recorded.as_ref().and_then(|recorded| recorded.source())
    }
}
