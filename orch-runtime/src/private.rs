//! What the attributes' expansions name. Not for anybody else, and it may change with every version.

use std::{any::type_name, pin::Pin, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

pub use inventory;

pub use crate::definition::{
    Backoff, BodyError, BodyResult, CachePolicy, CacheScope, DecodeError, Definition, Fallible, Input,
    Invocation, Output, Place, Registered, RuleText, ScheduleDefinition, Skipped, TriggerDefinition,
};
pub use crate::limits::{Need, Rate};
pub use crate::schedule::{Given, On};
use crate::{
    Call, Error, ErrorKind, Flow, Retry, Task, cache::hash_value, codec, definition::Cause, error::BoxError,
    limits::Permits, runtime::known_core,
};
pub use crate::{
    codec::{Bytes, CodecError},
    engine::start::*,
    store::KeyDigest,
};
pub use orch_schedule::{CatchUp, Doubled, Dst, Missing, Overlap};

/// A duration of the attributes.
pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An annotated function, whatever its arguments.
#[diagnostic::on_unimplemented(
    message = "only functions with `#[task]` or `#[flow]` can be named in `depends(…)`",
    label = "this is none",
    note = "annotate it, or raise `cache(version = \"…\")` when it changes"
)]
pub trait Annotated<A> {
    /// What its calls give.
    type Output;
}

/// A function with `#[flow]`, whatever its arguments.
#[diagnostic::on_unimplemented(
    message = "only functions with `#[flow]` have runs that something can follow",
    label = "this is none",
    note = "annotate it; what happens in a task or a plain function is told by `orch::emit(\"…\", &value)`, and followed by \
            `on = event(\"…\")`"
)]
pub trait Followed<A> {
    /// What its runs give.
    type Output;
}

macro_rules! annotated {
    ($($name:ident)*) => {
        impl<Func, Out, Kind: crate::Kind, $($name),*> Annotated<(Out, Kind, $($name,)*)> for Func
        where
            Func: Fn($($name),*) -> Call<Out, Kind>,
        {
            type Output = Out;
        }

        impl<Func, Out, $($name),*> Followed<(Out, Flow, $($name,)*)> for Func
        where
            Func: Fn($($name),*) -> Call<Out, Flow>,
        {
            type Output = Out;
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
annotated!(A B C D E F G H I);
annotated!(A B C D E F G H I J);
annotated!(A B C D E F G H I J K);
annotated!(A B C D E F G H I J K L);
annotated!(A B C D E F G H I J K L M);
annotated!(A B C D E F G H I J K L M N);
annotated!(A B C D E F G H I J K L M N O);
annotated!(A B C D E F G H I J K L M N O P);

/// What a filter looks at.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be looked at by the filter of a trigger",
    label = "what it looks at is `Serialize + DeserializeOwned + 'static`",
    note = "what has happened is stored, and read as a value of the filter's type by the names of its fields",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to it"
)]
pub trait Filtered {
    /// What it is a part of: a `String` for `str`.
    type Owned: Serialize + DeserializeOwned + 'static;

    /// The part.
    fn part(owned: &Self::Owned) -> &Self;
}

impl<T: Serialize + DeserializeOwned + 'static> Filtered for T {
    type Owned = T;

    fn part(owned: &T) -> &T {
        owned
    }
}

impl Filtered for str {
    type Owned = String;

    fn part(owned: &String) -> &str {
        owned
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Filtered for [T] {
    type Owned = Vec<T>;

    fn part(owned: &Vec<T>) -> &[T] {
        owned
    }
}

/// The path of an annotated function.
pub fn dependency<A, F: Annotated<A>>(_function: F) -> &'static str {
    type_name::<F>()
}

/// An error of a body.
pub fn body_error<E: Into<BoxError>>(error: E) -> BodyError {
    BodyError::new(error)
}

/// An error of a body whose value is kept.
pub fn body_error_typed<E: Into<BoxError> + Serialize + DeserializeOwned + 'static>(error: E) -> BodyError {
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
pub fn provided<T: ?Sized + Send + Sync + 'static>(parameter: &'static str) -> Result<Arc<T>, BodyError> {
    known_core().and_then(|core| core.provided::<T>()).ok_or_else(|| {
        let name = type_name::<T>();
        let method =
            if name.starts_with("dyn ") { format!("provide_arc::<{name}>") } else { "provide".to_owned() };
        let text = format!(
            "nothing is provided for the parameter `{parameter}` of type `{name}`; add `.{method}(…)` with a value of \
             that type to `Runtime::builder()`, or to `orch::testing::builder()` in a test"
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

/// The digest that `per = …` tells calls apart by.
///
/// # Errors
/// When the key cannot be written.
pub fn limit_key<K: Serialize>(key: &K) -> Result<KeyDigest, Error> {
    hash_value(&[], key).map(|hash| KeyDigest(*hash.as_bytes())).map_err(|error| {
        Error::plain(ErrorKind::Input, format!("the key of `per` cannot be written: {error}"))
    })
}

/// What `limits(pool = |attempt| …)` says for an attempt.
///
/// # Errors
/// When the text is no number of permits.
pub fn permits<P: Permits>(permits: P) -> Result<u64, String> {
    permits.permits()
}

/// The arguments of a scheduled run as they are stored.
///
/// # Errors
/// When one refuses to be written.
pub fn stored_input<A: Serialize + DeserializeOwned + 'static>(arguments: &A) -> Result<Bytes, CodecError> {
    codec::encode(arguments)
}

/// The same for a flow without arguments.
///
/// # Errors
/// Never; it stands in the place of [`stored_input`].
pub fn no_input() -> Result<Bytes, CodecError> {
    codec::encode(&())
}

/// The call of a task.
pub fn call<T>(started: Started<T>) -> Call<T, Task> {
    Call::new(started)
}

/// The call of a flow.
pub fn flow<T>(started: Started<T>) -> Call<T, Flow> {
    Call::new(started)
}

/// The body of a task or flow with stored input.
///
/// # Errors
/// When the input does not fit.
pub fn decoded<T>(started: Started<T>) -> Result<Pin<Box<dyn Invocation>>, DecodeError> {
    started.into_invocation()
}
