use orch::task;

#[task(limits(memory = "2gb"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
