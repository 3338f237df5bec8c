//! MessagePack with names: for values that are read by types which look before they choose.

use rmp_serde::{Deserializer, Serializer};

use super::{Refusal, Stored};

pub(super) fn write<T: Stored>(value: &T, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut serializer = Serializer::new(buffer).with_struct_map().with_human_readable();
    value.serialize(&mut serializer).map_err(Refusal::new)
}

/// Reads from a slice, so a length that is wrong is an error and not an allocation.
pub(super) fn read<T: Stored>(payload: &[u8]) -> Result<T, Refusal> {
    let mut rest = payload;
    let mut deserializer = Deserializer::new(&mut rest).with_human_readable();
    let value = T::deserialize(&mut deserializer).map_err(Refusal::new)?;
    match rest.len() {
        0 => Ok(value),
        left => Err(Refusal(format!("{left} bytes are left over"))),
    }
}
