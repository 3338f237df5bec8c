//! How values become bytes and come back. The only place that knows the formats.
//!
//! A stored value is `[format: 1 byte][shape: 8 bytes][payload]`. The format is bincode, or MessagePack with names
//! for values that bincode does not read back; which it is, is decided value by value. The [shape] is taken of the
//! value when it is written and again when it was read: bincode reads whatever bytes are there, and only the shape
//! tells that they were `{width, height}` and not `{height, width}`.
//!
//! What is written is known to be readable. A value with parts that no value of its type has had is read back before
//! it counts as written, and so is every value in MessagePack, because what such types write depends on the value.

mod binary;
mod bulk;
mod decode;
mod encode;
mod erased;
mod error;
mod format;
mod message_pack;
mod mix;
mod named;
mod shape;
mod tried;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use error::CodecError;
#[cfg(feature = "crash-points")]
pub(crate) use message_pack::shown;
pub(crate) use {
    decode::decode,
    encode::encode,
    named::{Field, decode_named, encode_named, fields, is_named},
    shape::NEVER_READ,
};
use {error::Refusal, format::Format};

/// Encoded values, cheap to share between journal, cache and replay.
pub type Bytes = Arc<[u8]>;

/// What the codec asks of a type: that it can be read back.
pub(crate) trait Stored: serde::Serialize + serde::de::DeserializeOwned + 'static {}

impl<T: serde::Serialize + serde::de::DeserializeOwned + 'static> Stored for T {}
