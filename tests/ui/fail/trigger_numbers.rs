use orch::flow;

#[flow]
async fn etl() {}

#[flow(on = absent("heartbeat", "5 minutes"))]
async fn no_duration() {}

#[flow(on = absent("heartbeat"))]
async fn no_time() {}

#[flow(on = absent("heartbeat", 300))]
async fn a_number() {}

#[flow(on = absent("heartbeat", "0s"))]
async fn at_once() {}

#[flow(on = overrun(etl, 1.0))]
async fn usual() {}

#[flow(on = overrun(etl))]
async fn no_factor() {}

#[flow(on = overrun(etl, -2))]
async fn negative() {}

#[flow(on = overrun(etl, "3x"))]
async fn a_text() {}

#[flow(on = file("*.csv", settle = "soon"))]
async fn soon(path: String) {
    let _ = path;
}

fn main() {}
