use orch::task;

#[task(limit = "api", limits(memory = "2GiB"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
