//! Every kind of value that serde knows, and the types of the standard library that are written in their own way.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    marker::PhantomData,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    ops::{Bound, Range},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::*;

#[derive(Serialize, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Clone, Debug)]
enum Shoe {
    None,
    Size(u32),
    Pair(u32, u32),
    Named { name: String, size: Option<u32> },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Marker;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Wrapped(f64);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Two(u8, String);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Node {
    value: u32,
    next: Option<Box<Node>>,
}

#[test]
fn plain_values_come_back_in_bincode() {
    macro_rules! all {
        ($($value:expr),* $(,)?) => {$(
            assert_eq!(comes_back(&$value), Format::Bincode, "{}", stringify!($value));
        )*};
    }
    let shoes = || {
        vec![
            Shoe::None,
            Shoe::Size(4),
            Shoe::Pair(4, 5),
            Shoe::Named { name: "x".into(), size: Some(3) },
            Shoe::Named { name: String::new(), size: None },
        ]
    };
    let chain = Node { value: 1, next: Some(Box::new(Node { value: 2, next: None })) };
    all![
        (),
        true,
        'x',
        'ß',
        '🦀',
        1u8,
        -1i8,
        u64::MAX,
        i64::MIN,
        u128::MAX,
        i128::MIN,
        1.5f32,
        -0.0f64,
        "text".to_owned(),
        Some(()),
        None::<()>,
        Some(None::<u8>),
        Some(Some(3u8)),
        None::<Option<u8>>,
        Marker,
        Wrapped(2.0),
        Two(1, "x".into()),
        chain,
        shoes(),
        [1u8; 32],
        [0u64; 0],
        (1u8, ('x', [true])),
        Ok::<u32, String>(3),
        Err::<u32, String>("no".into()),
        vec![(); 3],
        vec![vec![1u8], vec![]],
        Duration::from_millis(5),
        SystemTime::UNIX_EPOCH,
        NonZeroU32::MIN,
        PathBuf::from("/a/b"),
        IpAddr::from([127, 0, 0, 1]),
        SocketAddr::from(([1, 2, 3, 4], 80)),
        Bound::Included(3u8),
        Range { start: 1u8, end: 3 },
        Cow::<'static, str>::Owned("x".into()),
        Box::<str>::from("x"),
        Rc::new(3u8),
        Arc::<[u16]>::from([1, 2]),
        PhantomData::<u8>,
        uuid::Uuid::from_u128(7),
        serde_bytes::ByteBuf::from(vec![1, 2]),
        VecDeque::from([1u8, 2]),
        BTreeSet::from([3u8, 1]),
        shoes().into_iter().collect::<HashSet<_>>(),
        BTreeMap::from([((1u8, "a".to_owned()), 2.5f64), ((0, String::new()), 0.0)]),
        HashMap::from([(Shoe::Pair(1, 2), Some(1u8)), (Shoe::None, None)]),
        shoes().into_iter().enumerate().map(|(n, shoe)| (n as i32, shoe)).collect::<HashMap<_, _>>(),
    ];
}

#[test]
fn numbers_that_are_none_keep_every_bit() {
    for bits in [f64::NAN.to_bits(), 0xfff8_0000_0000_0001, (-0.0f64).to_bits(), f64::INFINITY.to_bits()] {
        let again = decode::<f64>(&encode(&f64::from_bits(bits)).unwrap()).unwrap();
        assert_eq!(again.to_bits(), bits);
    }
    assert_eq!(comes_back_as_written(&vec![f32::NAN, -0.0]), Format::Bincode);
}

/// Such as dates, which are written through `Display`.
#[test]
fn what_shows_itself_as_text_comes_back() {
    #[derive(PartialEq, Debug)]
    struct Shown(u32);

    impl Serialize for Shown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }

    impl<'de> Deserialize<'de> for Shown {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
        }
    }

    assert_eq!(comes_back(&vec![Shown(12), Shown(u32::MAX)]), Format::Bincode);
    assert_eq!(comes_back(&(Shown(1), serde_json::Value::Null)), Format::MessagePack);
}

#[test]
fn what_nobody_reads_back_is_written_nevertheless() {
    use crate::definition::Skipped;

    let arguments = (3u8, Skipped(Marker));
    let bytes = encode(&arguments).unwrap();
    assert!(decode::<(u8, Skipped<Marker>)>(&bytes).unwrap_err().to_string().contains("is not stored"));
}
