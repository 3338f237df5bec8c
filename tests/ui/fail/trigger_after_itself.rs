use orch::flow;

#[flow(on = completed(f))]
async fn f() {}

#[flow(on = completed(self::g))]
async fn g() {}

fn main() {}
