//! What arguments and results have to be, with the words that the compiler says when they are not.

use serde::{Serialize, de::DeserializeOwned};

/// An argument: owned, hashed, stored, cloned for another attempt.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a task or flow",
    label = "an argument is `Serialize + DeserializeOwned + Clone + Send + Sync + 'static`",
    note = "a call owns its arguments: they are hashed, stored, and handed to later attempts on other threads",
    note = "add `#[derive(Clone, serde::Serialize, serde::Deserialize)]` to it, or such bounds if it is a type \
            parameter; a value that is not data is `#[provided]` by the runtime, or named in `skip(…)`, for which \
            it is enough to be `Clone + Send + Sync + 'static`"
)]
pub trait Input: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Input for T {}

/// A result: stored, and handed to whoever awaits the call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a task or flow",
    label = "a result is `Serialize + DeserializeOwned + Send + 'static`",
    note = "a result is stored, and read back when the run is resumed",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to it, or such bounds if it is a type \
            parameter; what cannot be stored is made again from data by the task that needs it"
)]
pub trait Output: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Output for T {}
