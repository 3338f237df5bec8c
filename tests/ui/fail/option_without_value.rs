use orch::task;

#[task(retries, version)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
