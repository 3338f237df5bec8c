use orch::task;

#[task(name = "")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
