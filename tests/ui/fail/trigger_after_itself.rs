use orch::flow;

#[flow(on = completed(f))]
async fn f() {}

#[flow(on = completed(self::g))]
async fn g() {}

#[flow(on = failed(h))]
async fn h(why: String) {
    drop(why);
}

fn main() {}
