//! Panels of line charts as an SVG, for light and dark mode.

use std::{fs, path::Path};

use plotters::{
    coord::ranged1d::{AsRangedCoord, ValueFormatter},
    prelude::*,
};

const PANEL: (u32, u32) = (460, 400);
const TITLE: u32 = 34;
const FONT: &str = "sans-serif";

const PAPER: RGBColor = RGBColor(0xFE, 0xFE, 0xFE);
const INK: RGBColor = RGBColor(0x1F, 0x23, 0x28);
const GRID: RGBColor = RGBColor(0xD8, 0xDE, 0xE4);
const PALE: RGBColor = RGBColor(0xB0, 0xB8, 0xC0);
/// The colours of dark mode. The colours of [`LINES`] are visible in both modes.
const DARK: [(RGBColor, RGBColor); 4] = [
    (PAPER, RGBColor(0x0D, 0x11, 0x17)),
    (INK, RGBColor(0xE6, 0xED, 0xF3)),
    (GRID, RGBColor(0x30, 0x36, 0x3D)),
    (PALE, RGBColor(0x4D, 0x56, 0x60)),
];
/// The colours of the lines, after Okabe and Ito: distinguishable for colour-blind readers.
const LINES: [RGBColor; 6] = [
    RGBColor(0x1F, 0x83, 0xC4),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xC7, 0x6A, 0x9E),
    RGBColor(0xC6, 0x8A, 0x00),
    RGBColor(0x7B, 0x6F, 0xD0),
];

/// A line of a panel. A line without a name is pale and not in the legend.
pub(super) struct Line {
    pub(super) name: Option<String>,
    pub(super) points: Vec<(f64, f64)>,
}

impl Line {
    /// Returns a line with the points above 0 only, because the axes are logarithmic.
    pub(super) fn new(name: Option<&str>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().filter(|(x, y)| *x > 0.0 && *y > 0.0).collect();
        Self { name: name.map(str::to_owned), points }
    }
}

/// A panel with one pair of axes.
pub(super) struct Panel {
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    /// True if the vertical axis is logarithmic. Otherwise it starts at 0.
    pub(super) log_y: bool,
    pub(super) lines: Vec<Line>,
}

/// Draws panels side by side.
pub(super) fn draw(path: &Path, title: &str, panels: &[Panel]) {
    let mut svg = String::new();
    let columns = u32::try_from(panels.len()).unwrap_or(1);
    {
        let area = SVGBackend::with_string(&mut svg, (PANEL.0 * columns, PANEL.1 + TITLE)).into_drawing_area();
        area.fill(&PAPER).expect("in memory");
        let area = area.titled(title, (FONT, 18).into_font().color(&INK)).expect("in memory");
        for (part, panel) in area.split_evenly((1, panels.len())).iter().zip(panels) {
            let (x, y) = (range(panel, |point| point.0), range(panel, |point| point.1));
            let x = (x.0..x.1).log_scale();
            if panel.log_y {
                axes(part, panel, x, (y.0 / 1.2..y.1 * 6.0).log_scale());
            } else {
                axes(part, panel, x, 0.0..y.1 * 1.35);
            }
        }
        area.present().expect("in memory");
    }
    fs::write(path, in_either_mode(&svg)).expect("a file");
}

/// Returns the smallest and the largest value, widened if they are equal.
fn range(panel: &Panel, of: fn(&(f64, f64)) -> f64) -> (f64, f64) {
    let all = panel.lines.iter().flat_map(|line| &line.points).map(of);
    let (least, most) = all.fold((f64::INFINITY, 0.0), |(least, most), at| (at.min(least), at.max(most)));
    if least < most { (least, most) } else { (most.max(1.0) / 2.0, most.max(1.0) * 2.0) }
}

fn axes<X, Y>(part: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>, panel: &Panel, x: X, y: Y)
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(part)
        .margin(8)
        .margin_right(18)
        .x_label_area_size(42)
        .y_label_area_size(58)
        .build_cartesian_2d(x, y)
        .expect("axes");
    let text = (FONT, 13).into_font().color(&INK);
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(panel.x).y_desc(panel.y).axis_desc_style(text.clone()).label_style(text.clone());
    mesh.axis_style(INK).bold_line_style(GRID).light_line_style(PAPER);
    mesh.x_label_formatter(&|at| number(*at)).y_label_formatter(&|at| number(*at)).x_labels(6).y_labels(8);
    mesh.draw().expect("in memory");
    // The pale lines are drawn first, below the others.
    for line in panel.lines.iter().filter(|line| line.name.is_none()) {
        chart.draw_series(LineSeries::new(line.points.iter().copied(), PALE.stroke_width(1))).expect("in memory");
    }
    for ((line, name), colour) in
        panel.lines.iter().filter_map(|line| Some((line, line.name.as_ref()?))).zip(LINES.into_iter().cycle())
    {
        let series = LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)).point_size(3);
        let drawn = chart.draw_series(series).expect("in memory").label(name);
        drawn.legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperLeft).background_style(PAPER.mix(0.8)).label_font(text);
    legend.legend_area_size(20).margin(4).draw().expect("in memory");
}

/// Returns a short form of a number: 0.05, 12, 3k, 2M.
fn number(at: f64) -> String {
    let short = |at: f64| format!("{at:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    match at {
        ..1e3 => short(at),
        ..1e6 => short(at / 1e3) + "k",
        _ => short(at / 1e6) + "M",
    }
}

/// Adds a style for dark mode, which overrides the colours of the attributes.
fn in_either_mode(svg: &str) -> String {
    let rule = |(light, dark): (RGBColor, RGBColor)| {
        let (light, dark) = (hex(light), hex(dark));
        format!("[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}")
    };
    let rules: String = DARK.into_iter().map(rule).collect();
    let head = svg.find("<svg").and_then(|at| svg[at..].find('>').map(|end| at + end + 1)).expect("an SVG");
    format!(
        "{}\n<style>@media (prefers-color-scheme:dark){{{rules}}}</style>{}\n",
        &svg[..head],
        svg[head..].trim_end()
    )
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
