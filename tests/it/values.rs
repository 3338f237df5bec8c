//! Values of every kind through cache and journal: what comes back is what was there, or it is not used.

mod changed;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use orch::{RunId, prelude::*, store::Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Bodies, Halt, Life, Process, crashed, halts, in_two_processes, lines, roomy};

/// Awaits a task that is kept and a flow that is resumed after a crash, which give `value`, and compares what comes
/// out. The crash came just before the end of the flow was recorded.
async fn survives<T: Debug + 'static>(
    value: T,
    give: impl Fn() -> Call<T>,
    flow: impl Fn() -> Call<T, Flow>,
) {
    let expected = format!("{value:?}");
    let bodies = Bodies::default();
    let first = roomy().provide(bodies.clone()).provide(Halt::default()).build();
    is_kept(&first, &expected, &give).await;
    assert_eq!(shown(&first, flow()).await, expected, "from a flow");
    let run = first.last_run().await.unwrap().unwrap();
    let second = crashed(&first).provide(bodies.clone()).provide(Halt::default()).build();
    is_found(&second, run, &expected, &give).await;
    assert_eq!(bodies.count(), 2, "one for the cache and one for the journal");
}

/// The same over two processes and a store on disk. The first process ends while its flow has the value.
async fn survives_a_process<T: Debug + 'static>(
    process: Process,
    value: T,
    give: impl Fn() -> Call<T>,
    flow: impl Fn() -> Call<T, Flow>,
) {
    let expected = format!("{value:?}");
    match process.life {
        Life::First => {
            is_kept(&process.runtime, &expected, &give).await;
            // Nobody waits for the cache's disk, so a process that ends at once may lose what it has kept.
            process.store.flush().await.unwrap();
            process.end_amid([flow()]).await;
        }
        Life::Second => {
            let run = process.interrupted("::resumed").await;
            is_found(&process.runtime, run, &expected, &give).await;
            assert_eq!(process.bodies.count(), 0, "both are on disk");
        }
    }
}

async fn shown<T: Debug>(runtime: &Runtime, call: impl Future<Output = Result<T, Error>>) -> String {
    format!("{:?}", runtime.scope(call).await.unwrap())
}

async fn is_kept<T: Debug + 'static>(runtime: &Runtime, expected: &str, give: impl Fn() -> Call<T>) {
    assert_eq!(shown(runtime, give()).await, expected, "live");
    assert_eq!(shown(runtime, give()).await, expected, "from the cache");
}

async fn is_found<T: Debug + 'static>(
    runtime: &Runtime,
    run: RunId,
    expected: &str,
    give: impl Fn() -> Call<T>,
) {
    assert_eq!(
        shown(runtime, runtime.resume::<T>(run)).await,
        expected,
        "from the journal, with a stored input"
    );
    assert_eq!(shown(runtime, give()).await, expected, "from the cache again");
    let lines = lines(runtime).await;
    assert!(!lines.iter().any(|line| line.contains("passed over")), "{lines:?}");
}

/// A task, a flow and two tests per value. The flow takes the value, hands on what a task makes, and gives that.
macro_rules! values {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        mod $name {
            use super::*;

            #[task(cache)]
            async fn kept(#[provided] bodies: &Bodies) -> $type {
                bodies.enter();
                $value
            }

            #[task]
            async fn recorded(#[provided] bodies: &Bodies) -> $type {
                bodies.enter();
                $value
            }

            #[flow]
            async fn resumed(input: $type) -> Result<$type, Error> {
                let value = recorded().await?;
                halts().await?;
                assert_eq!(format!("{input:?}"), format!("{value:?}"));
                Ok(value)
            }

            #[tokio::test]
            async fn survives_cache_and_journal() {
                survives($value, kept, || resumed($value)).await;
            }

            #[tokio::test]
            async fn survives_the_process() {
                if let Some(process) = in_two_processes(module_path!(), "survives_the_process") {
                    survives_a_process(process, $value, kept, || resumed($value)).await;
                }
            }
        }
    )*};
}

values! {
    bytes: Vec<u8> = vec![0, 255, 7];
    maybe_bytes: Option<Vec<u8>> = Some(vec![0, 255]);
    map_of_bytes: HashMap<String, Vec<u8>> = HashMap::from([("x".to_owned(), vec![1, 2])]);
    page: Page = Page { url: "x".into(), body: vec![1; 100_000] };
    any_json: Value = json!({ "a": [null, 1, -1, 1.5, "two"], "b": { "c": [] } });
    untagged: Vec<Untagged> = vec![Untagged::Number(3), Untagged::Text("x".into()), Untagged::Host([1; 4].into())];
    internally_tagged: Internal = Internal::Size { width: 3, height: None };
    flattened: Flat = Flat { width: 3, rest: [("height".to_owned(), json!(7))].into() };
    left_out: Vec<LeftOut> = vec![
        LeftOut { first: Some(1), second: 2 },
        LeftOut { first: None, second: 2 },
    ];
    some_unit: Option<()> = Some(());
    no_unit: Option<()> = None;
    some_of_none: Option<Option<u8>> = Some(None);
    tuple_keys: BTreeMap<(u8, String), Value> = BTreeMap::from([((1, "x".to_owned()), Value::Null)]);
    enum_keys: BTreeMap<Key, u8> = BTreeMap::from([(Key::Two(1, 2), 3), (Key::One, 4)]);
    no_number: (f64, f32, f64) = (f64::NAN, f32::NAN, -0.0);
    large_numbers: (u128, i128, char) = (u128::MAX, i128::MIN, 'ß');
    results: Vec<Result<u8, String>> = vec![Err("no".into()), Ok(1)];
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Page {
    url: String,
    body: Vec<u8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Host(std::net::IpAddr),
    Text(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Size { width: u32, height: Option<u32> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flat {
    width: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LeftOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u32>,
    second: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    One,
    Two(u8, u8),
}

// What would not come back.

#[task]
async fn gives_null() -> Option<Value> {
    Some(Value::Null)
}

#[flow]
async fn takes(value: Option<Value>) -> Result<bool, Error> {
    Ok(value.is_some())
}

/// To a format that serves a `Value`, `Some(Null)` and `None` are one: the run would not be told when it is resumed.
#[tokio::test]
async fn a_value_that_would_not_come_back_is_an_error_that_names_its_type() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { gives_null().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Output);
    for part in [
        "gives_null",
        "Option<serde_json::value::Value>",
        "would not come back",
        "an `Option` in an `Option`",
    ] {
        assert!(error.to_string().contains(part), "{part} is not in: {error}");
    }
    let error = runtime.scope(async { takes(Some(Value::Null)).await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("would not come back"), "{error}");
    assert!(!runtime.scope(async { takes(None).await }).await.unwrap());
}
