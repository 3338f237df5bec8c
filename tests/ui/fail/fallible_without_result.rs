use orch::task;

#[task(fallible)]
async fn f(id: u8) -> Option<u8> {
    Some(id)
}

fn main() {}
