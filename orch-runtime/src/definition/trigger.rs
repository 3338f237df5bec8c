//! What `on = …` of an attribute says: plain data, made at compile time.

use std::fmt;

use crate::{
    codec::Bytes,
    error::Result,
    schedule::{Given, On},
};

/// One trigger of a flow, as its attribute says it.
pub struct TriggerDefinition {
    text: &'static str,
    on: fn() -> On,
    input: fn(&Given<'_>) -> Result<Option<Bytes>>,
    line: u32,
}

impl TriggerDefinition {
    /// A trigger: its text in the attribute, which tells it from the other ones of its flow; what it waits for; what makes
    /// the input of the run that it starts, or nothing where its filter does not let it pass; and its line.
    pub const fn new(
        text: &'static str,
        on: fn() -> On,
        input: fn(&Given<'_>) -> Result<Option<Bytes>>,
        line: u32,
    ) -> Self {
        Self { text, on, input, line }
    }

    /// As it is written in the attribute.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Where it is written, in the file of the flow's [`Place`](super::Place).
    pub fn line(&self) -> u32 {
        self.line
    }

    pub(crate) fn on(&self) -> On {
        (self.on)()
    }

    pub(crate) fn input(&self, given: &Given<'_>) -> Result<Option<Bytes>> {
        (self.input)(given)
    }
}

impl fmt::Debug for TriggerDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TriggerDefinition")
            .field("text", &self.text)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
