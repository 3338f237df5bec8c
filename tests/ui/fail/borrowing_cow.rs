use std::borrow::Cow;

use orch::task;

#[task]
async fn f(text: Cow<'_, str>) -> usize {
    text.len()
}

async fn caller() -> Result<usize, orch::Error> {
    f("x".into()).await
}

fn main() {}
