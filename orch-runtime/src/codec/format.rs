//! What stands before the payload of a stored value.

use super::{Refusal, erased::Erased};

/// How the payload is written. The numbers are stored; the next format gets the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Format {
    /// bincode 1.3 with fixed integers: small and fast, knows neither names nor kinds.
    Bincode = 1,
    /// MessagePack with the names of fields and variants: can be read by types that look before they choose.
    MessagePack = 2,
}

/// Format and shape.
const HEADER: usize = 1 + size_of::<u64>();

impl Format {
    /// Whether types show the form that is meant for people. Untagged enums are read from a copy in memory that
    /// always says so, and an IP address in one would be written one way and read the other.
    pub(super) fn is_human_readable(self) -> bool {
        self == Self::MessagePack
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Bincode => Self::MessagePack,
            Self::MessagePack => Self::Bincode,
        }
    }
}

/// Replaces what is in `buffer` by what stands before the payload.
pub(super) fn begin(format: Format, shape: u64, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.push(format as u8);
    buffer.extend_from_slice(&shape.to_le_bytes());
}

const OTHER_SHAPE: &str =
    "what is stored has another shape: the type's fields, names or kinds have changed since";

/// Compares the shape of a value that was read with the one that was written.
pub(super) fn same_shape(value: &dyn Erased, format: Format, shape: u64) -> Result<(), Refusal> {
    match value.shape(format.is_human_readable())?.hash == shape {
        true => Ok(()),
        false => Err(Refusal::new(OTHER_SHAPE)),
    }
}

/// Bytes that could not be read at all.
#[cold]
pub(super) fn other_shape(Refusal(reason): Refusal) -> Refusal {
    Refusal(format!("{OTHER_SHAPE} ({reason})"))
}

/// Takes a stored value apart.
pub(super) fn split(bytes: &[u8]) -> Result<(Format, u64, &[u8]), Refusal> {
    let format = match bytes.first() {
        Some(1) => Format::Bincode,
        Some(2) => Format::MessagePack,
        Some(format) => {
            return Err(Refusal(format!("format {format} is unknown; a newer version may have written it")));
        }
        None => return Err(Refusal::new("there are no bytes")),
    };
    match bytes[1..].split_first_chunk() {
        Some((shape, payload)) => Ok((format, u64::from_le_bytes(*shape), payload)),
        None => {
            Err(Refusal(format!("{} bytes are less than the {HEADER} that every value has", bytes.len())))
        }
    }
}
