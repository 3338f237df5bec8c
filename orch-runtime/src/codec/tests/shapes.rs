//! What a changed type makes of an old value: the right one or none, in both formats.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::*;

/// One version of a type called `Size`, whatever it is made of.
macro_rules! version {
    ($version:ident: $(#[$attribute:meta])* $kind:ident $($body:tt)*) => {
        mod $version {
            use serde::{Deserialize, Serialize};
            #[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
            $(#[$attribute])*
            pub(super) $kind Size $($body)*
        }
    };
}

version!(original: struct { pub(super) width: u32, pub(super) height: u32 });
version!(reordered: struct { height: u32, width: u32 });
version!(renamed: struct { width: u32, length: u32 });
version!(widened: struct { width: u32, height: u64 });
version!(floating: struct { width: f32, height: u32 });
version!(signed: struct { width: u32, height: i32 });
version!(added: struct { width: u32, height: u32, depth: u32 });
version!(added_option: struct { width: u32, height: u32, depth: Option<u32> });
version!(added_default: struct { width: u32, height: u32, #[serde(default)] depth: () });
version!(shorter: struct { width: u32 });
version!(optional: struct { width: u32, height: Option<u32> });
version!(unnamed: struct (u32, u32););
version!(wrapped: struct { width: super::Wrap, height: u32 });
version!(same: struct { pub(super) width: u32, pub(super) height: u32 });

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Wrap(u32);

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Line {
    length: u32,
}

#[test]
fn a_struct_with_other_fields_does_not_read_an_old_value() {
    let old = original::Size { width: 3, height: 7 };
    macro_rules! none {
        ($($version:ident)*) => {$(
            let text = misread::<_, $version::Size>(&old);
            assert!(text.contains("another shape"), "{text}");
            let text = misread::<_, Vec<$version::Size>>(&vec![old.clone(); 3]);
            assert!(text.contains("another shape"), "{text}");
        )*};
    }
    none!(reordered renamed widened floating signed added added_option added_default shorter optional unnamed
        wrapped);
    let again: same::Size = decode(&encode(&old).unwrap()).unwrap();
    assert_eq!((again.width, again.height), (3, 7));
}

version!(tagged: #[serde(tag = "kind")] enum { Box { width: Option<u32>, height: u32 }, Line(super::Line) });
version!(tagged_renamed: #[serde(tag = "kind")] enum { Box { length: Option<u32>, height: u32 }, Line(super::Line) });
version!(tagged_floating: #[serde(tag = "kind")] enum { Box { width: Option<u32>, height: f64 } });
version!(tagged_added: #[serde(tag = "kind")] enum { Box { width: Option<u32>, height: u32, depth: Option<u8> } });
version!(tagged_default: #[serde(tag = "kind")] enum { Box { #[serde(default)] length: u32, height: u32 } });
version!(tagged_shorter: #[serde(tag = "kind")] enum { Box { height: u32 } });
version!(tagged_reordered: #[serde(tag = "kind")] enum { Box { height: u32, width: Option<u32> } });

/// By name and by looking, where a field that is missing is no error.
#[test]
fn nor_does_one_that_looks_before_it_chooses() {
    let old = tagged::Size::Box { width: Some(3), height: 7 };
    assert_eq!(comes_back(&old), Format::MessagePack);
    macro_rules! none {
        ($($version:ident)*) => {$(
            let text = misread::<_, $version::Size>(&old);
            assert!(text.contains("another shape"), "{text}");
        )*};
    }
    none!(tagged_renamed tagged_floating tagged_added tagged_default tagged_shorter tagged_reordered);
}

version!(variants: enum { Small, Big(u32), Named { name: String } });
version!(variants_reordered: enum { Big(u32), Small, Named { name: String } });
version!(variants_renamed: enum { Little, Large(u32), Called { name: String } });
version!(variants_retyped: enum { Small(u32), Big { n: u32 }, Named(String) });
version!(variants_added: enum { Small, Big(u32), Named { name: String }, Huge });

#[test]
fn an_enum_with_other_variants_does_not_read_an_old_value() {
    use variants::Size;

    for old in [Size::Small, Size::Big(1), Size::Named { name: "x".into() }] {
        let bytes = encode(&old).unwrap();
        assert!(decode::<variants_renamed::Size>(&bytes).is_err());
        assert!(decode::<variants_retyped::Size>(&bytes).is_err());
        let more: variants_added::Size = decode(&bytes).unwrap();
        assert_eq!(format!("{more:?}"), format!("{old:?}"), "an enum may grow at its end");
        match decode::<variants_reordered::Size>(&bytes) {
            Ok(again) => assert_eq!(format!("{again:?}"), format!("{old:?}")),
            Err(error) => assert!(error.to_string().contains("another shape"), "{error}"),
        }
    }
}

#[test]
fn another_type_does_not_read_an_old_value() {
    misread::<_, u64>(&1u32);
    misread::<_, i32>(&1u32);
    misread::<_, f32>(&1i32);
    misread::<_, f64>(&1u64);
    misread::<_, Vec<u8>>(&"text".to_owned());
    misread::<_, Vec<u8>>(&String::new());
    misread::<_, String>(&b"text".to_vec());
    misread::<_, Option<u32>>(&1u32);
    misread::<_, u32>(&Some(1u32));
    misread::<_, Wrap>(&1u32);
    misread::<_, u32>(&[1u8; 4]);
    misread::<_, [u16; 2]>(&[1u8; 4]);
    misread::<_, (u32,)>(&1u32);
    misread::<_, char>(&1u8);
    misread::<_, bool>(&1u8);
    misread::<_, Vec<(String, u8)>>(&HashMap::from([("x".to_owned(), 1u8)]));
    misread::<_, ()>(&1u8);
    misread::<_, u8>(&());
    // A set would lose one of them.
    misread::<_, HashSet<u8>>(&vec![1u8, 1]);
}

#[test]
fn what_says_the_same_reads_an_old_value() {
    let ages = HashMap::from([("x".to_owned(), 1u8), ("y".to_owned(), 2)]);
    let sorted: BTreeMap<String, u8> = decode(&encode(&ages).unwrap()).unwrap();
    assert_eq!(sorted, ages.into_iter().collect());
    let text: Box<str> = decode(&encode(&"x".to_owned()).unwrap()).unwrap();
    assert_eq!(&*text, "x");
    let boxed: Box<[u8]> = decode(&encode(&vec![1u8, 2]).unwrap()).unwrap();
    assert_eq!(*boxed, [1, 2]);
    let set: HashSet<u8> = decode(&encode(&vec![1u8, 2]).unwrap()).unwrap();
    assert_eq!(set.len(), 2);
}
