//! Types that look before they choose, or leave something out: MessagePack, and what not even that gives back.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::*;

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Text(String),
    Size { width: u32, height: Option<f64> },
    Address(IpAddr),
    Big(i128),
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind")]
enum Internal {
    Empty,
    Size { width: u32, height: Option<u32> },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    Empty,
    Number(u32),
    Size { width: u32 },
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Inner {
    height: u32,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Flat {
    width: u32,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: std::collections::BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Left {
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<u32>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Aliased {
    #[serde(alias = "breadth", alias = "w")]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(skip)]
    seen: bool,
}

#[test]
fn json_comes_back() {
    let value = json!({ "a": [1, -1, 1.5, u64::MAX, i64::MIN], "b": { "": null, "text": "x" }, "c": [] });
    assert_eq!(comes_back(&value), Format::MessagePack);
    for value in [Value::Null, json!(true), json!(3), json!("x"), json!([]), json!({})] {
        comes_back(&value);
    }
    assert_eq!(comes_back(&vec![(1u8, value)]), Format::MessagePack);
}

#[test]
fn untagged_and_tagged_enums_come_back() {
    for value in [
        Untagged::Number(3),
        Untagged::Text("x".into()),
        Untagged::Size { width: 1, height: Some(f64::INFINITY) },
        Untagged::Size { width: 1, height: None },
    ] {
        assert_eq!(comes_back(&value), Format::MessagePack);
    }
    assert_eq!(comes_back(&Internal::Empty), Format::MessagePack);
    assert_eq!(comes_back(&Internal::Size { width: 3, height: None }), Format::MessagePack);
    for value in [Adjacent::Empty, Adjacent::Number(3), Adjacent::Size { width: 3 }] {
        comes_back(&value);
    }
}

#[test]
fn flattened_and_left_out_fields_come_back() {
    let flat = Flat { width: 3, inner: Inner { height: 7 }, rest: [("x".to_owned(), json!([1]))].into() };
    assert_eq!(comes_back(&flat), Format::MessagePack);
    for (first, second) in [(None, Some(1)), (Some(1), None), (None, None)] {
        assert_eq!(comes_back(&Left { first, second }), Format::MessagePack);
    }
}

#[test]
fn aliases_defaults_and_skipped_fields_come_back() {
    assert_eq!(comes_back(&Aliased { width: 3, height: 7, seen: false }), Format::Bincode);
}

/// The first value of a type tells nothing about the next one.
#[test]
fn a_value_with_new_parts_is_tried_again() {
    let full = |n| Left { first: Some(n), second: Some(n) };
    assert_eq!(comes_back(&full(1)), Format::Bincode);
    assert_eq!(comes_back(&full(2)), Format::Bincode);
    assert_eq!(comes_back(&Left { first: None, second: Some(1) }), Format::MessagePack);
    assert_eq!(comes_back(&full(3)), Format::MessagePack);

    type Lists = (Vec<u32>, Vec<Untagged>);
    assert_eq!(comes_back::<Lists>(&(vec![1], vec![])), Format::Bincode);
    assert_eq!(comes_back::<Lists>(&(vec![], vec![Untagged::Number(1)])), Format::MessagePack);

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Mixed {
        Plain(u32),
        Json(Value),
    }
    assert_eq!(comes_back(&Mixed::Plain(3)), Format::Bincode);
    assert_eq!(comes_back(&Mixed::Json(json!(3))), Format::MessagePack);
}

/// Written for people: what an untagged enum reads from is always so.
#[test]
fn an_address_in_an_untagged_enum_comes_back() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    #[serde(untagged)]
    enum Host {
        Address(IpAddr),
        Id(uuid::Uuid),
        Name(String),
    }
    for host in [
        Host::Address([127, 0, 0, 1].into()),
        Host::Id(uuid::Uuid::from_u128(7)),
        Host::Name("localhost".into()),
    ] {
        assert_eq!(comes_back(&host), Format::MessagePack);
    }
}

/// Both look like `None` in MessagePack, and bincode does not read what is beside them.
#[test]
fn what_neither_format_gives_back_is_refused_when_it_is_written() {
    let text = refused(&Some(Value::Null));
    assert!(text.starts_with("cannot write core::option::Option<serde_json"), "{text}");
    assert!(
        text.contains("would not come back") && text.contains("bincode: ") && text.contains("MessagePack: ")
    );
    assert!(text.contains("an `Option` in an `Option`"), "{text}");
    comes_back(&None::<Value>);
    comes_back(&Some(json!(1)));

    refused(&(Untagged::Number(1), Some(())));
    refused(&(Untagged::Number(1), Some(None::<u8>)));
    comes_back(&(Untagged::Number(1), None::<()>));
    refused(&Untagged::Big(1 << 100));
    comes_back(&(Untagged::Number(1), i128::MIN, u128::MAX, 'ß', [1u8; 3]));
    comes_back_as_written(&(Untagged::Number(1), f64::NAN, f32::NAN, (), vec![vec![1u8]]));
}

/// MessagePack refuses what bincode gives back, though the type has been in need of MessagePack before.
#[test]
fn a_type_may_need_either_format() {
    type Either = (Option<Untagged>, Option<()>);
    assert_eq!(comes_back::<Either>(&(None, Some(()))), Format::Bincode);
    assert_eq!(comes_back::<Either>(&(Some(Untagged::Number(1)), None)), Format::MessagePack);
    assert_eq!(comes_back::<Either>(&(None, Some(()))), Format::Bincode);
}

/// A reader and a writer of one type that do not fit each other.
#[test]
fn a_type_that_reads_another_value_than_it_wrote_never_gets_it_from_bincode() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Crossed {
        #[serde(skip_serializing, default)]
        read: u32,
        both: u32,
        #[serde(skip_deserializing)]
        written: u32,
    }
    let bytes = encode(&Crossed { read: 0, both: 5, written: 6 }).unwrap();
    let again: Crossed = decode(&bytes).unwrap();
    assert_eq!(again, Crossed { read: 0, both: 5, written: 0 });
}

#[test]
fn a_type_that_refuses_says_why() {
    #[derive(Deserialize)]
    struct Refuses;

    impl Serialize for Refuses {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }
    assert!(refused(&Refuses).contains("not today"));

    #[derive(Serialize)]
    struct Unreadable;

    impl<'de> Deserialize<'de> for Unreadable {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("never"))
        }
    }
    let text = refused(&Unreadable);
    assert!(text.contains("Unreadable: it would not come back") && text.contains("never"), "{text}");
}
