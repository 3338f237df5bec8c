//! Reading.

use super::{
    CodecError, Stored, erased,
    format::{other_shape, same_shape, split},
};

/// Reads a value that [`encode`](super::encode) wrote.
///
/// # Errors
/// When the bytes are of another format or do not hold a `T` of the shape that was written.
pub(crate) fn decode<T: Stored>(bytes: &[u8]) -> Result<T, CodecError> {
    let fault = |refusal| CodecError::reading(std::any::type_name::<T>(), refusal);
    let (format, shape, payload) = split(bytes).map_err(fault)?;
    // A wrong value is the usual end of reading bytes of another type, and an error the lucky one.
    match erased::read::<T>(format, payload) {
        Ok(value) => match same_shape(&value, format, shape) {
            Ok(()) => Ok(value),
            Err(refusal) => Err(fault(refusal)),
        },
        Err(refusal) => Err(fault(other_shape(refusal))),
    }
}
