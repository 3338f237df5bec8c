use orch::task;

#[task]
async fn f(text: Option<&str>) -> bool {
    text.is_some()
}

async fn caller() -> Result<bool, orch::Error> {
    f(None).await
}

fn main() {}
