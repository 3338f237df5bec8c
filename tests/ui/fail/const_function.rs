use orch::task;

#[task]
const fn f(x: u8) -> u8 {
    x
}

async fn caller() -> Result<u8, orch::Error> {
    f(1).await
}

fn main() {}
