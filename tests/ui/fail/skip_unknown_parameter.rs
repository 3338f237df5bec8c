use orch::task;

#[task(skip(progres))]
async fn f(progress: u8) -> u8 {
    progress
}

fn main() {}
