//! Numbers in a row: hashed as blocks, because a tag and a call to the hasher for each of a million bytes cost more
//! than the bytes.
//!
//! A sequence begins with as many elements as are scalars of the first one's kind. They are written as blocks of
//! kind, count and bare values; what follows them is written as everywhere else.

use std::fmt;

use serde::{Serialize, ser};

use super::{Sink, Tag, bits_of_f32, bits_of_f64};

/// Bytes of a block.
const BLOCK: usize = 512;

/// Writes the scalars at the head of `elements`. Gives how many there were, and the first element that is none.
pub(super) fn write<I: Iterator<Item: Serialize>>(
    sink: &mut Sink,
    elements: &mut I,
) -> (u64, Option<I::Item>) {
    let Some(first) = elements.next() else { return (0, None) };
    match first.serialize(Probe) {
        Ok(scalar) => match scalar.width {
            1 => blocks::<1, _>(sink, scalar, elements),
            2 => blocks::<2, _>(sink, scalar, elements),
            4 => blocks::<4, _>(sink, scalar, elements),
            _ => blocks::<8, _>(sink, scalar, elements),
        },
        Err(NoScalar) => (0, Some(first)),
    }
}

fn blocks<const WIDTH: usize, I: Iterator<Item: Serialize>>(
    sink: &mut Sink,
    first: Scalar,
    elements: &mut I,
) -> (u64, Option<I::Item>) {
    let mut block = [0; BLOCK];
    let places = block.as_chunks_mut::<WIDTH>().0;
    put(&mut places[0], first.bits);
    let mut count = 1;
    let mut all = 0;
    loop {
        let mut other = None;
        for place in &mut places[count..] {
            let Some(element) = elements.next() else { break };
            match element.serialize(Probe) {
                Ok(scalar) if scalar.tag == first.tag => put(place, scalar.bits),
                _ => {
                    other = Some(element);
                    break;
                }
            }
            count += 1;
        }
        if count > 0 {
            let [low, high] = (count as u16).to_le_bytes();
            sink.tagged(Tag::Run, &[first.tag as u8, low, high]);
            sink.raw(places[..count].as_flattened());
        }
        all += count as u64;
        if count < places.len() {
            return (all, other);
        }
        count = 0;
    }
}

/// The tag decides the width, so no bits are lost.
fn put<const WIDTH: usize>(place: &mut [u8; WIDTH], bits: u64) {
    place.copy_from_slice(&bits.to_le_bytes()[..WIDTH]);
}

/// A value of fixed width.
#[derive(Clone, Copy)]
struct Scalar {
    tag: Tag,
    width: usize,
    bits: u64,
}

/// Looks whether a value is a scalar.
struct Probe;

#[derive(Debug)]
struct NoScalar;

impl fmt::Display for NoScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is no scalar")
    }
}

impl std::error::Error for NoScalar {}

impl ser::Error for NoScalar {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Other = ser::Impossible<Scalar, NoScalar>;

macro_rules! scalars {
    ($($method:ident $type:ty, $tag:ident, |$value:ident| $bits:expr;)*) => {$(
        #[inline]
        fn $method(self, $value: $type) -> Result<Scalar, NoScalar> {
            Ok(Scalar { tag: Tag::$tag, width: size_of::<$type>(), bits: $bits })
        }
    )*};
}

macro_rules! others {
    ($($method:ident $(<$type:ident>)? ($($argument:ty),*) -> $ok:ty;)*) => {$(
        #[inline]
        fn $method $(<$type: Serialize + ?Sized>)? (self, $(_: $argument),*) -> Result<$ok, NoScalar> {
            Err(NoScalar)
        }
    )*};
}

impl ser::Serializer for Probe {
    type Ok = Scalar;
    type Error = NoScalar;
    type SerializeSeq = Other;
    type SerializeTuple = Other;
    type SerializeTupleStruct = Other;
    type SerializeTupleVariant = Other;
    type SerializeMap = Other;
    type SerializeStruct = Other;
    type SerializeStructVariant = Other;

    scalars! {
        serialize_bool bool, Bool, |value| value.into();
        serialize_i8 i8, I8, |value| value as u64;
        serialize_i16 i16, I16, |value| value as u64;
        serialize_i32 i32, I32, |value| value as u64;
        serialize_i64 i64, I64, |value| value as u64;
        serialize_u8 u8, U8, |value| value.into();
        serialize_u16 u16, U16, |value| value.into();
        serialize_u32 u32, U32, |value| value.into();
        serialize_u64 u64, U64, |value| value;
        serialize_f32 f32, F32, |value| bits_of_f32(value).into();
        serialize_f64 f64, F64, |value| bits_of_f64(value);
        serialize_char char, Char, |value| u32::from(value).into();
    }

    others! {
        serialize_i128(i128) -> Scalar;
        serialize_u128(u128) -> Scalar;
        serialize_str(&str) -> Scalar;
        serialize_bytes(&[u8]) -> Scalar;
        serialize_none() -> Scalar;
        serialize_some<T>(&T) -> Scalar;
        serialize_unit() -> Scalar;
        serialize_unit_struct(&'static str) -> Scalar;
        serialize_unit_variant(&'static str, u32, &'static str) -> Scalar;
        serialize_newtype_struct<T>(&'static str, &T) -> Scalar;
        serialize_newtype_variant<T>(&'static str, u32, &'static str, &T) -> Scalar;
        serialize_seq(Option<usize>) -> Other;
        serialize_tuple(usize) -> Other;
        serialize_tuple_struct(&'static str, usize) -> Other;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Other;
        serialize_map(Option<usize>) -> Other;
        serialize_struct(&'static str, usize) -> Other;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Other;
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<Scalar, NoScalar> {
        Err(NoScalar)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
