use orch::flow;

#[flow(every = "5m", skip(progress), with(progress = 1))]
async fn f(progress: u8) {
    let _ = progress;
}

fn main() {}
