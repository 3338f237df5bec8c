use orch::task;

#[task]
async fn f(x: u8, #[cfg(unix)] y: u8) -> u8 {
    x
}

async fn caller() -> Result<u8, orch::Error> {
    f(1, 2).await
}

fn main() {}
