use orch::task;

#[task]
async fn f(text: String) -> usize {
    text.
}

async fn caller() -> Result<usize, orch::Error> {
    f("x".into()).await
}

fn main() {}
