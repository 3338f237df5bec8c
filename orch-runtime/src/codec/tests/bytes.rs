//! The bytes themselves: formats, headers, and blocks of bytes.

use std::collections::{BTreeMap, HashMap};

use bincode::Options;
use serde::{Deserialize, Serialize};

use super::*;

fn payload<T: Stored>(value: &T) -> Vec<u8> {
    encode(value).unwrap()[9..].to_vec()
}

#[test]
fn format_and_shape_stand_before_the_payload() {
    // Stored: a change here is a new format.
    assert_eq!(encode(&7u16).unwrap()[..], [1, 136, 133, 30, 245, 186, 156, 46, 190, 7, 0]);
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Size {
        width: u32,
        lengthened: Option<(char, Vec<u8>)>,
    }
    let size = Size { width: 3, lengthened: Some(('x', vec![1, 2])) };
    assert_eq!(encode(&size).unwrap()[..9], [1, 138, 115, 45, 216, 214, 140, 247, 50]);
}

#[test]
fn what_is_no_stored_value_is_an_error() {
    let reading = |bytes: &[u8]| decode::<u8>(bytes).unwrap_err().to_string();
    assert_eq!(reading(&[]), "cannot read u8: there are no bytes");
    assert_eq!(reading(&[9, 1]), "cannot read u8: format 9 is unknown; a newer version may have written it");
    assert!(reading(&[1, 2, 3]).contains("3 bytes are less than the 9"));
}

#[test]
fn a_cut_or_lengthened_value_is_an_error() {
    let json = serde_json::json!({ "a": [1, "two"] });
    for bytes in [encode(&("text".to_owned(), vec![1.5f64])).unwrap(), encode(&json).unwrap()] {
        for end in 0..bytes.len() {
            assert!(decode::<(String, Vec<f64>)>(&bytes[..end]).is_err());
            assert!(decode::<serde_json::Value>(&bytes[..end]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(decode::<(String, Vec<f64>)>(&longer).is_err());
        assert!(decode::<serde_json::Value>(&longer).is_err());
    }
}

/// Blocks are a faster way to the same bytes.
#[test]
fn blocks_are_what_bincode_writes() {
    let plain = bincode::options().with_fixint_encoding();
    macro_rules! same {
        ($($value:expr),* $(,)?) => {$(
            let value = $value;
            assert_eq!(payload(&value), plain.serialize(&value).unwrap());
            assert_eq!(comes_back(&value), Format::Bincode);
        )*};
    }
    let bytes = vec![0u8, 255, 7];
    same![
        bytes.clone(),
        Vec::<u8>::new(),
        (bytes.clone(),),
        Some(bytes.clone()),
        None::<Vec<u8>>,
        vec![bytes.clone(), vec![], bytes.clone()],
        BTreeMap::from([("a".to_owned(), bytes.clone()), (String::new(), vec![])]),
        HashMap::from([("a".to_owned(), bytes.clone())]),
        // Bytes that are not seen go one by one.
        (1u8, bytes.clone()),
        Ok::<Vec<u8>, String>(bytes),
    ];
}

#[test]
fn a_length_that_is_wrong_is_an_error_and_no_allocation() {
    let mut bytes = encode(&vec![1u8, 2]).unwrap().to_vec();
    bytes[9..17].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(decode::<Vec<u8>>(&bytes).is_err());
    let mut bytes = encode(&vec![1.5f64]).unwrap().to_vec();
    bytes[9..17].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(decode::<Vec<f64>>(&bytes).is_err());
}

/// A value may encode another one while it is written.
#[test]
fn encoding_inside_of_encoding_does_not_mix() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Outer(Vec<u8>);

    impl Serialize for Outer {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = encode(&"inner".to_owned()).map_err(serde::ser::Error::custom)?;
            assert_eq!(decode::<String>(&inner).unwrap(), "inner");
            serializer.serialize_newtype_struct("Outer", &self.0)
        }
    }

    assert_eq!(comes_back(&Outer(vec![1, 2, 3])), Format::Bincode);
}
