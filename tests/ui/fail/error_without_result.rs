use orch::task;

#[task(error = String)]
async fn f(x: u8) -> Option<u8> {
    Some(x)
}

fn main() {}
