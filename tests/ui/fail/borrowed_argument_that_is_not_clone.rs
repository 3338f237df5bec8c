use orch::task;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Page;

#[task]
async fn f(page: &Page) -> u8 {
    let _ = page;
    1
}

fn main() {}
