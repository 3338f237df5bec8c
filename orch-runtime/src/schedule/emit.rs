//! Events of people's own.

use std::{any::type_name, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::keeper::{unreadable, unwritable};
use crate::{
    Runtime, codec,
    error::{Error, ErrorKind, Result},
    runtime::Core,
    store::{Happening, StarterChange, StarterChanged, StarterPut, Starters},
};

/// What the keys of events begin with.
const PREFIX: &str = "event/";

/// The key of the events of a name.
pub(super) fn key(event: &str) -> String {
    format!("{PREFIX}{event}")
}

/// Says that something happened: triggers that wait for [events of this name](crate::schedule::TriggerName::on_event) start
/// runs with the value. The same as [`Runtime::emit`] on the current runtime.
///
/// # Errors
/// See [`Runtime::emit`]; and when the default runtime cannot be opened.
pub async fn emit<T: Serialize + DeserializeOwned + 'static>(event: &str, value: &T) -> Result<()> {
    Runtime::current()?.emit(event, value).await
}

impl Runtime {
    /// Says that something happened. The value is stored with the names of its fields, so that whoever waits for it may have
    /// a type of its own. The event is stored, and durable when this returns: whoever serves next starts what
    /// waits for it, be it this process or another one. Of the events of one name the last 10,000 are kept. A trigger begins when it is served
    /// for the first time: what was emitted before then starts nothing. A store on disk has one process at a time, so while one
    /// serves, it is that one which emits.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # async fn example(runtime: orch::Runtime) -> Result<(), orch::Error> {
    /// runtime.emit("order paid", &7u64).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the value cannot be written, the name is empty or very long, or the store fails.
    ///
    /// # Cancel safety
    /// Dropping the future emits the event or does not.
    pub async fn emit<T: Serialize + DeserializeOwned + 'static>(
        &self,
        event: &str,
        value: &T,
    ) -> Result<()> {
        let value = codec::encode_named(value).map_err(|error| {
            Error::plain(
                ErrorKind::Input,
                format!("the value of the event `{event}` cannot be written: {error}"),
            )
        })?;
        let happened = Happening::Emitted { type_name: type_name::<T>().to_owned(), value };
        emit_erased(&self.core(), event, happened).await
    }
}

async fn emit_erased(core: &Arc<Core>, event: &str, happened: Happening) -> Result<()> {
    if event.is_empty() {
        return Err(Error::plain(ErrorKind::Input, "an event needs a name"));
    }
    loop {
        let key = key(event);
        let known = core.store.starters(Starters::Key(key.clone()), 1).await.map_err(unreadable)?;
        let put = StarterPut { definition: String::new(), wake: None, content: codec::Bytes::from(&[][..]) };
        let change = StarterChange {
            key,
            expect: known.first().map(|known| known.revision),
            put: Some(put),
            entries: vec![happened.clone()],
            run: None,
            at: core.clock.now(),
        };
        if let StarterChanged::Applied { .. } = core.store.change_starter(change).await.map_err(unwritable)? {
            core.starters_changed.notify_waiters();
            return Ok(());
        }
    }
}
