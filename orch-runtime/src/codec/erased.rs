//! A value without its type. A program has hundreds of types, and the compiler makes for each of them what is
//! generic; that is no more than what is here.

use std::any::{TypeId, type_name};

use super::{Format, Refusal, Stored, binary, message_pack, shape::Shape};

/// What is asked of a value that is written.
pub(super) trait Erased {
    fn id(&self) -> TypeId;
    fn type_name(&self) -> &'static str;
    fn shape(&self, human: bool) -> Result<Shape, Refusal>;
    fn hash_with_values(&self) -> Result<u64, Refusal>;
    fn write(&self, format: Format, buffer: &mut Vec<u8>) -> Result<(), Refusal>;
    /// Another value of the type, from a payload.
    fn read(&self, format: Format, payload: &[u8]) -> Result<Box<dyn Erased>, Refusal>;
}

impl<T: Stored> Erased for T {
    fn id(&self) -> TypeId {
        TypeId::of::<T>()
    }

    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }

    fn shape(&self, human: bool) -> Result<Shape, Refusal> {
        Shape::of(self, human)
    }

    fn hash_with_values(&self) -> Result<u64, Refusal> {
        Shape::with_values(self)
    }

    fn write(&self, format: Format, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        match format {
            Format::Bincode => binary::write(self, buffer),
            Format::MessagePack => message_pack::write(self, buffer),
        }
    }

    fn read(&self, format: Format, payload: &[u8]) -> Result<Box<dyn Erased>, Refusal> {
        Ok(Box::new(read::<T>(format, payload)?))
    }
}

/// Reads a payload, all of it.
pub(super) fn read<T: Stored>(format: Format, payload: &[u8]) -> Result<T, Refusal> {
    match format {
        Format::Bincode => binary::read(payload),
        Format::MessagePack => message_pack::read(payload),
    }
}
