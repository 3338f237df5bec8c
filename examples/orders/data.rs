//! The orders of a day, as the shop has written them down: mostly well, and always the same for the same day.

use fastrand::Rng;

/// How many pages a day has, and how many rows a page.
pub(crate) const PAGES: u32 = 20;
const ROWS: usize = 250;

/// What a row has in it.
pub(crate) const HEADER: &str = "id,customer,currency,amount";

/// The money that the shop takes.
pub(crate) const CURRENCIES: [&str; 4] = ["CHF", "EUR", "GBP", "USD"];

/// A row, and what a reader should make of it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) text: String,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "with this, tests compare what the examples make of a row")
    )]
    pub(crate) meant: Meant,
}

/// What a reader should make of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meant {
    Order { currency: &'static str, cents: i64 },
    Reject(&'static str),
}

/// All pages of a day.
pub(crate) fn pages(day: &str) -> Vec<Vec<Row>> {
    let seed = day.bytes().fold(17_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut rng = Rng::with_seed(seed);
    let mut good = Vec::new();
    let mut next_id = 100_000;
    (0..PAGES).map(|_| (0..ROWS).map(|_| row(&mut rng, &mut next_id, &mut good)).collect()).collect()
}

/// The text of one page.
pub(crate) fn csv(rows: &[Row]) -> String {
    std::iter::once(HEADER)
        .chain(rows.iter().map(|row| row.text.as_str()))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// One row in a hundred each has a bad number, lacks fields, has an unknown currency, or was there before.
fn row(rng: &mut Rng, next_id: &mut u32, good: &mut Vec<Row>) -> Row {
    let kind = rng.u32(..100);
    if kind == 3 && !good.is_empty() {
        let before = good[rng.usize(..good.len())].clone();
        return Row { meant: Meant::Reject("duplicate id"), ..before };
    }
    *next_id += 1;
    let (id, customer) = (*next_id, format!("C{:03}", rng.u32(1..=200)));
    let currency = CURRENCIES[rng.usize(..CURRENCIES.len())];
    let cents = rng.i64(100..100_000);
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let (text, meant) = match kind {
        0 => (format!("{id},{customer},{currency},{}O.9O", cents / 100), Meant::Reject("bad number")),
        1 => (format!("{id},{customer}"), Meant::Reject("missing field")),
        2 => (format!("{id},{customer},QQQ,{amount}"), Meant::Reject("unknown currency")),
        _ => (format!("{id},{customer},{currency},{amount}"), Meant::Order { currency, cents }),
    };
    let row = Row { text, meant };
    if matches!(meant, Meant::Order { .. }) {
        good.push(row.clone());
    }
    row
}
