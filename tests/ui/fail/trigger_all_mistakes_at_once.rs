use orch::flow;

#[flow(
    on = event("", filtre = |id: &u64| *id > 7, with(currency = "EUR", currency = "USD")),
    on = absent("heartbeat", "5", when = "late"),
    on = sucess(etl),
    on = overrun(etl 3.0),
    on = ,
    timeout = "10",
)]
async fn f(id: u64, currency: String) {
    let _ = (id, currency);
}

fn main() {}
