use orch::task;

#[task]
async fn trim(text: &str) -> &str {
    text.trim()
}

#[task]
fn title() -> Option<&'static str> {
    None
}

async fn caller() -> Result<usize, orch::Error> {
    title().await?;
    Ok(trim(" x ").await?.len())
}

fn main() {}
