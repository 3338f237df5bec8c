use orch::task;

#[task(limits(api = 0, memory = "0B"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
