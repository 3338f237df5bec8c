use orch::flow;

#[flow(on = event("order paid"), on = event("order paid", filter = |id: &u64| *id > 7))]
async fn f(id: u64) {
    let _ = id;
}

fn main() {}
