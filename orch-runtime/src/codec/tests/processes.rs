//! Written in one process, read in another, where nothing is known of what was tried before.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;

const WRITE: &str = "ORCH_TEST_WRITE_VALUES";
const READ: &str = "ORCH_TEST_READ_VALUES";

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Text(String),
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind")]
enum Internal {
    Size { width: u32, height: Option<u32> },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Flat {
    width: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct LeftOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u32>,
    second: u32,
}

macro_rules! size {
    ($version:ident { $($field:ident: $type:ty),* }) => {
        mod $version {
            #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
            pub(super) struct Size { $(pub(super) $field: $type),* }
        }
    };
}

size!(first { width: u32, height: u32 });
size!(reordered { height: u32, width: u32 });
size!(renamed { width: u32, length: u32 });
size!(retyped { width: u32, height: f32 });
size!(added { width: u32, height: u32, depth: Option<u32> });

/// Writes a value to a file, or reads it back, whichever the process is for.
struct Exchange {
    folder: PathBuf,
    writes: bool,
}

impl Exchange {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn same<T: Stored + Debug>(&self, name: &str, value: T) {
        if self.writes {
            std::fs::write(self.file(name), encode(&value).unwrap()).unwrap();
        } else {
            let again: T = decode(&std::fs::read(self.file(name)).unwrap()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{value:?}"), "{name}");
        }
    }

    fn other<T: Stored + Debug>(&self, name: &str) {
        if !self.writes {
            let error = decode::<T>(&std::fs::read(self.file(name)).unwrap()).unwrap_err().to_string();
            assert!(error.contains("another shape"), "{error}");
        }
    }

    fn all(&self) {
        self.same("bytes", vec![0u8, 255]);
        self.same("maybe bytes", Some(vec![1u8]));
        self.same("map of bytes", HashMap::from([("x".to_owned(), vec![1u8])]));
        self.same("json", json!({ "a": [null, 1, "two", 1.5] }));
        self.same("untagged", vec![Untagged::Number(3), Untagged::Text("x".into())]);
        self.same("internally tagged", Internal::Size { width: 3, height: None });
        self.same("flattened", Flat { width: 3, rest: [("height".to_owned(), 7)].into() });
        self.same("left out", LeftOut { first: None, second: 1 });
        self.same("not left out", LeftOut { first: Some(1), second: 1 });
        self.same("some unit", Some(()));
        self.same("no unit", None::<()>);
        self.same("tuple keys", BTreeMap::from([((1u8, "x".to_owned()), Value::Null)]));
        self.same("no number", (f64::NAN, f32::NAN, -0.0f64));
        self.same("size", first::Size { width: 3, height: 7 });
        self.other::<reordered::Size>("size");
        self.other::<renamed::Size>("size");
        self.other::<retyped::Size>("size");
        self.other::<added::Size>("size");
        self.other::<first::Size>("json");
    }
}

fn run_again(variable: &str, folder: &Path) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "codec::tests::processes::a_value_is_the_same_in_another_process", "--nocapture"])
        .env(variable, folder)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&[child.stdout, child.stderr].concat()));
}

#[test]
fn a_value_is_the_same_in_another_process() {
    for (variable, writes) in [(WRITE, true), (READ, false)] {
        if let Some(folder) = std::env::var_os(variable) {
            return Exchange { folder: folder.into(), writes }.all();
        }
    }
    let folder = std::env::temp_dir().join(format!("orch-values-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    run_again(WRITE, &folder);
    run_again(READ, &folder);
    std::fs::remove_dir_all(&folder).unwrap();
}
