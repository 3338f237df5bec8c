use orch::task;

#[task]
async fn f(text: &&str) -> usize {
    text.len()
}

async fn caller() -> Result<usize, orch::Error> {
    f(&"x").await
}

fn main() {}
