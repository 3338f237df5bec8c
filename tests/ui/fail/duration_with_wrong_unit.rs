use orch::task;

#[task(timeout = "10secs")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
