//! What is known about types: which of their parts have been read back, and which of them bincode does not read.
//!
//! It is kept by thread, because a lookup without a lock takes a few nanoseconds of every task run, and trying a
//! type again in another thread costs microseconds once. It holds one entry per type of the program.

use std::{any::TypeId, cell::RefCell, collections::HashMap};

use rustc_hash::FxBuildHasher;

use super::{Format, shape::Parts};

/// What is known about one type.
#[derive(Clone, Copy)]
pub(super) struct Tried {
    /// The format that did for the last value that needed a choice.
    pub(super) format: Format,
    /// The parts that bincode has read back.
    pub(super) parts: Parts,
}

thread_local! {
    static TRIED: RefCell<HashMap<TypeId, Tried, FxBuildHasher>> = RefCell::default();
}

impl Tried {
    pub(super) fn of<T: 'static>() -> Self {
        let known = TRIED.with_borrow(|tried| tried.get(&TypeId::of::<T>()).copied());
        known.unwrap_or(Self { format: Format::Bincode, parts: Parts::default() })
    }

    pub(super) fn keep<T: 'static>(self) {
        TRIED.with_borrow_mut(|tried| tried.insert(TypeId::of::<T>(), self));
    }
}
