//! bincode: values as they lie in memory, without names and kinds.

use bincode::Options;
use serde::de::DeserializeOwned;

use super::{Refusal, Stored, bulk};

fn options() -> impl Options {
    bincode::options().with_fixint_encoding().reject_trailing_bytes()
}

pub(super) fn write<T: Stored>(value: &T, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    match bulk::bytes_of(value) {
        Some(bytes) => options().serialize_into(buffer, &bytes),
        None => options().serialize_into(buffer, value),
    }
    .map_err(Refusal::new)
}

pub(super) fn read<T: Stored>(payload: &[u8]) -> Result<T, Refusal> {
    bulk::read(payload).unwrap_or_else(|| read_plain(payload))
}

/// Reads from a slice, so a length that is wrong is an error and not an allocation.
pub(super) fn read_plain<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Refusal> {
    options().deserialize(payload).map_err(Refusal::new)
}
