//! Why a value could not be written or read.

use std::fmt;

use serde::ser;

/// A value could not be written or read back.
#[derive(Debug, thiserror::Error)]
#[error("{action} {type_name}: {reason}")]
pub struct CodecError {
    action: &'static str,
    type_name: &'static str,
    reason: String,
}

impl CodecError {
    pub(super) fn writing<T>(reason: String) -> Self {
        Self { action: "cannot write", type_name: std::any::type_name::<T>(), reason }
    }

    pub(super) fn reading<T>(reason: String) -> Self {
        Self { action: "cannot read", type_name: std::any::type_name::<T>(), reason }
    }
}

/// Why one format does not do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) String);

impl Refusal {
    pub(super) fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl ser::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}
