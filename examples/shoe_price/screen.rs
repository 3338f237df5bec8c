//! Where lines go: standard output, or a test's memory.

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Where lines go. A task gets it as a `#[provided]` value.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Mutex<dyn Write + Send>>);

impl Screen {
    pub(crate) fn new(output: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(output)))
    }

    /// Prints a line at once, also into a pipe.
    pub(crate) fn line(&self, text: fmt::Arguments<'_>) -> io::Result<()> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(output, "{text}")?;
        output.flush()
    }
}
