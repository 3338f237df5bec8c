use orch::task;

#[task]
fn f(x: u8, _: ...) -> u8 {
    x
}

async fn caller() -> Result<u8, orch::Error> {
    f(1).await
}

fn main() {}
