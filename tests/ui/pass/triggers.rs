//! What else starts flows, and the ways to say it.

use orch::flow;

struct Pool;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Order {
    id: u64,
    total: u32,
}

mod jobs {
    #[orch::flow]
    pub(super) async fn etl(day: u32, #[provided] _db: &super::Pool) -> anyhow::Result<Vec<u32>> {
        Ok(vec![day])
    }
}
use jobs::etl;

#[flow(on = completed(etl), on = completed(jobs::etl), on = failed(etl, with(rows = &[])))]
async fn whole(rows: &[u32]) {
    let _ = rows;
}

fn is_large(order: &Order) -> bool {
    order.total > LARGE
}

const LARGE: u32 = 100;

#[flow(
    on = event("order paid", filter = |order: &Order| order.total > 100 && order.id != 7),
    on = event("order changed", filter = is_large),
    on = event("order lost", filter = |Order { total, .. }: &Order| *total > LARGE, with(note = None)),
    with(currency = "EUR"),
)]
async fn by_name(r#type: Option<String>, id: u64, currency: &str, note: Option<u8>) {
    let _ = (r#type, id, currency, note);
}

#[flow(on = absent("heartbeat", "5m"), every = "1h", overlap = skip)]
fn without(#[provided] db: &Pool) {
    let _ = db;
}

#[flow(
    cron = "@daily",
    with(given = 1, filter = String::new()),
    on = absent("heartbeat", "1h30m", with(given = 2, filter = "a")),
    on = overrun(jobs::etl, 3, with(filter = "b")),
    on = overrun(etl, 1.5, filter = |slow: &orch::schedule::Overrun| slow.usual.as_secs() > 60),
)]
async fn beside_a_schedule(given: u8, filter: String) -> Result<(), String> {
    let _ = given;
    Err(filter)
}

#[flow(
    on = file("incoming/**/*.{csv,tsv}", settle = "2s", filter = |file: &orch::schedule::FileChange| file.size > 0),
    on = file("outgoing/*.csv"),
    on = absent("file", "1d", with(path = "today.csv".into(), size = 0)),
)]
async fn files(path: std::path::PathBuf, size: u64) {
    let _ = (path, size);
}

fn is_loud(text: &str) -> bool {
    text.ends_with('!')
}

#[flow(on = event("said", filter = is_loud), on = event("heard", filter = |text: &str| !text.is_empty()))]
async fn parts(text: &str) {
    let _ = text;
}

#[flow(on = completed(etl, filter = |rows: &[u32]| rows.len() > 3))]
async fn many(rows: &[u32]) {
    let _ = rows;
}

mod orch_free {
    /// Flows in functions and made by macros.
    pub(super) fn places() {
        #[orch::flow]
        async fn first() -> u8 {
            1
        }

        #[orch::flow(on = completed(first))]
        async fn second(value: u8) {
            let _ = value;
        }

        macro_rules! follows {
            ($name:ident, $flow:path, $event:literal, $value:expr, $filter:expr) => {
                #[orch::flow(
                                                    on = completed($flow, filter = $filter),
                                                    on = event($event),
                                                    on = absent($event, "1d", with(value = $value)),
                                                )]
                async fn $name(value: String) {
                    let _ = value;
                }
            };
        }
        follows!(made, first, "made", "x", |value: &u8| *value > 0);
    }
}
