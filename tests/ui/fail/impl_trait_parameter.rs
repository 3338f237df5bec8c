use orch::task;

#[task]
async fn f(text: impl Into<String>) -> usize {
    text.into().len()
}

async fn caller() -> Result<usize, orch::Error> {
    f("x").await
}

fn main() {}
