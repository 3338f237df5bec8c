//! What stands before the payload of a stored value.

use super::{Refusal, Stored, binary, message_pack, shape::Shape};

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

    /// Replaces what is in `buffer` by header and payload.
    pub(super) fn write<T: Stored>(
        self,
        value: &T,
        shape: Shape,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        buffer.clear();
        buffer.push(self as u8);
        buffer.extend_from_slice(&shape.hash.to_le_bytes());
        match self {
            Self::Bincode => binary::write(value, buffer),
            Self::MessagePack => message_pack::write(value, buffer),
        }
    }

    /// Reads a payload, all of it, and compares the shape of what came out.
    pub(super) fn read<T: Stored>(self, payload: &[u8], shape: u64) -> Result<T, Refusal> {
        let value = match self {
            Self::Bincode => binary::read(payload),
            Self::MessagePack => message_pack::read(payload),
        };
        // A wrong value is the usual end of reading bytes of another type, and an error the lucky one.
        let value: T = value.map_err(|Refusal(reason)| Refusal(format!("{OTHER_SHAPE} ({reason})")))?;
        match Shape::of(&value, self.is_human_readable())?.hash == shape {
            true => Ok(value),
            false => Err(Refusal::new(OTHER_SHAPE)),
        }
    }
}

const OTHER_SHAPE: &str =
    "what is stored has another shape: the type's fields, names or kinds have changed since";

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
