use orch::flow;

#[flow(on = event("order paid"), skip(progress))]
async fn f(id: u64, progress: u8) {
    let _ = (id, progress);
}

fn main() {}
