//! The serializer that gives a shape instead of bytes.

use std::fmt;

use serde::{Serialize, ser};

use super::{
    super::{
        Refusal,
        mix::{mix, text},
    },
    Kind, NEVER_READ, Parts, Shape,
};

#[derive(Clone, Copy)]
pub(super) struct Shaper {
    /// Where in the type it stands: names and kinds from the outermost value to here.
    pub(super) path: u64,
    pub(super) human: bool,
    /// Whether numbers and texts count.
    pub(super) values: bool,
}

impl Shaper {
    #[inline]
    fn below(self, step: u64) -> Self {
        Self { path: mix(self.path, step), ..self }
    }

    #[inline]
    fn leaf(self, kind: Kind, value: impl FnOnce() -> u64) -> Result<Shape, Refusal> {
        let hash = if self.values { mix(kind.hash(), value()) } else { kind.hash() };
        Ok(Shape { hash, parts: self.part(kind.hash()) })
    }

    #[inline]
    fn part(self, step: u64) -> Parts {
        Parts::at(mix(self.path, step))
    }

    /// A value inside another one that adds its name.
    #[inline]
    fn wrapped<T: Serialize + ?Sized>(self, step: u64, value: &T) -> Result<Shape, Refusal> {
        let inner = value.serialize(self.below(step))?;
        Ok(Shape { hash: mix(step, inner.hash), parts: inner.parts.and(self.part(step)) })
    }

    #[inline]
    fn variant(self, name: &str, variant: &str) -> u64 {
        mix(Kind::Variant.hash() ^ text(name.as_bytes()), text(variant.as_bytes()))
    }

    #[inline]
    fn ordered(self, step: u64) -> Ordered {
        Ordered { at: self.below(step), hash: step, parts: self.part(step), index: 0 }
    }

    #[inline]
    fn unordered(self, step: u64) -> Unordered {
        Unordered { at: self.below(step), step, sum: 0, key: 0, parts: self.part(step) }
    }
}

/// A tuple or struct under way.
pub(super) struct Ordered {
    at: Shaper,
    hash: u64,
    parts: Parts,
    index: u64,
}

impl Ordered {
    #[inline]
    fn add<T: Serialize + ?Sized>(&mut self, name: u64, path: u64, value: &T) -> Result<(), Refusal> {
        let inner = value.serialize(self.at.below(path))?;
        self.hash = mix(self.hash ^ name, inner.hash);
        self.parts = self.parts.and(inner.parts);
        Ok(())
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        // The elements of a long array are of one type, and shall not fill the filter.
        self.index += 1;
        self.add(0, self.index.min(8), value)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Refusal> {
        let name = text(name.as_bytes());
        self.add(name, name, value)
    }

    #[inline]
    fn left_out(&mut self, name: &str) {
        self.hash = mix(self.hash ^ text(name.as_bytes()), Kind::LeftOut.hash());
        self.parts = self.parts.and(Parts::LEFT_OUT);
    }

    #[inline]
    fn close(self) -> Shape {
        Shape { hash: self.hash, parts: self.parts }
    }
}

/// A sequence or map under way.
pub(super) struct Unordered {
    at: Shaper,
    step: u64,
    sum: u64,
    key: u64,
    parts: Parts,
}

impl Unordered {
    #[inline]
    fn add(&mut self, hash: u64, parts: Parts) {
        self.sum = self.sum.wrapping_add(hash);
        self.parts = self.parts.and(parts);
    }

    #[inline]
    fn close(self) -> Shape {
        Shape { hash: mix(self.step, self.sum), parts: self.parts }
    }
}

macro_rules! leaves {
    ($($method:ident $type:ty, $kind:ident, |$value:ident| $bits:expr;)*) => {$(
        #[inline]
        fn $method(self, $value: $type) -> Result<Shape, Refusal> {
            self.leaf(Kind::$kind, || $bits)
        }
    )*};
}

impl ser::Serializer for Shaper {
    type Ok = Shape;
    type Error = Refusal;
    type SerializeSeq = Unordered;
    type SerializeTuple = Ordered;
    type SerializeTupleStruct = Ordered;
    type SerializeTupleVariant = Ordered;
    type SerializeMap = Unordered;
    type SerializeStruct = Ordered;
    type SerializeStructVariant = Ordered;

    leaves! {
        serialize_bool bool, Bool, |value| value.into();
        serialize_i8 i8, I8, |value| value as u64;
        serialize_i16 i16, I16, |value| value as u64;
        serialize_i32 i32, I32, |value| value as u64;
        serialize_i64 i64, I64, |value| value as u64;
        serialize_i128 i128, I128, |value| mix(value as u64, (value >> 64) as u64);
        serialize_u8 u8, U8, |value| value.into();
        serialize_u16 u16, U16, |value| value.into();
        serialize_u32 u32, U32, |value| value.into();
        serialize_u64 u64, U64, |value| value;
        serialize_u128 u128, U128, |value| mix(value as u64, (value >> 64) as u64);
        serialize_f32 f32, F32, |value| value.to_bits().into();
        serialize_f64 f64, F64, |value| value.to_bits();
        serialize_char char, Char, |value| u32::from(value).into();
        serialize_str &str, Text, |value| text(value.as_bytes());
        serialize_bytes &[u8], Bytes, |value| text(value);
    }

    #[inline]
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<Shape, Refusal> {
        self.leaf(Kind::Text, || text(value.to_string().as_bytes()))
    }

    #[inline]
    fn serialize_none(self) -> Result<Shape, Refusal> {
        self.leaf(Kind::None, || 0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Shape, Refusal> {
        self.wrapped(Kind::Some.hash(), value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<Shape, Refusal> {
        self.leaf(Kind::Unit, || 0)
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<Shape, Refusal> {
        let step = mix(Kind::Unit.hash(), text(name.as_bytes()));
        let parts = if name == NEVER_READ { Parts::NEVER_READ } else { self.part(step) };
        Ok(Shape { hash: step, parts })
    }

    #[inline]
    fn serialize_unit_variant(self, name: &str, _: u32, variant: &str) -> Result<Shape, Refusal> {
        let step = self.variant(name, variant);
        Ok(Shape { hash: step, parts: self.part(step) })
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &str,
        value: &T,
    ) -> Result<Shape, Refusal> {
        self.wrapped(mix(Kind::Struct.hash(), text(name.as_bytes())), value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &str,
        _: u32,
        variant: &str,
        value: &T,
    ) -> Result<Shape, Refusal> {
        // Unlike a unit variant of this name, and unlike a struct or tuple in its place.
        self.wrapped(mix(self.variant(name, variant), 1), value)
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Unordered, Refusal> {
        Ok(self.unordered(Kind::List.hash()))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Unordered, Refusal> {
        Ok(self.unordered(Kind::Map.hash()))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Ordered, Refusal> {
        Ok(self.ordered(mix(Kind::Tuple.hash(), len as u64)))
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &str, len: usize) -> Result<Ordered, Refusal> {
        Ok(self.ordered(mix(Kind::Tuple.hash() ^ text(name.as_bytes()), len as u64)))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &str,
        _: u32,
        variant: &str,
        len: usize,
    ) -> Result<Ordered, Refusal> {
        Ok(self.ordered(mix(self.variant(name, variant) ^ Kind::Tuple.hash(), len as u64)))
    }

    #[inline]
    fn serialize_struct(self, name: &str, _: usize) -> Result<Ordered, Refusal> {
        Ok(self.ordered(mix(Kind::Struct.hash(), text(name.as_bytes()))))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &str,
        _: u32,
        variant: &str,
        _: usize,
    ) -> Result<Ordered, Refusal> {
        Ok(self.ordered(mix(self.variant(name, variant), Kind::Struct.hash())))
    }

    fn is_human_readable(&self) -> bool {
        self.human
    }
}

macro_rules! ordered {
    ($($trait:ident $method:ident $(($name:ident))? => $call:ident;)*) => {$(
        impl ser::$trait for Ordered {
            type Ok = Shape;
            type Error = Refusal;
            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Refusal> {
                self.$call($($name,)? value)
            }
            $(fn skip_field(&mut self, $name: &'static str) -> Result<(), Refusal> {
                self.left_out($name);
                Ok(())
            })?
            #[inline]
            fn end(self) -> Result<Shape, Refusal> {
                Ok(self.close())
            }
        }
    )*};
}

ordered! {
    SerializeTuple serialize_element => element;
    SerializeTupleStruct serialize_field => element;
    SerializeTupleVariant serialize_field => element;
    SerializeStruct serialize_field(name) => field;
    SerializeStructVariant serialize_field(name) => field;
}

impl ser::SerializeSeq for Unordered {
    type Ok = Shape;
    type Error = Refusal;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let inner = value.serialize(self.at)?;
        self.add(inner.hash, inner.parts);
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<Shape, Refusal> {
        Ok(self.close())
    }
}

impl ser::SerializeMap for Unordered {
    type Ok = Shape;
    type Error = Refusal;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        let inner = key.serialize(self.at.below(Kind::Key.hash()))?;
        self.key = inner.hash;
        self.parts = self.parts.and(inner.parts);
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let inner = value.serialize(self.at)?;
        self.add(mix(self.key, inner.hash), inner.parts);
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<Shape, Refusal> {
        Ok(self.close())
    }
}
