//! A file that comes starts the flow whose attribute asks for it, with the fields of what happened by their names. A program
//! of its own, because it looks at its working directory.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use orch::{prelude::*, store::MemoryStore};

type Seen = Arc<Mutex<Vec<String>>>;

#[flow(on = file("incoming/*.csv", settle = "10ms", filter = |file: &orch::schedule::FileChange| file.size > 0), with(into = "orders"))]
async fn import(path: PathBuf, new: bool, into: String, #[provided] seen: &Seen) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    seen.lock().unwrap().push(format!("{name} {new} {into}"));
}

#[tokio::test]
async fn a_file_starts_the_flow_that_asks_for_it() {
    let dir = std::env::temp_dir().join(format!("orch-trigger-on-a-file-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("incoming")).unwrap();
    // A pattern of an attribute begins at the working directory.
    std::env::set_current_dir(&dir).unwrap();
    let seen = Seen::default();
    let runtime = Runtime::builder().store(MemoryStore::new()).provide(seen.clone()).build().unwrap();
    let (inside, told) = (runtime.clone(), seen.clone());
    let until = async move {
        let wait = || inside.scope(async { orch::sleep(Duration::from_millis(20)).await });
        std::fs::write("incoming/a.csv", "1").unwrap();
        std::fs::write("incoming/empty.csv", "").unwrap();
        std::fs::write("incoming/b.txt", "1").unwrap();
        while told.lock().unwrap().is_empty() {
            let _ = wait().await;
        }
        std::fs::write("incoming/a.csv", "12").unwrap();
        while told.lock().unwrap().len() < 2 {
            let _ = wait().await;
        }
    };
    let served = runtime.serve().until(until).lines(|_| {}).await;
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(served.unwrap().left(), 0);
    assert_eq!(*seen.lock().unwrap(), ["a.csv true orders", "a.csv false orders"]);
}
