use std::collections::{HashMap, HashSet};

use orch::task;

#[task]
async fn f(ids: &HashSet<u8>, groups: HashMap<u8, HashSet<u8>>) -> usize {
    ids.len() + groups.len()
}

async fn caller() -> Result<usize, orch::Error> {
    f(&HashSet::new(), HashMap::new()).await
}

fn main() {}
