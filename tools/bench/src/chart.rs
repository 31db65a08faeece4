// SPDX-License-Identifier: GPL-2.0-only
//! The results as a picture: how many times as long as on the plain file system, and how costs grow.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::plan::Axis;
use crate::results::{GrownResults, Results, RowResults};
use crate::subject::Subject;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 1400;
/// Height of the line of one row in the first picture.
const ROW: u32 = 34;
/// Of a small picture of a series.
const SERIES: u32 = 260;
const COLUMNS: usize = 4;

/// Colours that can be distinguished with colour blindness.
fn colour(subject: &str) -> RGBColor {
    match subject {
        "native" => RGBColor(80, 80, 80),
        "union" => RGBColor(0, 114, 178),
        "overlayfs" => RGBColor(213, 94, 0),
        "overlayfs-best" => RGBColor(230, 159, 0),
        "fuse-overlayfs" => RGBColor(0, 158, 115),
        _ => RGBColor(204, 121, 167),
    }
}

/// Draws them.
pub fn draw(path: &Path, results: &Results) -> Result<()> {
    let series = series(&results.growth);
    let ratios = if results.rows.is_empty() {
        0
    } else {
        100 + ROW * u32::try_from(results.rows.len())?
    };
    let lines = u32::try_from(series.len().div_ceil(COLUMNS))?;
    let height = (ratios + SERIES * lines).max(200);
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    let broken = |error: DrawingAreaErrorKind<_>| anyhow!("{error}");
    root.fill(&WHITE).map_err(broken)?;
    let (above, below) = root.split_vertically(ratios);
    if ratios > 0 {
        draw_ratios(&above, results)?;
    }
    if lines > 0 {
        let areas = below.split_evenly((lines as usize, COLUMNS));
        for (area, ((row, axis), points)) in areas.iter().zip(&series) {
            draw_series(area, row, *axis, points)?;
        }
    }
    root.present().map_err(broken)
}

/// For each row a bar for each subject, whose length is its ratio to the plain file system.
fn draw_ratios(area: &Area, results: &Results) -> Result<()> {
    let broken = |error: DrawingAreaErrorKind<_>| anyhow!("{error}");
    let rows = &results.rows;
    let ratio = |row: &RowResults, subject: &str| {
        Some(row.median.get(subject)? / row.median.get("native")?)
    };
    let all: Vec<f64> = rows
        .iter()
        .flat_map(|row| Subject::ALL.iter().filter_map(|s| ratio(row, s.name())))
        .collect();
    let least = all.iter().copied().fold(0.5, f64::min) / 1.2;
    let most = all.iter().copied().fold(10.0, f64::max) * 1.2;
    let count = rows.len() as f64;
    let caption = format!(
        "Time in multiples of the plain file system's, {} on {} (less is better)",
        results.mode.name(),
        results.kernel
    );
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 20))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(170)
        .build_cartesian_2d((least..most).log_scale(), 0.0..count)
        .map_err(broken)?;
    let name = |at: &f64| {
        let index = (count - at).floor();
        let found = rows.get(index as usize).filter(|_| index >= 0.0);
        found.map_or(String::new(), |row| row.row.clone())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_label_formatter(&|ratio| format!("{ratio}"))
        .label_style(("sans-serif", 14))
        .draw()
        .map_err(broken)?;
    let subjects = &Subject::ALL[1..];
    let thickness = 0.8 / subjects.len() as f64;
    for (place, subject) in subjects.iter().enumerate() {
        let style = colour(subject.name());
        let bars = rows.iter().enumerate().filter_map(|(index, row)| {
            let ratio = ratio(row, subject.name())?;
            let above = count - index as f64 - 0.1 - place as f64 * thickness;
            let corners = [(1.0, above), (ratio, above - thickness * 0.9)];
            Some(Rectangle::new(corners, style.filled()))
        });
        chart
            .draw_series(bars)
            .map_err(broken)?
            .label(subject.name())
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], style.filled()));
    }
    for index in 0..rows.len() {
        let at = count - index as f64 - 0.5;
        let (_, y) = chart.backend_coord(&(1.0, at));
        let style = ("sans-serif", 14).into_text_style(area);
        // Coordinates of the whole picture; this area begins at its corner.
        area.draw_text(&name(&at), &style, (10, y - 7))
            .map_err(broken)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .label_font(("sans-serif", 14))
        .draw()
        .map_err(broken)
}

type Series<'a> = BTreeMap<(&'a str, Axis), Vec<&'a GrownResults>>;

fn series(growth: &[GrownResults]) -> Series<'_> {
    let mut series = Series::new();
    for grown in growth {
        let key = (grown.row.row.as_str(), grown.axis);
        series.entry(key).or_default().push(grown);
    }
    series
}

/// One row along its axis, a line for each subject.
fn draw_series(area: &Area, row: &str, axis: Axis, points: &[&GrownResults]) -> Result<()> {
    let broken = |error: DrawingAreaErrorKind<_>| anyhow!("{error}");
    let times: Vec<f64> = points
        .iter()
        .flat_map(|p| p.row.median.values().copied())
        .collect();
    let least = times.iter().copied().fold(f64::INFINITY, f64::min) / 1.5;
    let most = times.iter().copied().fold(1.0, f64::max) * 1.5;
    let last = points.iter().map(|p| p.at).max().unwrap_or(1) as f64;
    let first = points.iter().map(|p| p.at).min().unwrap_or(1) as f64;
    let what = match axis {
        Axis::Lowers => "lower layers",
        Axis::Entries => "entries",
    };
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{row}, us by {what}"), ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(22)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (first.min(last / 2.0)..last).log_scale(),
            (least / 1e3..most / 1e3).log_scale(),
        )
        .map_err(broken)?;
    chart
        .configure_mesh()
        .label_style(("sans-serif", 11))
        .draw()
        .map_err(broken)?;
    for subject in Subject::ALL {
        let style = colour(subject.name());
        let line: Vec<_> = points
            .iter()
            .filter_map(|p| Some((p.at as f64, p.row.median.get(subject.name())? / 1e3)))
            .collect();
        chart
            .draw_series(LineSeries::new(line.clone(), style.stroke_width(2)))
            .map_err(broken)?;
        chart
            .draw_series(
                line.into_iter()
                    .map(|at| Circle::new(at, 3, style.filled())),
            )
            .map_err(broken)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;

    #[test]
    fn a_picture_names_every_row_and_subject() {
        let row = |name: &str| RowResults {
            row: name.into(),
            unit: "ns".into(),
            per: "call".into(),
            median: Subject::ALL
                .iter()
                .enumerate()
                .map(|(at, subject)| (subject.name().to_owned(), 10.0 + at as f64))
                .collect(),
            spread: BTreeMap::new(),
            counters: BTreeMap::new(),
        };
        let grown = |at| GrownResults {
            axis: Axis::Lowers,
            at,
            row: row("grown_row"),
        };
        let results = Results {
            kernel: "7.2".into(),
            mode: Mode::Icount,
            boots: 1,
            rows: vec![row("one_row"), row("other_row")],
            growth: vec![grown(1), grown(100)],
        };
        let path = std::env::temp_dir().join(format!("union-bench-{}.svg", std::process::id()));
        draw(&path, &results).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        for name in [
            "one_row",
            "other_row",
            "grown_row",
            "overlayfs-best",
            "mergerfs",
        ] {
            assert!(text.contains(name), "{name} is not in the picture");
        }
    }
}
