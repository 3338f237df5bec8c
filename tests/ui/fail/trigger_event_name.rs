use orch::flow;

const PAID: &str = "order paid";

#[flow(on = event(""))]
async fn empty() {}

#[flow(on = event(PAID))]
async fn constant() {}

#[flow(on = event())]
async fn none() {}

#[flow(on = event(filter = |id: &u64| *id > 7))]
async fn only_a_filter(id: u64) {
    let _ = id;
}

#[flow(on = file(" "))]
async fn no_pattern(path: String) {
    let _ = path;
}

fn main() {}
