use orch::task;

#[task]
async fn f(text: &'static str) -> usize {
    text.len()
}

async fn caller() -> Result<usize, orch::Error> {
    f("x").await
}

fn main() {}
