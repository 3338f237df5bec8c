//! Reading.

use super::{CodecError, Stored, format::split};

/// Reads a value that [`encode`](super::encode) wrote.
///
/// # Errors
/// When the bytes are of another format or do not hold a `T` of the shape that was written.
pub(crate) fn decode<T: Stored>(bytes: &[u8]) -> Result<T, CodecError> {
    split(bytes)
        .and_then(|(format, shape, payload)| format.read(payload, shape))
        .map_err(|refusal| CodecError::reading::<T>(refusal.0))
}
