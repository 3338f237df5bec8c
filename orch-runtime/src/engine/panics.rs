//! What a panic said, and where.

use std::{
    any::Any,
    cell::RefCell,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind},
    sync::Once,
};

use super::frame;
use crate::error::{Error, ErrorKind};

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes the place of every panic on its thread, then does what the program's own hook does. Installed once per
/// process: the standard library tells the place of a panic to nobody else.
pub(crate) fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            let place = info.location().map(ToString::to_string);
            let _ = PLACE.try_with(|last| last.replace(place));
            // To print a backtrace may take longer than a test's clock waits for a thread.
            let _busy = frame::current().and_then(|frame| frame.run.core.clock.busy());
            before(info);
        }));
    });
}

/// A panic that was caught, and where it happened, if the hook saw it.
pub(super) struct Panic {
    payload: Box<dyn Any + Send>,
    pub(super) place: Option<String>,
}

impl Panic {
    /// What it said.
    pub(super) fn message(&self) -> String {
        let text = self.payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| self.payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic whose payload is no text".to_owned())
    }
}

/// Lets a panic go on from where it was caught, and keeps its place for whoever catches it next.
pub(super) fn resume(panic: Panic) -> ! {
    let _ = PLACE.try_with(|last| last.replace(panic.place));
    resume_unwind(panic.payload)
}

/// Runs code that is not ours.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        // Taken at once: the next panic of this thread leaves its own place there.
        let place = PLACE.try_with(RefCell::take).ok().flatten();
        Panic { payload, place }
    })
}

/// Runs what people have written, which may panic; `what` says what it is.
pub(crate) fn caught<T>(what: &str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch(work).unwrap_or_else(|panic| {
        let place = panic.place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        Err(Error::plain(ErrorKind::Panicked, format!("{what} panicked{place}: {}", panic.message())))
    })
}
