//! Charts, as SVG.

use std::fmt::Write;

use crate::{
    page::escape,
    totals::{Airline, Day},
};

const WIDTH: f64 = 720.0;

/// The height of a chart of columns without the labels below them.
const HEIGHT: f64 = 200.0;

/// The height of a bar with the space around it.
const BAR: f64 = 22.0;

/// Where bars begin: their names are before that.
const NAMES: f64 = 230.0;

/// A column per day, the last one in another colour, and a line for the seven-day mean.
pub(crate) fn columns(days: &[Day]) -> String {
    let most = days.iter().map(|day| f64::from(day.flights).max(day.mean)).fold(1.0, f64::max);
    let step = WIDTH / days.len().max(1) as f64;
    let y = |value: f64| HEIGHT - value / most * (HEIGHT - 20.0);
    let mut svg = open("flights per day, and their seven-day mean", HEIGHT + 20.0);
    let mut line = String::new();
    for (place, day) in days.iter().enumerate() {
        let (x, top) = (place as f64 * step, y(f64::from(day.flights)));
        let class = if place + 1 == days.len() { "today" } else { "day" };
        // Nothing fails that writes to a text, here and below.
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}: {}</title></rect>",
            x + 1.0,
            step - 2.0,
            HEIGHT - top,
            escape(&day.day),
            day.flights
        );
        let _ = write!(line, "{:.1},{:.1} ", x + step / 2.0, y(day.mean));
        if place % 7 == days.len().saturating_sub(1) % 7 {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                x + step,
                HEIGHT + 15.0,
                escape(&day.day)
            );
        }
    }
    let _ = writeln!(svg, "<polyline class=\"mean\" points=\"{}\"/>", line.trim_end());
    svg.push_str("</svg>\n");
    svg
}

/// A bar per airline.
pub(crate) fn bars(airlines: &[Airline]) -> String {
    let most = airlines.iter().map(|airline| airline.flights).max().unwrap_or(1).max(1);
    let mut svg = open("flights per airline", BAR * airlines.len() as f64);
    for (place, airline) in airlines.iter().enumerate() {
        let top = BAR * place as f64;
        let width = f64::from(airline.flights) / f64::from(most) * (WIDTH - NAMES - 50.0);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect class=\"today\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            NAMES - 8.0,
            top + 15.0,
            escape(&airline.name),
            top + 3.0,
            BAR - 6.0,
            NAMES + width + 6.0,
            top + 15.0,
            airline.flights
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn open(title: &str, height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>{title}</title>\n"
    )
}
