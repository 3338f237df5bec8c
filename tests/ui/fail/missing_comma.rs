use orch::task;

#[task(name = "f" retries = 1)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
