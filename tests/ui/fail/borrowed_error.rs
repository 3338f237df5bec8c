use orch::task;

#[task]
fn parse(text: &str) -> Result<u32, &str> {
    text.parse().map_err(|_| text)
}

async fn caller() -> Result<u32, orch::Error> {
    parse("1").await
}

fn main() {}
