//! Why a call never gets its permits.

use super::settings;

/// A permit that nobody will ever get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No runtime defines the pool.
    Unknown { pool: String, need: u64, known: Vec<String> },
    /// The pool has only a limit per key, and the call has no key.
    Keyless { pool: String },
    /// It takes more than there is.
    TooMuch { pool: String, need: u64, most: u64, per_key: bool },
    /// What a function said for an attempt is no number of permits.
    NoNumber { pool: String, fault: String },
    /// It would wait for what waits for it.
    Circle(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { pool, need, known } => {
                let line = settings::line(pool, (*need).max(4));
                write!(
                    f,
                    "it takes a permit of the pool `{pool}`, which this runtime does not have; {line}"
                )?;
                write!(f, " (the pools are {})", known.join(", "))
            }
            Self::Keyless { pool } => write!(
                f,
                "the pool `{pool}` has a limit per key and none for all together; say whose call it is with `per = |…| …`, or \
                 {}",
                settings::line(pool, 4)
            ),
            Self::TooMuch { pool, need, most, per_key } => {
                let of = if *per_key { " for one key" } else { "" };
                write!(
                    f,
                    "it takes {need} of the pool `{pool}`, which has {most}{of}, so it would wait for ever; take less, or \
                     raise the pool with `.limit{}(\"{pool}\", {need})`",
                    if *per_key { "_per_key" } else { "" }
                )
            }
            Self::NoNumber { pool, fault } => {
                write!(f, "what `limits({pool} = |attempt| …)` says for this attempt cannot be used: {fault}")
            }
            Self::Circle(circle) => write!(
                f,
                "{circle}, so all of them would wait for ever; take what belongs together at once (`limits(a = 1, b = 1)` on \
                 the outer task), or raise one of the pools"
            ),
        }
    }
}
