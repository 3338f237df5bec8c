use orch::task;

#[task(cache(key = |progress| *progress), skip(progress))]
async fn f(x: u8, progress: u8) -> u8 {
    x + progress
}

fn main() {}
