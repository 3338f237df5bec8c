use orch::flow;

#[flow(at = "2026-02-30")]
async fn f() {}

#[flow(at = "24.12.2026 18:00")]
async fn g() {}

#[flow(at = ["2026-12-24 18:00", "2026-12-24 24:00", "2026-12-24 18"])]
async fn h() {}

#[flow(every = "1h", anchor = "2026-01-01 06:30+1", until = "tomorrow")]
async fn i() {}

fn main() {}
