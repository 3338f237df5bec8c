//! The grid as a picture. A heat map is rectangles and text, so it is written by hand: what draws lines and bars would not
//! draw it, and what draws everything takes longer to compile than the rest of the example.

use std::{
    fmt::{self, Write},
    fs, io,
    path::PathBuf,
};

use orch::prelude::*;

use crate::report::{Report, Score};

/// Where the picture goes.
#[derive(Clone)]
pub(crate) struct PlotFile(pub(crate) PathBuf);

/// Draws the grid. Executed twice, it writes the same file again.
#[task]
pub(crate) fn plot(report: &Report, #[provided] file: &PlotFile) -> anyhow::Result<()> {
    let file = &file.0;
    let written = draw(report).map_err(io::Error::other).and_then(|picture| fs::write(file, picture));
    written.map_err(|error| anyhow::anyhow!("cannot write {}: {error}", file.display()))
}

const CELL: (usize, usize) = (110, 52);
/// Left of the cells and above them.
const MARGIN: (usize, usize) = (70, 70);

pub(crate) fn draw(report: &Report) -> Result<String, fmt::Error> {
    let rows: Vec<_> = report.rows().collect();
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let (width, height) = (MARGIN.0 + columns * CELL.0 + 20, MARGIN.1 + rows.len() * CELL.1 + 20);
    let mut svg = String::new();
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="14" text-anchor="middle">"#
    )?;
    writeln!(svg, r#"<rect width="{width}" height="{height}" fill="white"/>"#)?;
    let best = &report.best;
    writeln!(
        svg,
        r#"<text x="{}" y="24">accuracy; best: {}, {:.3}</text>"#,
        width / 2,
        best.forest,
        best.mean()
    )?;
    for (column, score) in rows.first().into_iter().flat_map(|row| row.iter().enumerate()) {
        let x = MARGIN.0 + column * CELL.0 + CELL.0 / 2;
        writeln!(svg, r#"<text x="{x}" y="{}">trees {}</text>"#, MARGIN.1 - 10, score.forest.trees)?;
    }
    for (at, row) in rows.iter().enumerate() {
        let y = MARGIN.1 + at * CELL.1;
        let depth = row.first().map_or(0, |score| score.forest.depth);
        writeln!(svg, r#"<text x="{}" y="{}">depth {depth}</text>"#, MARGIN.0 / 2, y + CELL.1 / 2 + 5)?;
        for (column, score) in row.iter().enumerate() {
            cell(&mut svg, score, score.forest == best.forest, (MARGIN.0 + column * CELL.0, y))?;
        }
    }
    writeln!(svg, "</svg>")?;
    Ok(svg)
}

fn cell(svg: &mut String, score: &Score, best: bool, (x, y): (usize, usize)) -> fmt::Result {
    // From white to a dark blue; by a high power, because the settings that are worth a look are all near 1.
    let strength = score.mean().powi(8);
    let [red, green, blue] = [20.0, 60.0, 130.0].map(|full| (255.0 - (255.0 - full) * strength).round());
    let ink = if strength > 0.5 { "white" } else { "black" };
    let frame = if best { r#" stroke="orange" stroke-width="4""# } else { "" };
    let (width, height) = (CELL.0 - 6, CELL.1 - 6);
    writeln!(
        svg,
        r#"<rect x="{}" y="{}" width="{width}" height="{height}" rx="4" fill="rgb({red},{green},{blue})"{frame}/>"#,
        x + 3,
        y + 3
    )?;
    let text = format!("{:.3} ± {:.3}", score.mean(), score.spread());
    writeln!(
        svg,
        r#"<text x="{}" y="{}" font-size="12" fill="{ink}">{text}</text>"#,
        x + CELL.0 / 2,
        y + CELL.1 / 2 + 4
    )
}
