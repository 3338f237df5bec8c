//! The input of a call for people to read: the beginning of its canonical form, put into words when somebody asks.
//!
//! The canonical form is there anyway when a call is hashed, and it says what everything is. So a call keeps a few
//! bytes of it, no type needs code of its own for this, and nothing is put into words that nobody reads.

use std::fmt::{self, Write};

use super::sink::{SHORT, Tag};

/// The most bytes of text.
const MOST: usize = 120;

/// What is kept without a place of its own: one or two numbers. An [`InputText`] is no larger than a slice then, and the
/// steps of a change stay as small as they were.
const INLINE: usize = 14;

/// A count and its tag, which end the tuple of all arguments.
const END: usize = 9;

/// What a person is shown of a call's input: the arguments as text, cut off where they are long.
///
/// It is made of what identifies the call. Parameters that are [`#[provided]`](https://docs.rs/orch-flow) are not in it, and in
/// the place of one that is named in `skip(…)` stands `()`: whatever must not be stored is to be passed by one of the two.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use orch::store::InputText;
///
/// let input = InputText::from(r#""https://example.org", 3"#);
/// assert_eq!(input.to_string(), r#""https://example.org", 3"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct InputText(Kept);

#[derive(Clone, PartialEq, Eq)]
enum Kept {
    Short(u8, [u8; INLINE]),
    Long(Box<Long>),
    /// It is put into words already.
    #[expect(clippy::box_collection, reason = "a thin pointer keeps the whole at two words")]
    Text(Box<String>),
}

/// The beginning of what is longer; the unused end is zero.
#[derive(Clone, PartialEq, Eq)]
struct Long {
    length: u8,
    bytes: [u8; SHORT],
}

impl InputText {
    /// From the canonical form of the arguments; `whole` says that it is all of it.
    pub(super) fn new(canonical: &[u8], whole: bool) -> Self {
        // Of the tuple itself nothing is kept. A function without arguments has none.
        let arguments = match canonical {
            [tag, rest @ ..] if *tag == Tag::List as u8 => rest,
            _ => &[],
        };
        let end = if whole { arguments.len().saturating_sub(END) } else { arguments.len() };
        let arguments = &arguments[..end];
        let mut inline = [0; INLINE];
        match inline.get_mut(..arguments.len()) {
            Some(room) if whole => {
                room.copy_from_slice(arguments);
                Self(Kept::Short(arguments.len() as u8, inline))
            }
            // Cut off, it ends with a byte that is no tag.
            _ => {
                let mut long = Box::new(Long { length: 0, bytes: [0; SHORT] });
                let kept = arguments.len().min(SHORT - 1);
                long.bytes[..kept].copy_from_slice(&arguments[..kept]);
                long.length = (kept + usize::from(!whole)) as u8;
                Self(Kept::Long(long))
            }
        }
    }

    /// The bytes of the canonical form, for whoever keeps many.
    pub(crate) fn canonical(&self) -> Option<&[u8]> {
        match &self.0 {
            Kept::Short(length, inline) => inline.get(..usize::from(*length)),
            Kept::Long(long) => long.bytes.get(..usize::from(long.length)),
            Kept::Text(_) => None,
        }
    }

    /// The text of such bytes.
    pub(crate) fn text_of(canonical: &[u8]) -> String {
        let mut reader = Reader { bytes: canonical, out: Capped::default() };
        // An error says that no more is to be read or written; what is there stands.
        let _ = reader.arguments();
        reader.out.text
    }
}

impl From<&str> for InputText {
    /// A text that is there already, such as one that a store kept.
    fn from(text: &str) -> Self {
        let mut kept = Capped::default();
        // What is longer is cut off.
        let _ = kept.write_str(text);
        Self(Kept::Text(Box::new(kept.text)))
    }
}

impl fmt::Display for InputText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0, self.canonical()) {
            (Kept::Text(text), _) => f.write_str(text),
            (_, Some(canonical)) => f.write_str(&Self::text_of(canonical)),
            (_, None) => Ok(()),
        }
    }
}

impl fmt::Debug for InputText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputText({self})")
    }
}

/// Text up to a limit, behind which everything is refused.
#[derive(Default)]
struct Capped {
    text: String,
}

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() <= MOST {
            self.text.push_str(text);
            return Ok(());
        }
        let mut end = MOST.saturating_sub(self.text.len()).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(&text[..end]);
        self.text.push('…');
        Err(fmt::Error)
    }
}

/// Reads canonical bytes. There are no more than [`SHORT`] of them, so they nest no deeper.
struct Reader<'a> {
    bytes: &'a [u8],
    out: Capped,
}

impl Reader<'_> {
    fn arguments(&mut self) -> fmt::Result {
        debug_assert!(self.bytes.len() <= SHORT, "only the beginning is kept");
        let mut first = true;
        while !self.bytes.is_empty() {
            self.comma(&mut first)?;
            self.value()?;
        }
        Ok(())
    }

    fn comma(&mut self, first: &mut bool) -> fmt::Result {
        if std::mem::replace(first, false) { Ok(()) } else { self.out.write_str(", ") }
    }

    /// Nothing follows that could be read.
    fn cut(&mut self) -> fmt::Error {
        if !self.out.text.ends_with('…') {
            self.out.text.push('…');
        }
        fmt::Error
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], fmt::Error> {
        match self.bytes.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(*taken)
            }
            None => Err(self.cut()),
        }
    }

    fn tag(&mut self) -> Result<Tag, fmt::Error> {
        let [tag] = self.take()?;
        Tag::of(tag).ok_or_else(|| self.cut())
    }

    /// As much of a text as there is, and whether that is all.
    fn text(&mut self) -> Result<(String, bool), fmt::Error> {
        let length = usize::try_from(u64::from_le_bytes(self.take()?)).unwrap_or(usize::MAX);
        let there = length.min(self.bytes.len());
        let (taken, rest) = self.bytes.split_at(there);
        let whole = there == length;
        // The mark of the cut is no part of the text.
        let taken = if whole { taken } else { taken.strip_suffix(&[0]).unwrap_or(taken) };
        self.bytes = rest;
        let text = match std::str::from_utf8(taken) {
            Ok(text) => text.to_owned(),
            Err(error) => String::from_utf8_lossy(&taken[..error.valid_up_to()]).into_owned(),
        };
        Ok((text, whole))
    }

    fn quoted(&mut self) -> fmt::Result {
        let (text, whole) = self.text()?;
        write!(self.out, "\"{}", text.escape_debug())?;
        if whole { self.out.write_str("\"") } else { Err(self.cut()) }
    }

    fn name(&mut self) -> fmt::Result {
        let (text, whole) = self.text()?;
        self.out.write_str(&text)?;
        if whole { Ok(()) } else { Err(self.cut()) }
    }

    fn value(&mut self) -> fmt::Result {
        let tag = self.tag()?;
        self.tagged(tag)
    }

    fn tagged(&mut self, tag: Tag) -> fmt::Result {
        match tag {
            Tag::Unit => self.out.write_str("()"),
            Tag::None => self.out.write_str("None"),
            Tag::Some => self.inside("Some(", ")"),
            Tag::Text => self.quoted(),
            Tag::Bytes => {
                let length = u64::from_le_bytes(self.take()?);
                let there = usize::try_from(length).unwrap_or(usize::MAX).min(self.bytes.len());
                self.bytes = &self.bytes[there..];
                write!(self.out, "<{length} bytes>")
            }
            Tag::List => self.list("[", "]"),
            Tag::Struct => self.list("{", "}"),
            Tag::Map => self.map(),
            Tag::Field => {
                self.name()?;
                self.out.write_str(": ")?;
                self.value()
            }
            Tag::Variant => {
                self.name()?;
                match self.tag()? {
                    Tag::Unit => Ok(()),
                    Tag::List => self.list("(", ")"),
                    Tag::Struct => self.list(" {", "}"),
                    inner => {
                        self.out.write_str("(")?;
                        self.tagged(inner)?;
                        self.out.write_str(")")
                    }
                }
            }
            Tag::Digest => {
                // What a shared value knows of itself is no text for people.
                let shown = std::mem::take(&mut self.out);
                let read = self.value();
                self.out = shown;
                self.out.write_str("<shared>")?;
                read
            }
            Tag::Run => {
                let [kind, low, high] = self.take()?;
                let mut first = true;
                let kind = Tag::of(kind).ok_or_else(|| self.cut())?;
                for _ in 0..u16::from_le_bytes([low, high]) {
                    self.comma(&mut first)?;
                    self.scalar(kind)?;
                }
                Ok(())
            }
            Tag::End => Err(self.cut()),
            scalar => self.scalar(scalar),
        }
    }

    fn scalar(&mut self, tag: Tag) -> fmt::Result {
        macro_rules! numbers {
            ($($tag:ident $type:ty),*) => {
                match tag {
                    $(Tag::$tag => {
                        let value = <$type>::from_le_bytes(self.take()?);
                        write!(self.out, "{value}")
                    })*
                    Tag::Bool => {
                        let [value] = self.take()?;
                        write!(self.out, "{}", value != 0)
                    }
                    Tag::F32 => {
                        let value = f32::from_bits(u32::from_le_bytes(self.take()?));
                        write!(self.out, "{value:?}")
                    }
                    Tag::F64 => {
                        let value = f64::from_bits(u64::from_le_bytes(self.take()?));
                        write!(self.out, "{value:?}")
                    }
                    Tag::Char => {
                        let value = char::from_u32(u32::from_le_bytes(self.take()?));
                        write!(self.out, "{:?}", value.unwrap_or(char::REPLACEMENT_CHARACTER))
                    }
                    _ => Err(self.cut()),
                }
            };
        }
        numbers!(I8 i8, I16 i16, I32 i32, I64 i64, I128 i128, U8 u8, U16 u16, U32 u32, U64 u64, U128 u128)
    }

    fn inside(&mut self, open: &str, close: &str) -> fmt::Result {
        self.out.write_str(open)?;
        self.value()?;
        self.out.write_str(close)
    }

    /// Everything up to the end mark.
    fn list(&mut self, open: &str, close: &str) -> fmt::Result {
        self.out.write_str(open)?;
        let mut first = true;
        loop {
            match self.tag()? {
                Tag::End => {
                    self.take::<8>()?;
                    return self.out.write_str(close);
                }
                tag => {
                    self.comma(&mut first)?;
                    self.tagged(tag)?;
                }
            }
        }
    }

    fn map(&mut self) -> fmt::Result {
        self.out.write_str("{")?;
        let mut first = true;
        loop {
            match self.tag()? {
                Tag::End => {
                    self.take::<8>()?;
                    return self.out.write_str("}");
                }
                tag => {
                    self.comma(&mut first)?;
                    self.tagged(tag)?;
                    self.out.write_str(": ")?;
                    self.value()?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde::Serialize;

    use super::super::keyed_hash;

    fn text<T: Serialize>(arguments: T) -> String {
        keyed_hash(1, 2, &arguments, false).expect("hashable").input.to_string()
    }

    #[derive(Serialize)]
    struct Order {
        id: u32,
        note: Option<&'static str>,
        price: f64,
    }

    #[derive(Serialize)]
    enum Shape {
        Dot,
        Circle(f32),
        Pair(u8, i8),
        Box { w: u16 },
    }

    #[test]
    fn it_looks_like_what_was_written() {
        assert_eq!(text(()), "");
        assert_eq!(text((7u32,)), "7");
        assert_eq!(text(("a\n\"b\"", true, 'x', -3i8)), r#""a\n\"b\"", true, 'x', -3"#);
        let order = Order { id: 7, note: Some("soon"), price: 1.5 };
        assert_eq!(text((order,)), r#"{id: 7, note: Some("soon"), price: 1.5}"#);
        assert_eq!(text((Order { id: 1, note: None, price: -0.0 },)), "{id: 1, note: None, price: 0.0}");
        let shapes = (Shape::Dot, Shape::Circle(0.5), Shape::Pair(1, -1), Shape::Box { w: 3 });
        assert_eq!(text(shapes), "Dot, Circle(0.5), Pair(1, -1), Box {w: 3}");
        assert_eq!(text((vec![1u8, 2, 3], Vec::<u32>::new())), "[1, 2, 3], []");
        assert_eq!(text((BTreeMap::from([("a", 1u8), ("b", 2)]),)), r#"{"a": 1, "b": 2}"#);
        assert_eq!(text((HashMap::from([(1u8, "x")]), ())), r#"{1: "x"}, ()"#);
    }

    #[test]
    fn what_is_long_is_cut_off() {
        let long = "é".repeat(1_000);
        let shown = text((long.as_str(),));
        assert!(shown.starts_with("\"éé") && shown.ends_with("é…"), "{shown}");
        assert!((40..150).contains(&shown.len()), "{}", shown.len());
        let many = text((vec![1_000_000u64; 1_000],));
        assert!(many.starts_with("[1000000, 1000000, ") && many.ends_with('…'), "{many}");
        let bytes = text((vec![255u8; 100_000], 1u8));
        assert!(bytes.starts_with("[255, 255") && bytes.ends_with('…') && bytes.len() < 150, "{bytes}");
        let deep = text((vec![vec![vec![vec![vec![vec![1u8]]]]]],));
        assert_eq!(deep, "[[[[[[1]]]]]]");
    }

    #[test]
    fn it_takes_little_room() {
        assert_eq!(size_of::<Option<super::InputText>>(), 16);
        assert!(size_of::<crate::store::Stamped>() <= 128, "{}", size_of::<crate::store::Stamped>());
    }

    #[test]
    fn no_byte_string_makes_it_panic() {
        for seed in 0..20_000u64 {
            let mut random = fastrand::Rng::with_seed(seed);
            let bytes: Vec<u8> = (0..random.usize(..120))
                .map(|_| if random.bool() { random.u8(..30) } else { random.u8(..) })
                .collect();
            let text = super::InputText::text_of(&bytes);
            assert!(text.len() < 200, "{seed}");
        }
    }
}
