//! When flows start by themselves, and the ways to say it.

use orch::flow;

const BUDGET: u32 = 120;

struct Pool;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Shop {
    name: String,
}

impl Shop {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

#[flow(cron = "0 9 * * MON-FRI", tz = "Europe/Berlin", dst(missing = skip, doubled = both))]
async fn short() {}

#[flow(
    every = "5m",
    with(url = "https://shop.example/1", text = "borrowed", list = &[1, 2], shop = Shop::named("a"), budget = BUDGET / 2),
)]
async fn inputs(
    url: String,
    text: &str,
    list: &[u8],
    shop: Shop,
    budget: u32,
    #[provided] db: &Pool,
) -> anyhow::Result<bool> {
    let _ = (text, list, shop.name, db);
    Ok(url.len() as u32 > budget)
}

#[flow(
    at = ["2026-12-24 18:00", "2026-12-31T23:59:59Z", "2027-01-01"],
    tz = "America/New_York",
    with(r#type = 1, arg1 = (2, 3), x = "mutable".to_owned()),
    schedule(
        name = "mornings",
        cron = "30 0 9 L * ?",
        with(x = String::new(), r#type = 3, arg1 = (0, 0)),
        catch_up = none,
        max_late = "1h",
        overlap = queue,
        jitter = "30s",
        until = "2030-01-01",
        max_runs = 365,
    ),
    schedule(name = "counted", every = "1h30m", anchor = "2026-01-01 06:30", tz = "Asia/Tokyo", catch_up = all,
             overlap = cancel, with(r#type = 0, arg1 = (1, 1), x = format!("{BUDGET}"))),
)]
fn several(r#type: u8, (a, b): (u8, u8), mut x: String) {
    x.push('!');
    let _ = (r#type, a, b, x);
}

mod orch_free {
    /// Flows in functions and made by macros.
    pub(super) fn places() {
        const MINUTES: u8 = 5;

        #[orch::flow(cron = "@daily", with(minutes = MINUTES))]
        async fn inner(minutes: u8) {
            let _ = minutes;
        }

        macro_rules! scheduled {
            ($name:ident, $cron:literal, $value:expr) => {
                #[orch::flow(cron = $cron, with(value = $value))]
                async fn $name(value: String) {
                    let _ = value;
                }
            };
        }
        scheduled!(made, "*/5 * * * *", "x");
    }
}
