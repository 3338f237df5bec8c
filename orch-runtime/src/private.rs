//! What the attributes' expansions name. Not for anybody else, and it may change with every version.

use std::{any::type_name, pin::Pin, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

pub use inventory;

pub use crate::definition::{
    Backoff, BodyError, BodyResult, CachePolicy, CacheScope, DecodeError, Definition, Fallible, Invocation,
    Place, Registered, Skipped,
};
pub use crate::store::KeyDigest;
use crate::{
    Call, Error, ErrorKind, Flow, Retry, Task,
    cache::hash_value,
    codec,
    definition::{AsyncInvocation, Cause, SyncInvocation},
    engine,
    error::BoxError,
    runtime::current_core,
};

/// A duration of the attributes.
pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a task's body takes: owned, hashed, stored, cloned for another attempt.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the input of a task or flow",
    note = "an input is stored and hashed: derive `Clone`, `serde::Serialize` and `serde::Deserialize`, and keep it `Send + Sync`",
    note = "a value that is not data can be `#[provided]` by the runtime or named in `skip(…)`"
)]
pub trait Input: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Input for T {}

/// What a task's body returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of a task or flow",
    note = "an output is stored: derive `serde::Serialize` and `serde::Deserialize`, and keep it `Send`"
)]
pub trait Output: Serialize + DeserializeOwned + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Send + 'static> Output for T {}

/// Reports a missing bound at the argument.
pub const fn check_input<T: Input>() {}

/// Reports a missing bound at the return type.
pub const fn check_output<T: Output>() {}

/// An annotated function, whatever its arguments.
#[diagnostic::on_unimplemented(
    message = "only functions with `#[task]` or `#[flow]` can be named in `depends(…)`",
    label = "this is none",
    note = "annotate it, or raise `cache(version = \"…\")` when it changes"
)]
pub trait Annotated<A> {}

macro_rules! annotated {
    ($($name:ident)*) => {
        impl<Func, Out, Kind: crate::Kind, $($name),*> Annotated<(Out, Kind, $($name,)*)> for Func
        where
            Func: Fn($($name),*) -> Call<Out, Kind>,
        {
        }
    };
}

annotated!();
annotated!(A);
annotated!(A B);
annotated!(A B C);
annotated!(A B C D);
annotated!(A B C D E);
annotated!(A B C D E F);
annotated!(A B C D E F G);
annotated!(A B C D E F G H);

/// The path of an annotated function.
pub fn dependency<A, F: Annotated<A>>(_function: F) -> &'static str {
    type_name::<F>()
}

/// An error of a body.
pub fn body_error<E: Into<BoxError>>(error: E) -> BodyError {
    BodyError::new(error)
}

/// An error of a body whose value is kept.
pub fn body_error_typed<E: Into<BoxError> + Serialize + DeserializeOwned>(error: E) -> BodyError {
    BodyError::typed(error)
}

/// What `retry_if` said.
pub fn verdict<R: Into<Retry>>(verdict: R) -> Retry {
    verdict.into()
}

/// The value of a `#[provided]` parameter.
///
/// # Errors
/// When the runtime has none; the text says which line to add.
pub fn provided<T: Send + Sync + 'static>(parameter: &'static str) -> Result<Arc<T>, BodyError> {
    current_core().ok().and_then(|core| core.provided::<T>()).ok_or_else(|| {
        let name = type_name::<T>();
        let text = format!(
            "nothing is provided for the parameter `{parameter}` of type `{name}`; add `.provide(…)` with a value of \
             that type to `Runtime::builder()`, or to `orch::testing::runtime()` in a test"
        );
        BodyError { cause: Cause::MissingValue, ..BodyError::new(text) }
    })
}

/// The digest of `cache(key = …)`.
///
/// # Errors
/// When the key cannot be written.
pub fn cache_key<K: Serialize>(key: &K) -> Result<KeyDigest, Error> {
    hash_value(&[], key)
        .map(|hash| KeyDigest(*hash.as_bytes()))
        .map_err(|error| Error::plain(ErrorKind::Input, format!("the cache key cannot be written: {error}")))
}

/// A call of an asynchronous task.
pub fn call<A, T, F, Fut>(
    definition: &'static Definition,
    type_arguments: &'static str,
    args: A,
    run: F,
) -> Call<T, Task>
where
    A: Serialize + Clone + Send + Sync + 'static,
    T: Output,
    F: Fn(A) -> Fut + Send + 'static,
    Fut: Future<Output = BodyResult<T>> + Send + 'static,
{
    engine::task_call(definition, type_arguments, args, |args| Box::pin(AsyncInvocation::new(args, run)))
}

/// A call of a synchronous task.
pub fn call_sync<A, T, F>(
    definition: &'static Definition,
    type_arguments: &'static str,
    args: A,
    run: F,
) -> Call<T, Task>
where
    A: Serialize + Clone + Send + Sync + 'static,
    T: Output,
    F: Fn(A) -> BodyResult<T> + Clone + Send + 'static,
{
    engine::task_call(definition, type_arguments, args, |args| Box::pin(SyncInvocation::new(args, run)))
}

/// A call of an asynchronous flow.
pub fn flow<A, T, F, Fut>(
    definition: &'static Definition,
    type_arguments: &'static str,
    args: A,
    run: F,
) -> Call<T, Flow>
where
    A: Serialize + Clone + Send + Sync + 'static,
    T: Output,
    F: Fn(A) -> Fut + Send + 'static,
    Fut: Future<Output = BodyResult<T>> + Send + 'static,
{
    engine::flow_call(definition, type_arguments, args, |args| Box::pin(AsyncInvocation::new(args, run)))
}

/// A call of a synchronous flow.
pub fn flow_sync<A, T, F>(
    definition: &'static Definition,
    type_arguments: &'static str,
    args: A,
    run: F,
) -> Call<T, Flow>
where
    A: Serialize + Clone + Send + Sync + 'static,
    T: Output,
    F: Fn(A) -> BodyResult<T> + Clone + Send + 'static,
{
    engine::flow_call(definition, type_arguments, args, |args| Box::pin(SyncInvocation::new(args, run)))
}

/// An asynchronous body with stored input.
///
/// # Errors
/// When the input does not fit.
pub fn decode_async<A, T, F, Fut>(bytes: &[u8], run: F) -> Result<Pin<Box<dyn Invocation>>, DecodeError>
where
    A: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Output,
    F: Fn(A) -> Fut + Send + 'static,
    Fut: Future<Output = BodyResult<T>> + Send + 'static,
{
    Ok(Box::pin(AsyncInvocation::new(codec::decode::<A>(bytes)?, run)))
}

/// A synchronous body with stored input.
///
/// # Errors
/// When the input does not fit.
pub fn decode_sync<A, T, F>(bytes: &[u8], run: F) -> Result<Pin<Box<dyn Invocation>>, DecodeError>
where
    A: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Output,
    F: Fn(A) -> BodyResult<T> + Clone + Send + 'static,
{
    Ok(Box::pin(SyncInvocation::new(codec::decode::<A>(bytes)?, run)))
}
