use orch::task;

#[task(timeout = "30m1h")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
