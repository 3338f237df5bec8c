//! Tuples that are not hashed as a whole: a function's arguments one by one, and what a shared value knows of itself.

use serde::{Serialize, ser};

use super::{Canonical, HashError, Sink, Tag, hash_value};
use crate::store::KeyDigest;

/// Reads the digest that a [`Shared`](super::Shared) value carries and leaves its content alone.
pub(super) struct DigestOnly<'a> {
    pub(super) sink: &'a mut Sink,
}

/// Splits the tuple of arguments and hashes each element by itself.
#[derive(Default)]
pub(super) struct PerArgument {
    digests: Vec<KeyDigest>,
}

macro_rules! only_tuples {
    ($type:ident $(<$life:lifetime>)?, $ok:ty, $tuple:ty, $start:expr) => {
        impl $(<$life>)? ser::Serializer for $type $(<$life>)? {
            type Ok = $ok;
            type Error = HashError;
            type SerializeSeq = ser::Impossible<$ok, HashError>;
            type SerializeTuple = $tuple;
            type SerializeTupleStruct = ser::Impossible<$ok, HashError>;
            type SerializeTupleVariant = ser::Impossible<$ok, HashError>;
            type SerializeMap = ser::Impossible<$ok, HashError>;
            type SerializeStruct = ser::Impossible<$ok, HashError>;
            type SerializeStructVariant = ser::Impossible<$ok, HashError>;

            only_tuples!(@refuse $ok; serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
                serialize_i64(i64) serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
                serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_str(&str)
                serialize_bytes(&[u8]) serialize_unit_struct(&'static str));

            fn serialize_none(self) -> Result<$ok, HashError> { not_a_tuple() }
            fn serialize_unit(self) -> Result<$ok, HashError> { Ok(Default::default()) }
            fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<$ok, HashError> { not_a_tuple() }
            fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<$ok, HashError> {
                not_a_tuple()
            }
            fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<$ok, HashError> {
                not_a_tuple()
            }
            fn serialize_newtype_variant<T: Serialize + ?Sized>(
                self, _: &'static str, _: u32, _: &'static str, _: &T,
            ) -> Result<$ok, HashError> { not_a_tuple() }
            fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, HashError> { not_a_tuple() }
            fn serialize_tuple(self, _: usize) -> Result<$tuple, HashError> { Ok($start(self)) }
            fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, HashError> {
                not_a_tuple()
            }
            fn serialize_tuple_variant(
                self, _: &'static str, _: u32, _: &'static str, _: usize,
            ) -> Result<Self::SerializeTupleVariant, HashError> { not_a_tuple() }
            fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, HashError> { not_a_tuple() }
            fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, HashError> {
                not_a_tuple()
            }
            fn serialize_struct_variant(
                self, _: &'static str, _: u32, _: &'static str, _: usize,
            ) -> Result<Self::SerializeStructVariant, HashError> { not_a_tuple() }
            fn is_human_readable(&self) -> bool { false }
        }
    };
    (@refuse $ok:ty; $($method:ident($type:ty))*) => {$(
        fn $method(self, _: $type) -> Result<$ok, HashError> { not_a_tuple() }
    )*};
}

fn not_a_tuple<T>() -> Result<T, HashError> {
    Err(HashError("only a tuple is expected here".into()))
}

only_tuples!(PerArgument, Vec<KeyDigest>, PerArgument, |own| own);
only_tuples!(DigestOnly<'a>, (), FirstOnly<'a>, |own: DigestOnly<'a>| {
    FirstOnly { sink: own.sink, seen: false }
});

impl ser::SerializeTuple for PerArgument {
    type Ok = Vec<KeyDigest>;
    type Error = HashError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        self.digests.push(KeyDigest(*hash_value(&[], value)?.as_bytes()));
        Ok(())
    }

    fn end(self) -> Result<Vec<KeyDigest>, HashError> {
        Ok(self.digests)
    }
}

pub(super) struct FirstOnly<'a> {
    sink: &'a mut Sink,
    seen: bool,
}

impl ser::SerializeTuple for FirstOnly<'_> {
    type Ok = ();
    type Error = HashError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        if std::mem::replace(&mut self.seen, true) {
            return Ok(());
        }
        self.sink.tag(Tag::Digest);
        value.serialize(Canonical { sink: self.sink })
    }

    fn end(self) -> Result<(), HashError> {
        Ok(())
    }
}
