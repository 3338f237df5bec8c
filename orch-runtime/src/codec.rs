//! How values become bytes and come back. The only file that knows the format.

use std::{cell::RefCell, sync::Arc};

use bincode::Options;
use serde::{Serialize, de::DeserializeOwned};

/// Encoded values, cheap to share between journal, cache and replay.
pub type Bytes = Arc<[u8]>;

/// First byte of every encoded value; the next format gets the next number.
const BINCODE_1: u8 = 1;

/// A buffer that once held a large value is not kept for the next one.
const KEEP: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A value could not be written or read back.
#[derive(Debug, thiserror::Error)]
#[error("{action} {type_name}: {reason}")]
pub struct CodecError {
    action: &'static str,
    type_name: &'static str,
    reason: String,
}

/// Writes a value.
///
/// # Errors
/// When the value's `Serialize` implementation refuses.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, CodecError> {
    let fault =
        |reason: String| CodecError { action: "cannot write", type_name: std::any::type_name::<T>(), reason };
    // A value whose `Serialize` encodes another value finds the buffer taken and gets one of its own.
    let mut buffer =
        BUFFER.with(|cell| cell.try_borrow_mut().map(|mut b| std::mem::take(&mut *b))).unwrap_or_default();
    buffer.clear();
    buffer.push(BINCODE_1);
    let written = bincode::serialize_into(&mut buffer, value).map_err(|error| fault(error.to_string()));
    let bytes = written.map(|()| Bytes::from(&buffer[..]));
    if buffer.capacity() <= KEEP {
        BUFFER.with(|cell| cell.replace(buffer));
    }
    bytes
}

/// Reads a value that [`encode`] wrote.
///
/// # Errors
/// When the bytes are of another format or do not hold a `T`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let fault =
        |reason: String| CodecError { action: "cannot read", type_name: std::any::type_name::<T>(), reason };
    match bytes.split_first() {
        // Reads from the slice, so a length that is wrong is an error and not an allocation.
        Some((&BINCODE_1, rest)) => bincode::options()
            .with_fixint_encoding()
            .reject_trailing_bytes()
            .deserialize(rest)
            .map_err(|error| fault(error.to_string())),
        Some((format, _)) => {
            Err(fault(format!("format {format} is unknown; a newer version may have written it")))
        }
        None => Err(fault("there are no bytes".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let value = (3u8, "text".to_owned(), vec![Some(1.5f64), None]);
        let bytes = encode(&value).expect("plain data");
        assert_eq!(decode::<(u8, String, Vec<Option<f64>>)>(&bytes).expect("the same type"), value);
    }

    #[test]
    fn other_shapes_and_formats_are_errors() {
        let bytes = encode(&(1u32, 2u32)).expect("plain data");
        assert!(decode::<u32>(&bytes).expect_err("left over").to_string().contains("bytes remaining"));
        assert!(decode::<String>(&bytes).is_err());
        assert!(decode::<u8>(&[9, 1]).expect_err("format").to_string().contains("format 9"));
        assert!(decode::<u8>(&[]).is_err());
    }
}
