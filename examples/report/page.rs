//! The page of a day.

use jiff::{ToSpan, civil::Date};
use orch::prelude::*;

use crate::{
    chart::{bars, columns},
    pages::Pages,
    screen::Screen,
    table::{grouped, table},
    totals::Totals,
};

const STYLE: &str = "body { font: 15px sans-serif; max-width: 720px; margin: 2em auto } \
    td, th { padding: 2px 12px; text-align: right } td:first-child, th:first-child { text-align: left } \
    tr:last-child { font-weight: bold } text { font-size: 12px } \
    .day { fill: #b8c4d6 } .today { fill: #2f5d9b } .mean { fill: none; stroke: #c4452d; stroke-width: 2 }";

/// Writes the page. Executed again after a crash, it puts the same page in the same place.
#[task(retries = 3, backoff = exponential("100ms", max = "5s", jitter))]
pub(crate) fn write_page(
    totals: Totals,
    #[provided] pages: &Pages,
    #[provided] screen: &Screen,
) -> anyhow::Result<()> {
    let path = pages.put(&totals.day, &html(&totals)?)?;
    let Totals { day, flights, .. } = &totals;
    let (mean, path) = (totals.mean(), path.display());
    screen.line(format_args!("{day}: {flights} flights, seven-day mean {mean:.1}: {path}"))?;
    Ok(())
}

fn html(totals: &Totals) -> anyhow::Result<String> {
    let Totals { flights, miles, .. } = totals;
    let day: Date = totals.day.parse()?;
    let title = day.strftime("%A, %Y-%m-%d");
    let (before, after) = (day.checked_sub(1.day())?, day.checked_add(1.day())?);
    let (mean, miles) = (totals.mean(), grouped(*miles));
    let (columns, bars, table) = (columns(&totals.days), bars(&totals.airlines), table(totals));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{day}</title><style>{STYLE}</style></head>\n\
         <body>\n<p><a href=\"{before}.html\">{before}</a> · <a href=\"{after}.html\">{after}</a></p>\n\
         <h1>{title}</h1>\n<p>{flights} flights over {miles} miles; seven-day mean {mean:.1} flights.</p>\n\
         <h2>Four weeks</h2>\n{columns}<h2>Airlines</h2>\n{bars}{table}</body></html>\n"
    ))
}

/// A text that stands in HTML or SVG for itself.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_no_markup() {
        assert_eq!(super::escape("A & <b>\"C\"</b>"), "A &amp; &lt;b&gt;&quot;C&quot;&lt;/b&gt;");
    }
}
