use orch::task;

#[task(fallible)]
async fn f(x: u8) {
    let _ = x;
}

fn main() {}
