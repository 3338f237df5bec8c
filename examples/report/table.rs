//! The table of a page.

use std::fmt::Write;

use crate::{page::escape, totals::Totals};

/// One row per airline, and one for all of them.
pub(crate) fn table(totals: &Totals) -> String {
    let mut html = String::from(
        "<table>\n<tr><th>airline</th><th>flights</th><th>share</th><th>seven-day mean</th><th>miles</th></tr>\n",
    );
    for airline in &totals.airlines {
        row(&mut html, &airline.name, airline.flights, totals.flights, airline.mean, airline.miles);
    }
    row(&mut html, "all", totals.flights, totals.flights, totals.mean(), totals.miles);
    html.push_str("</table>\n");
    html
}

fn row(html: &mut String, name: &str, flights: u32, of: u32, mean: f64, miles: u64) {
    let share = 100.0 * f64::from(flights) / f64::from(of.max(1));
    // Nothing fails that writes to a text.
    let _ = writeln!(
        html,
        "<tr><td>{}</td><td>{flights}</td><td>{share:.1} %</td><td>{mean:.1}</td><td>{}</td></tr>",
        escape(name),
        grouped(miles)
    );
}

/// `954262` is `954,262`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        let grouped: Vec<_> = [0, 999, 1_000, 954_262, 1_000_000].map(grouped).into();
        assert_eq!(grouped, ["0", "999", "1,000", "954,262", "1,000,000"]);
    }
}
