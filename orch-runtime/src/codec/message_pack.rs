//! MessagePack with names: for values that are read by types which look before they choose.
//!
//! `rmp-serde` writes it. It is read here, because the compiler makes a reader for every type of the program, and
//! `rmp-serde`'s doubles the time that an annotated function takes to compile; ours looks at the bytes in one place
//! and makes for each type no more than a choice among ten tokens.

mod fields;
mod reader;
#[cfg(feature = "crash-points")]
mod shown;
mod token;

use rmp_serde::Serializer;

pub(super) use self::fields::fields;
#[cfg(feature = "crash-points")]
pub(crate) use self::shown::shown;
use self::token::Tokens;
use super::{Refusal, Stored};

pub(super) fn write<T: Stored>(value: &T, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut serializer = Serializer::new(buffer).with_struct_map().with_human_readable();
    value.serialize(&mut serializer).map_err(Refusal::new)
}

pub(super) fn read<T: Stored>(payload: &[u8]) -> Result<T, Refusal> {
    let mut tokens = Tokens::new(payload);
    let value = T::deserialize(&mut tokens)?;
    tokens.end()?;
    Ok(value)
}
