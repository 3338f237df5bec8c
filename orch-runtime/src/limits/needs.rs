//! What a function may ask for: plain data in its definition.

use std::time::Duration;

/// What one call takes of one pool.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    pub(crate) pool: &'static str,
    pub(crate) amount: Amount,
}

/// How much of it.
#[derive(Clone, Copy)]
pub(crate) enum Amount {
    /// Always the same.
    Fixed(u64),
    /// What the function says for this attempt, counted from 1.
    ByAttempt(fn(u64) -> Result<u64, String>),
}

impl std::fmt::Debug for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(permits) => write!(f, "{permits}"),
            Self::ByAttempt(_) => f.write_str("by attempt"),
        }
    }
}

impl Need {
    /// The same number of permits for every attempt.
    pub const fn fixed(pool: &'static str, permits: u64) -> Self {
        Self { pool, amount: Amount::Fixed(permits) }
    }

    /// As many permits as `permits` says for the attempt.
    pub const fn by_attempt(pool: &'static str, permits: fn(u64) -> Result<u64, String>) -> Self {
        Self { pool, amount: Amount::ByAttempt(permits) }
    }
}

/// So many starts within a window, wherever the window begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub(crate) count: u32,
    pub(crate) window: Duration,
}

impl Rate {
    /// At most `count` attempts start within any `window`.
    pub const fn new(count: u32, window: Duration) -> Self {
        Self { count, window }
    }
}
