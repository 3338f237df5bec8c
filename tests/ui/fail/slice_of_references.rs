use orch::task;

#[task]
async fn f(texts: &[&str]) -> usize {
    texts.len()
}

async fn caller() -> Result<usize, orch::Error> {
    f(&["x"]).await
}

fn main() {}
