//! What a panic said, and where.

use std::{any::Any, cell::RefCell, panic::PanicHookInfo, sync::Once};

use super::frame;

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

/// The place of the panic that was just caught on this thread.
pub(super) fn take_place() -> Option<String> {
    PLACE.try_with(RefCell::take).ok().flatten()
}

/// The text of a panic.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic whose payload is no text".to_owned())
}
