//! What a value shows of its type, in 8 bytes: kinds, names of structs, fields and variants, and which way the
//! value takes through them.
//!
//! Two values have one shape when their `Serialize` implementations make the same calls, whatever numbers and texts
//! they pass. A value that was read has the shape of the value that was written, or it was read wrongly: where
//! a field was renamed, reordered or retyped meanwhile, the value that comes out makes other calls.
//!
//! The elements of sequences and the entries of maps add up, so that the order in which a hash map shows them does
//! not count. Everything else counts in its order.

mod shaper;

use serde::Serialize;

use self::shaper::Shaper;
use super::{Refusal, mix::mix};

/// The name of a unit struct that stands for a value which nobody reads back.
pub(crate) const NEVER_READ: &str = "$orch::NeverRead";

/// What a value shows of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) hash: u64,
    pub(super) parts: Parts,
}

impl Shape {
    /// The shape of `value` as a format sees it, which people read or not.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T, human: bool) -> Result<Self, Refusal> {
        value.serialize(Shaper { path: 0, human, values: false })
    }

    /// The hash with all numbers and texts: one of the value itself.
    pub(super) fn with_values<T: Serialize + ?Sized>(value: &T) -> Result<u64, Refusal> {
        Ok(value.serialize(Shaper { path: 0, human: false, values: true })?.hash)
    }
}

/// Which parts of its type a value has, as a Bloom filter: one more element of a sequence adds none, a variant that
/// was not there adds one. What has no new parts is written and read by code that has been tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u128);

impl Parts {
    /// A field was left out, which a format without names cannot tell.
    pub(super) const LEFT_OUT: Self = Self(1 << 127);
    /// Nobody reads the value back.
    pub(super) const NEVER_READ: Self = Self(1 << 126);

    #[inline]
    fn at(path: u64) -> Self {
        let bit = |half: u64| 1u128 << ((half * 126) >> 32);
        Self(bit(path >> 32) | bit(path & 0xffff_ffff))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }
}

#[derive(Clone, Copy)]
#[repr(u64)]
enum Kind {
    Unit = 1,
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Text,
    Bytes,
    None,
    Some,
    List,
    Tuple,
    Map,
    Struct,
    Variant,
    Key,
    LeftOut,
}

impl Kind {
    #[inline]
    const fn hash(self) -> u64 {
        mix(0x6f72_6368, self as u64)
    }
}
