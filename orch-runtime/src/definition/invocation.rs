//! A body with its input, ready to be attempted: the place where user types are erased.

use std::{
    any::Any,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned},
};

use super::Arguments;
use crate::{
    cache::hash_arguments,
    codec::{self, Bytes, CodecError, Stored},
    engine::Job,
    error::{BoxError, Retry},
    store::KeyDigest,
};

/// What a body returns to the engine.
pub type BodyResult<T> = Result<T, BodyError>;

/// An error of a user's body, with what the policy said about it.
pub struct BodyError {
    pub(crate) error: BoxError,
    pub(crate) type_name: &'static str,
    pub(crate) verdict: Option<Retry>,
    pub(crate) typed: Option<Bytes>,
    pub(crate) cause: Cause,
}

/// Why a body did not return a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It returned an error.
    Error,
    /// It panicked, at this place where the hook could see it.
    Panic(Option<String>),
    /// A `#[provided]` value is missing; another attempt would not find it either.
    MissingValue,
}

impl BodyError {
    /// An error of any type that the standard library can box.
    pub fn new<E: Into<BoxError>>(error: E) -> Self {
        Self {
            error: error.into(),
            type_name: std::any::type_name::<E>(),
            verdict: None,
            typed: None,
            cause: Cause::Error,
        }
    }

    /// A panic, and where it happened.
    pub(crate) fn of_panic(message: String, place: Option<String>) -> Self {
        Self { cause: Cause::Panic(place), ..Self::new(message) }
    }

    /// Like [`new`](Self::new), and keeps the value itself for `Error::downcast`.
    pub fn typed<E: Into<BoxError> + Serialize + DeserializeOwned + 'static>(error: E) -> Self {
        let typed = codec::encode(&error).ok();
        Self { typed, ..Self::new(error) }
    }

    /// What `retry_if` said.
    pub fn verdict(mut self, verdict: Retry) -> Self {
        self.verdict = Some(verdict);
        self
    }
}

impl fmt::Debug for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Stored input that does not fit the function any more.
#[derive(Debug, thiserror::Error)]
#[error("the stored input does not fit the function: {0}")]
pub struct DecodeError(#[from] CodecError);

/// The two sides of a fallible return type, for aliases that do not say `Result`.
pub trait Fallible {
    /// The value on success.
    type Ok;
    /// The error.
    type Err;

    /// The value as a `Result`.
    ///
    /// # Errors
    /// The function's own error.
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}

impl<T, E> Fallible for Result<T, E> {
    type Ok = T;
    type Err = E;

    fn into_result(self) -> Self {
        self
    }
}

/// A parameter named in `skip(…)`: handed to the body, but neither hashed nor stored.
#[derive(Clone, Debug)]
pub struct Skipped<T>(pub T);

impl<T> Serialize for Skipped<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_struct(codec::NEVER_READ)
    }
}

/// A function with such a parameter is never started from stored input, but its arguments are read by the same code
/// as all others.
impl<'de, T> Deserialize<'de> for Skipped<T> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom("a parameter named in `skip(…)` is not stored"))
    }
}

/// A body and its input without their types.
pub trait Invocation: Send {
    /// Makes ready for another attempt; with `last`, the input is moved instead of cloned. A synchronous body
    /// that leaves the caller's thread is started with `job`.
    #[doc(hidden)]
    fn start(self: Pin<&mut Self>, last: bool, job: Option<Job>);

    /// Goes on with the attempt; the output stays inside.
    #[doc(hidden)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>>;

    /// Drops what is left of the attempt.
    #[doc(hidden)]
    fn abandon(self: Pin<&mut Self>);

    /// The input, encoded.
    #[doc(hidden)]
    fn encode_input(&self) -> Result<Bytes, CodecError>;

    /// The input, for people.
    #[cfg(feature = "crash-points")]
    #[doc(hidden)]
    fn shown_input(&self) -> String;

    /// The output, encoded.
    #[doc(hidden)]
    fn encode_output(&self) -> Result<Bytes, CodecError>;

    /// Fills the output from a recorded one.
    #[doc(hidden)]
    fn decode_output(self: Pin<&mut Self>, bytes: &[u8]) -> Result<(), CodecError>;

    /// Says of encoded values whether they are outputs.
    #[doc(hidden)]
    fn reads(&self) -> fn(&[u8]) -> Result<(), CodecError>;

    /// The output as an `Option<T>`.
    #[doc(hidden)]
    fn output(self: Pin<&mut Self>) -> &mut dyn Any;

    /// Whether there is an output.
    #[doc(hidden)]
    fn has_output(&self) -> bool;

    /// Whether the body is a synchronous function.
    #[doc(hidden)]
    fn is_sync(&self) -> bool;

    /// The argument at `index` and the name of its type, until it has moved into the last attempt.
    #[doc(hidden)]
    fn argument_mut(self: Pin<&mut Self>, index: usize) -> Option<(&mut dyn Any, &'static str)>;

    /// A hash of each argument; `None` when they have moved into the last attempt, or refuse to be written.
    #[doc(hidden)]
    fn hash_arguments(&self) -> Option<Vec<KeyDigest>>;
}

/// Takes the typed output out of an erased invocation.
pub(crate) fn erased_output<T: 'static>(invocation: Pin<&mut dyn Invocation>) -> Option<T> {
    invocation.output().downcast_mut::<Option<T>>()?.take()
}

pin_project! {
    pub(crate) struct AsyncInvocation<A, F, Fut, T> {
        args: Option<A>,
        run: F,
        #[pin]
        future: Option<Fut>,
        output: Option<T>,
    }
}

impl<A, F, Fut, T> AsyncInvocation<A, F, Fut, T> {
    pub(crate) fn new(args: A, run: F) -> Self {
        Self { args: Some(args), run, future: None, output: None }
    }
}

fn input<A: Clone>(args: &mut Option<A>, last: bool) -> Option<A> {
    if last { args.take() } else { args.clone() }
}

fn encode_args<A: Stored>(args: &Option<A>) -> Result<Bytes, CodecError> {
    match args {
        Some(args) => codec::encode(args),
        // The input has moved into the last attempt; nobody asks for it any more.
        None => codec::encode(&()),
    }
}

fn encode_value<T: Stored>(output: &Option<T>) -> Result<Bytes, CodecError> {
    match output {
        Some(value) => codec::encode(value),
        None => codec::encode(&()),
    }
}

impl<A, F, Fut, T> Invocation for AsyncInvocation<A, F, Fut, T>
where
    A: Stored + Arguments + Clone + Send,
    F: Fn(A) -> Fut + Send,
    Fut: Future<Output = BodyResult<T>> + Send,
    T: Stored + Send,
{
    fn start(self: Pin<&mut Self>, last: bool, _job: Option<Job>) {
        let mut this = self.project();
        let future = input(this.args, last).map(&*this.run);
        this.future.set(future);
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(Err(BodyError::new("the body was polled without being started")));
        };
        let result = std::task::ready!(future.poll(cx));
        this.future.set(None);
        Poll::Ready(result.map(|value| *this.output = Some(value)))
    }

    fn abandon(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    fn encode_input(&self) -> Result<Bytes, CodecError> {
        encode_args(&self.args)
    }

    #[cfg(feature = "crash-points")]
    fn shown_input(&self) -> String {
        self.args.as_ref().map(codec::shown).unwrap_or_default()
    }

    fn encode_output(&self) -> Result<Bytes, CodecError> {
        encode_value(&self.output)
    }

    fn decode_output(self: Pin<&mut Self>, bytes: &[u8]) -> Result<(), CodecError> {
        *self.project().output = Some(codec::decode(bytes)?);
        Ok(())
    }

    fn reads(&self) -> fn(&[u8]) -> Result<(), CodecError> {
        |bytes| codec::decode::<T>(bytes).map(drop)
    }

    fn output(self: Pin<&mut Self>) -> &mut dyn Any {
        self.project().output
    }

    fn has_output(&self) -> bool {
        self.output.is_some()
    }

    fn is_sync(&self) -> bool {
        false
    }

    fn argument_mut(self: Pin<&mut Self>, index: usize) -> Option<(&mut dyn Any, &'static str)> {
        self.project().args.as_mut()?.argument_mut(index)
    }

    fn hash_arguments(&self) -> Option<Vec<KeyDigest>> {
        hash_arguments(self.args.as_ref()?).ok()
    }
}

/// A synchronous body: runs in place, or on the blocking pool when a [`Job`] is given.
pub(crate) struct SyncInvocation<A, F, T> {
    args: Option<A>,
    run: F,
    state: SyncState<A, T>,
    output: Option<T>,
}

enum SyncState<A, T> {
    Idle,
    InPlace(A),
    Blocking(tokio::task::JoinHandle<BodyResult<T>>),
}

impl<A, F, T> SyncInvocation<A, F, T> {
    pub(crate) fn new(args: A, run: F) -> Self {
        Self { args: Some(args), run, state: SyncState::Idle, output: None }
    }
}

impl<A, F, T> Unpin for SyncInvocation<A, F, T> {}

impl<A, F, T> Invocation for SyncInvocation<A, F, T>
where
    A: Stored + Arguments + Clone + Send,
    F: Fn(A) -> BodyResult<T> + Clone + Send + 'static,
    T: Stored + Send,
{
    fn start(mut self: Pin<&mut Self>, last: bool, job: Option<Job>) {
        let Some(args) = input(&mut self.args, last) else {
            return;
        };
        self.state = match job {
            Some(job) => {
                let run = self.run.clone();
                SyncState::Blocking(job.spawn(move || run(args)))
            }
            None => SyncState::InPlace(args),
        };
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let result = match std::mem::replace(&mut self.state, SyncState::Idle) {
            SyncState::Idle => Err(BodyError::new("the body was polled without being started")),
            SyncState::InPlace(args) => (self.run)(args),
            SyncState::Blocking(mut handle) => match Pin::new(&mut handle).poll(cx) {
                Poll::Pending => {
                    self.state = SyncState::Blocking(handle);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(result)) => result,
                Poll::Ready(Err(error)) => Err(BodyError::new(error)),
            },
        };
        Poll::Ready(result.map(|value| self.output = Some(value)))
    }

    fn abandon(mut self: Pin<&mut Self>) {
        // A job that has not begun is withdrawn; one that has runs to its end and keeps its permit.
        if let SyncState::Blocking(handle) = std::mem::replace(&mut self.state, SyncState::Idle) {
            handle.abort();
        }
    }

    fn encode_input(&self) -> Result<Bytes, CodecError> {
        encode_args(&self.args)
    }

    #[cfg(feature = "crash-points")]
    fn shown_input(&self) -> String {
        self.args.as_ref().map(codec::shown).unwrap_or_default()
    }

    fn encode_output(&self) -> Result<Bytes, CodecError> {
        encode_value(&self.output)
    }

    fn decode_output(mut self: Pin<&mut Self>, bytes: &[u8]) -> Result<(), CodecError> {
        self.output = Some(codec::decode(bytes)?);
        Ok(())
    }

    fn reads(&self) -> fn(&[u8]) -> Result<(), CodecError> {
        |bytes| codec::decode::<T>(bytes).map(drop)
    }

    fn output(self: Pin<&mut Self>) -> &mut dyn Any {
        &mut self.get_mut().output
    }

    fn has_output(&self) -> bool {
        self.output.is_some()
    }

    fn is_sync(&self) -> bool {
        true
    }

    fn argument_mut(self: Pin<&mut Self>, index: usize) -> Option<(&mut dyn Any, &'static str)> {
        self.get_mut().args.as_mut()?.argument_mut(index)
    }

    fn hash_arguments(&self) -> Option<Vec<KeyDigest>> {
        hash_arguments(self.args.as_ref()?).ok()
    }
}

impl<A, F, T> Drop for SyncInvocation<A, F, T> {
    fn drop(&mut self) {
        if let SyncState::Blocking(handle) = &self.state {
            handle.abort();
        }
    }
}

/// Stands where an invocation was that has been moved on.
pub(crate) struct Moved;

impl Invocation for Moved {
    fn start(self: Pin<&mut Self>, _last: bool, _job: Option<Job>) {}

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Err(BodyError::new("the body has been moved on")))
    }

    fn abandon(self: Pin<&mut Self>) {}

    fn encode_input(&self) -> Result<Bytes, CodecError> {
        codec::encode(&())
    }

    #[cfg(feature = "crash-points")]
    fn shown_input(&self) -> String {
        String::new()
    }

    fn encode_output(&self) -> Result<Bytes, CodecError> {
        codec::encode(&())
    }

    fn decode_output(self: Pin<&mut Self>, _bytes: &[u8]) -> Result<(), CodecError> {
        Ok(())
    }

    fn reads(&self) -> fn(&[u8]) -> Result<(), CodecError> {
        |_| Ok(())
    }

    fn output(self: Pin<&mut Self>) -> &mut dyn Any {
        self.get_mut()
    }

    fn has_output(&self) -> bool {
        false
    }

    fn is_sync(&self) -> bool {
        false
    }

    fn argument_mut(self: Pin<&mut Self>, _index: usize) -> Option<(&mut dyn Any, &'static str)> {
        None
    }

    fn hash_arguments(&self) -> Option<Vec<KeyDigest>> {
        None
    }
}
