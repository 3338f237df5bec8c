use orch::task;

#[task(retries = -1)]
async fn f(x: u8) -> u8 {
    x
}

#[task(retries = "three")]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
