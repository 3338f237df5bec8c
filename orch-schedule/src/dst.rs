//! What becomes of local times that a change of the clock leaves out or repeats.

/// What becomes of a time that does not exist, because the clock was put forward over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Missing {
    /// It comes as much later as the clock was put forward: 02:30 becomes 03:30. A tick that is due then anyway is
    /// one tick, not two. The default.
    #[default]
    Shift,
    /// It is left out.
    Skip,
}

/// What becomes of a time that comes twice, because the clock was put back over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Doubled {
    /// The first of the two counts. The default.
    #[default]
    First,
    /// The second of the two counts.
    Last,
    /// Both count.
    Both,
}

/// What becomes of local times when clocks are changed.
///
/// The default shifts what is missing and takes the first of what is doubled, whatever the expression: with
/// `*/30 * * * *` no tick comes in the hour that the clock repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dst {
    /// A time that does not exist.
    pub missing: Missing,
    /// A time that comes twice.
    pub doubled: Doubled,
}

impl Dst {
    /// The same as [`Dst::default`], in a constant.
    pub const DEFAULT: Self = Self { missing: Missing::Shift, doubled: Doubled::First };
}
