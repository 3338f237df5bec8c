//! Every token of MessagePack, at every length where it changes its form.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::{Map, Value, json};

use super::*;

/// Beside a value that only MessagePack gives back.
fn with_names<T: Stored + PartialEq + Debug>(value: T) {
    assert_eq!(comes_back(&(json!([1]), value)), Format::MessagePack);
}

const LENGTHS: [usize; 12] = [0, 1, 15, 16, 31, 32, 255, 256, 257, 65_535, 65_536, 70_000];

#[test]
fn every_length_comes_back() {
    for len in LENGTHS {
        comes_back(&Value::from("x".repeat(len)));
        comes_back(&Value::from(vec![Value::Null; len]));
        with_names(ByteBuf::from(vec![7; len]));
        let entries: Map<String, Value> = (0..len).map(|n| (n.to_string(), n.into())).collect();
        comes_back(&Value::from(entries));
    }
}

#[test]
fn every_number_comes_back() {
    for power in 0..64 {
        for near in [-1i64, 0, 1] {
            let number = (1i64 << power).wrapping_add(near);
            for number in [number, number.wrapping_neg()] {
                comes_back(&Value::from(number));
                comes_back(&Value::from(number as u64));
                with_names((number, number as i32, number as i16, number as i8));
                with_names((number as u64, number as u32, number as u16, number as u8));
                with_names((i128::from(number) << 60, number as u128));
            }
        }
    }
    with_names((f64::MIN_POSITIVE, f32::MAX, f64::INFINITY, 0.1f32));
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Nothing;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Wrapped(Option<u8>);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Pair(u8, String);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Choice {
    Nothing,
    Wrapped(Option<Box<Choice>>),
    Pair(u8, String),
    Named { first: Option<u8>, second: Vec<Choice> },
}

#[test]
fn every_kind_of_type_comes_back() {
    with_names((Nothing, Wrapped(Some(1)), Wrapped(None), Pair(1, "x".into())));
    with_names(((), Some(1u8), None::<u8>, [Some(true), None]));
    with_names(vec![
        Choice::Nothing,
        Choice::Wrapped(None),
        Choice::Wrapped(Some(Box::new(Choice::Pair(1, String::new())))),
        Choice::Named { first: None, second: vec![Choice::Nothing] },
    ]);
    with_names(std::collections::BTreeMap::from([((1u8, Some('x')), Nothing), ((2, None), Nothing)]));
}

#[test]
fn what_is_too_deep_is_refused_and_nothing_overflows() {
    let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| json!([inner]));
    comes_back(&nested(128));
    assert!(refused(&nested(129)).contains("128 lists and maps"));
    let mut bytes = encode(&nested(1)).unwrap()[..9].to_vec();
    bytes.extend([0x91; 100_000]);
    assert!(decode::<Value>(&bytes).is_err());
}
