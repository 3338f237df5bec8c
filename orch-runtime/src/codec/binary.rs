//! bincode: values as they lie in memory, without names and kinds.

use std::any::TypeId;

use bincode::Options;
use serde::{Serialize, de::DeserializeOwned};

use super::{Refusal, Stored, bulk};

fn options() -> impl Options {
    bincode::options().with_fixint_encoding().reject_trailing_bytes()
}

pub(super) fn write<T: Stored>(value: &T, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    if bulk::knows(TypeId::of::<T>())
        && let Some(bytes) = bulk::bytes_of(value)
    {
        return write_plain(&bytes, buffer);
    }
    write_plain(value, buffer)
}

pub(super) fn read<T: Stored>(payload: &[u8]) -> Result<T, Refusal> {
    if bulk::knows(TypeId::of::<T>()) {
        let mut value: Option<T> = None;
        bulk::read(&mut value, payload)?;
        if let Some(value) = value {
            return Ok(value);
        }
    }
    read_plain(payload)
}

/// Not `serialize_into`, which has the compiler make every type's code for counting bytes too.
fn write_plain<T: Serialize>(value: &T, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    value.serialize(&mut bincode::Serializer::new(buffer, options())).map_err(Refusal::new)
}

/// Reads from a slice, so a length that is wrong is an error and not an allocation.
pub(super) fn read_plain<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Refusal> {
    options().deserialize(payload).map_err(Refusal::new)
}
