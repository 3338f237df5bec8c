//! Random values of random versions of a type: read by any version, they are the right value by name, or none.

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::*;

/// Makes values of a type.
trait Random: Sized {
    fn random(rng: &mut Rng) -> Self;
}

macro_rules! random {
    ($($type:ty: |$rng:ident| $value:expr;)*) => {$(
        impl Random for $type {
            fn random($rng: &mut Rng) -> Self {
                $value
            }
        }
    )*};
}

random! {
    u8: |rng| rng.u8(..3);
    u32: |rng| rng.u32(..3);
    i32: |rng| rng.i32(-2..3);
    u64: |rng| rng.u64(..3);
    f32: |rng| rng.u8(..3).into();
    bool: |rng| rng.bool();
    (): |_rng| ();
    String: |rng| (0..rng.usize(..3)).map(|_| rng.lowercase()).collect();
    Value: |rng| match rng.u8(..4) {
        0 => Value::Null,
        1 => u32::random(rng).into(),
        2 => String::random(rng).into(),
        _ => serde_json::json!({ "a": u8::random(rng), "b": [Value::Null] }),
    };
}

impl<T: Random> Random for Option<T> {
    fn random(rng: &mut Rng) -> Self {
        rng.bool().then(|| T::random(rng))
    }
}

impl<T: Random> Random for Vec<T> {
    fn random(rng: &mut Rng) -> Self {
        (0..rng.usize(..3)).map(|_| T::random(rng)).collect()
    }
}

/// Versions of one struct with the fields `a`, `b` and sometimes `c`, and what all of them make of all values.
macro_rules! versions {
    ($($version:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* })*) => {
        $(mod $version {
            use super::*;
            #[derive(Serialize, Deserialize, PartialEq, Debug)]
            pub(super) struct Pair { $($(#[$attribute])* $field: $type),* }
            impl Random for Pair {
                fn random(rng: &mut Rng) -> Self {
                    Self { $($field: Random::random(rng)),* }
                }
            }
        })*

        fn read_by_all(bytes: &[u8], right: &Value, wrong: &mut Vec<String>) -> usize {
            let mut read = 0;
            $(if let Ok(pair) = decode::<$version::Pair>(bytes) {
                read += 1;
                if serde_json::to_value(&pair).unwrap() != *right {
                    wrong.push(format!("{right} was read by {} as {pair:?}", stringify!($version)));
                }
            })*
            read
        }

        fn write_all(rng: &mut Rng, wrong: &mut Vec<String>) -> usize {
            let mut read = 0;
            $({
                let pair = $version::Pair::random(rng);
                if let Ok(bytes) = encode(&pair) {
                    assert_eq!(decode::<$version::Pair>(&bytes).unwrap(), pair);
                    read += read_by_all(&bytes, &serde_json::to_value(&pair).unwrap(), wrong);
                } else {
                    assert!(stringify!($version).starts_with("any"), "{pair:?} was refused");
                }
            })*
            read
        }
    };
}

versions! {
    numbers { a: u32, b: u32 }
    swapped { b: u32, a: u32 }
    signed { a: i32, b: i32 }
    floats { a: f32, b: f32 }
    mixed { a: u32, b: f32 }
    wide { a: u64 }
    narrow { a: u8, b: u32, c: u8 }
    texts { a: String, b: String }
    bytes { a: Vec<u8>, b: Vec<u8> }
    lists { a: Vec<u32>, b: Vec<String> }
    options { a: Option<u32>, b: Option<u32> }
    more { a: Option<u32>, b: Option<u32>, c: Option<u32> }
    renamed { a: Option<u32>, c: Option<u32> }
    nested { a: Option<Option<u32>>, b: Option<bool> }
    left_out {
        #[serde(skip_serializing_if = "Option::is_none")] a: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")] b: Option<u32>
    }
    left_out_more {
        #[serde(skip_serializing_if = "Option::is_none")] a: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")] c: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")] b: Option<u32>
    }
    any_value { a: Value, b: Value }
    any_option { a: Option<Value>, b: Option<u32> }
}

#[test]
fn no_version_reads_a_wrong_value() {
    let mut rng = Rng::with_seed(3);
    let mut wrong = Vec::new();
    let mut read = 0;
    for _ in 0..2_000 {
        read += write_all(&mut rng, &mut wrong);
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} wrong values: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    assert!(read > 2_000 * 17, "each version reads its own values");
}

/// Bytes that nobody wrote are an error or a value, and never anything worse.
#[test]
fn damaged_bytes_end_well() {
    type Deep = (Vec<Option<String>>, Vec<(u32, f32)>, Option<Vec<u8>>, lists::Pair);
    let mut rng = Rng::with_seed(5);
    let deep = (
        vec![Some("text".to_owned()), None],
        vec![(1, 2.5)],
        Some(vec![1, 2]),
        lists::Pair::random(&mut rng),
    );
    let bytes = encode::<Deep>(&deep).unwrap();
    let json = encode(&serde_json::json!({ "a": [1, "two", null], "b": { "c": 1.5 } })).unwrap();
    for _ in 0..20_000 {
        let mut damaged = bytes.to_vec();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..damaged.len());
            damaged[at] = rng.u8(..);
        }
        let _ = decode::<Deep>(&damaged);
        let mut damaged = json.to_vec();
        let at = rng.usize(..damaged.len());
        damaged[at] = rng.u8(..);
        let _ = decode::<Value>(&damaged);
    }
}
