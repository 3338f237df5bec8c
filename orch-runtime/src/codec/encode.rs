//! Writing: the format that does, and the proof that it does.

use std::cell::RefCell;

use super::{
    Bytes, CodecError, Format, Refusal, Stored,
    erased::Erased,
    format::{begin, same_shape, split},
    shape::{Parts, Shape},
    tried::Tried,
};

/// A buffer that once held a large value is not kept for the next one.
const KEEP: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes a value.
///
/// # Errors
/// When the value's `Serialize` refuses, or when neither format gives back what it was given.
pub(crate) fn encode<T: Stored>(value: &T) -> Result<Bytes, CodecError> {
    encode_erased(value)
}

fn encode_erased(value: &dyn Erased) -> Result<Bytes, CodecError> {
    // A value whose `Serialize` encodes another value finds the buffer taken and gets one of its own.
    let mut buffer = BUFFER
        .with(|cell| cell.try_borrow_mut().map(|mut own| std::mem::take(&mut *own)))
        .unwrap_or_default();
    let written = write(value, &mut buffer).map(|()| Bytes::from(&buffer[..]));
    if buffer.capacity() <= KEEP {
        BUFFER.with(|cell| cell.replace(buffer));
    }
    written
}

fn write(value: &dyn Erased, buffer: &mut Vec<u8>) -> Result<(), CodecError> {
    let tried = Tried::of(value.id());
    let first = match write_as(tried.format, value, tried, buffer) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    let other = tried.format.other();
    match write_as(other, value, tried, buffer) {
        Ok(()) => {
            // What refuses one value is likely to refuse the next one.
            if other == Format::MessagePack {
                Tried { format: other, ..tried }.keep(value.id());
            }
            Ok(())
        }
        Err(second) => Err(CodecError::writing(value.type_name(), unreadable(tried.format, &first, &second))),
    }
}

/// Writes a value in MessagePack, where that gives it back.
pub(super) fn in_message_pack(value: &dyn Erased, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    write_as(Format::MessagePack, value, Tried::of(value.id()), buffer)
}

fn write_as(format: Format, value: &dyn Erased, tried: Tried, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    let shape = value.shape(format.is_human_readable())?;
    begin(format, shape.hash, buffer);
    value.write(format, buffer)?;
    if shape.parts.has(Parts::NEVER_READ) {
        return Ok(());
    }
    match format {
        Format::Bincode if tried.parts.has(shape.parts) => Ok(()),
        Format::Bincode => {
            comes_back_whole(value, shape, buffer)?;
            let parts = tried.parts.and(shape.parts);
            Tried { parts, ..tried }.keep(value.id());
            Ok(())
        }
        Format::MessagePack => comes_back(value, buffer).map(drop),
    }
}

/// bincode has to give back the very value: it cannot tell a left-out field from the one after it.
#[cold]
fn comes_back_whole(value: &dyn Erased, shape: Shape, written: &[u8]) -> Result<(), Refusal> {
    if shape.parts.has(Parts::LEFT_OUT) {
        return Err(Refusal::new("it leaves out a field"));
    }
    let again = comes_back(value, written)?;
    match value.hash_with_values()? == again.hash_with_values()? {
        true => Ok(()),
        false => Err(Refusal::new("another value comes back")),
    }
}

fn comes_back(value: &dyn Erased, written: &[u8]) -> Result<Box<dyn Erased>, Refusal> {
    let (format, shape, payload) = split(written)?;
    let again = value.read(format, payload)?;
    same_shape(&*again, format, shape)?;
    Ok(again)
}

#[cold]
fn unreadable(first: Format, refusal: &Refusal, other: &Refusal) -> String {
    let (bincode, message_pack) = match first {
        Format::Bincode => (refusal, other),
        Format::MessagePack => (other, refusal),
    };
    format!(
        "it would not come back as it is (bincode: {bincode}; MessagePack: {message_pack}); return a value that \
         its `Deserialize` reads from what its `Serialize` writes, such as one without an `Option` in an `Option` \
         or an `i128` in an untagged enum"
    )
}
