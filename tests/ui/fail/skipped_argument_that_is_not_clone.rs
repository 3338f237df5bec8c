use orch::task;

struct Progress;

#[task(skip(progress))]
async fn f(id: u8, progress: Progress) -> u8 {
    let _ = progress;
    id
}

fn main() {}
