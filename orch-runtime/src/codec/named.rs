//! Values that are read by the names of their fields, whatever type wrote them.

use super::{
    Bytes, CodecError, Refusal, Stored, decode, encode,
    erased::{self, Erased},
    format::{Format, split},
    message_pack,
};

/// Writes a value so that other types can read it by its names.
///
/// A value that MessagePack does not give back is written as [`encode`] does, and only its own type reads it.
///
/// # Errors
/// As [`encode`].
pub(crate) fn encode_named<T: Stored>(value: &T) -> Result<Bytes, CodecError> {
    match message_pack_of(value) {
        Ok(written) => Ok(written),
        Err(_) => encode(value),
    }
}

fn message_pack_of(value: &dyn Erased) -> Result<Bytes, Refusal> {
    let mut buffer = Vec::new();
    encode::in_message_pack(value, &mut buffer)?;
    Ok(buffer.into())
}

/// Reads a value that has the fields of a `T`, and maybe more.
///
/// # Errors
/// When it does not have them; the text names the field.
pub(crate) fn decode_named<T: Stored>(bytes: &[u8]) -> Result<T, CodecError> {
    let fault = |refusal| CodecError::reading(std::any::type_name::<T>(), refusal);
    let (format, _, payload) = split(bytes).map_err(fault)?;
    match format {
        Format::Bincode => decode(bytes),
        Format::MessagePack => erased::read(format, payload).map_err(fault),
    }
}

/// Whether a value can be read by its names.
pub(crate) fn is_named(bytes: &[u8]) -> bool {
    matches!(split(bytes), Ok((Format::MessagePack, ..)))
}

/// The fields of a value that [`encode_named`] wrote; none where it is no struct and no map with texts as keys.
pub(crate) fn fields(bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    match split(bytes) {
        Ok((Format::MessagePack, _, payload)) => {
            let fields = message_pack::fields(payload).ok()??;
            Some(fields.into_iter().map(|(name, value)| Field { name, value }).collect())
        }
        _ => None,
    }
}

/// A field of a value.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    value: &'a [u8],
}

impl Field<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// When it is no `T`.
    pub(crate) fn decode<T: Stored>(&self) -> Result<T, CodecError> {
        message_pack::read(self.value)
            .map_err(|refusal| CodecError::reading(std::any::type_name::<T>(), refusal))
    }

    /// What stands for a field that is not there, for types that have something for it, such as an `Option`.
    pub(crate) fn missing<T: Stored>() -> Option<T> {
        message_pack::read(&[rmp::Marker::Null.to_u8()]).ok()
    }
}
