//! Several systems along one axis, as a table and a plot; must not know how depths come about.

use serde::Serialize;

use super::figures::{aligned, grouped, short, wrapped};

/// The version of a comparison's fields.
pub const SCHEMA: &str = "isobath.compare/1";

/// Depths and sizes of systems at some lengths of one axis.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The axis.
    pub axis: String,
    /// Its lengths.
    pub lengths: Vec<u64>,
    /// A row per system.
    pub systems: Vec<Row>,
}

/// One system.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The depth as a function of its axes.
    pub law: String,
    /// `exact`, or `upper` where the law only bounds the depth from above.
    pub bound: &'static str,
    /// The axes held, with their lengths.
    pub fixed: Vec<(String, u64)>,
    /// `constant`, `logarithmic`, `linear` or `polynomial` in the axis; none where the system does not have it.
    pub growth: Option<String>,
    /// Layers at each length, none where the system cannot have it; none at all where the system does not have the axis.
    pub depth: Option<Vec<Option<String>>>,
    /// Gates at each length.
    pub gates: Option<Vec<Option<String>>>,
}

/// Lines and columns of the plot.
const PLOT: (usize, usize) = (14, 64);

/// Lengths from the first to the last, each about the same factor after the one before; both ends among them.
pub fn lengths(first: u64, last: u64, count: u32) -> Vec<u64> {
    let ratio = (last.max(1) as f64 / first.max(1) as f64).powf(1.0 / f64::from(count.saturating_sub(1).max(1)));
    let inner = (1..count.saturating_sub(1)).map(|place| (first as f64 * ratio.powi(place as i32)).round() as u64);
    let mut lengths: Vec<u64> = inner.map(|length| length.clamp(first, last)).chain([first, last]).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

/// The comparison as plain text.
pub fn text(comparison: &Comparison) -> String {
    let marked = |(place, row): (usize, &Row)| format!("{} {}", mark(place), row.name);
    let names: Vec<String> = comparison.systems.iter().enumerate().map(marked).collect();
    let mut text = format!("depth in layers (gates below) over {}\n\n", comparison.axis);
    text += &table(comparison, &names);
    text += &format!("\n{}\n", plot(comparison));
    for (row, name) in comparison.systems.iter().zip(&names) {
        let fixed: Vec<String> =
            row.fixed.iter().map(|(axis, length)| format!("{axis} = {}", grouped(&length.to_string()))).collect();
        let fixed = if fixed.is_empty() { String::new() } else { format!("; {}", fixed.join(", ")) };
        let growth = row.growth.as_deref().map_or_else(|| format!("no axis {}", comparison.axis), str::to_owned);
        text += &wrapped(&format!("{name}: "), &format!("{growth}; {}{fixed}", row.law));
    }
    text + "Depths are of these constructions, not lower bounds: shallower circuits may exist.\n"
}

fn mark(place: usize) -> char {
    const MARKS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char::from(MARKS[place % MARKS.len()])
}

fn table(comparison: &Comparison, names: &[String]) -> String {
    let head = comparison.lengths.iter().map(|length| grouped(&length.to_string()));
    let mut lines: Vec<Vec<String>> = vec![[comparison.axis.clone()].into_iter().chain(head).collect()];
    let dashes = || vec!["-".to_owned(); comparison.lengths.len()];
    for (row, name) in comparison.systems.iter().zip(names) {
        let cell = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), short);
        let told = |values: &Option<Vec<Option<String>>>| {
            values.as_ref().map_or_else(dashes, |values| values.iter().map(cell).collect())
        };
        lines.push([name.clone()].into_iter().chain(told(&row.depth)).collect());
        lines.push(["    gates".to_owned()].into_iter().chain(told(&row.gates)).collect());
    }
    aligned(&lines)
}

/// Both axes logarithmic; a later system does not hide an earlier one: `*` stands for several.
fn plot(comparison: &Comparison) -> String {
    let (rows, columns) = PLOT;
    // Lengths a system cannot have are at its end: its line stops before them.
    let depths = |row: &Row| -> Vec<f64> {
        let told = row.depth.iter().flatten().flatten();
        told.map(|depth| depth.parse::<f64>().unwrap_or(1.0).max(1.0).log10()).collect()
    };
    let most = comparison.systems.iter().flat_map(depths).fold(0.1, f64::max);
    let x: Vec<f64> = comparison.lengths.iter().map(|length| (*length as f64).max(1.0).log10()).collect();
    let (left, right) = (x.first().copied().unwrap_or(0.0), x.last().copied().unwrap_or(1.0));
    let mut canvas = vec![vec![' '; columns]; rows];
    for (place, row) in comparison.systems.iter().enumerate() {
        let points: Vec<(f64, f64)> = x.iter().copied().zip(depths(row)).collect();
        let mut draw = |column: usize| {
            let at = left + (right - left) * column as f64 / (columns - 1) as f64;
            let Some(depth) = between(&points, at) else { return };
            let line = rows - 1 - ((depth / most) * (rows - 1) as f64).round() as usize;
            let cell = &mut canvas[line][column];
            *cell = if *cell == ' ' { mark(place) } else { '*' };
        };
        (0..columns).for_each(&mut draw);
    }
    drawn(&canvas, most, comparison)
}

/// The line through the two nearest points.
fn between(points: &[(f64, f64)], at: f64) -> Option<f64> {
    let after = points.iter().position(|(x, _)| *x >= at - 1e-9)?;
    let (x1, y1) = points[after];
    let (x0, y0) = points[after.saturating_sub(1)];
    Some(if x1 - x0 < 1e-9 { y1 } else { y0 + (y1 - y0) * (at - x0) / (x1 - x0) })
}

fn drawn(canvas: &[Vec<char>], most: f64, comparison: &Comparison) -> String {
    let last = canvas.len() - 1;
    let mut text = String::from("layers\n");
    for (number, line) in canvas.iter().enumerate() {
        let label = if number == 0 || number == last || number == last / 2 {
            short(&format!("{:.0}", 10f64.powf(most * (last - number) as f64 / last as f64)))
        } else {
            String::new()
        };
        text += format!("{label:>10} |{}", line.iter().collect::<String>()).trim_end();
        text.push('\n');
    }
    let end = |place: Option<&u64>| place.map_or_else(String::new, |length| grouped(&length.to_string()));
    let (first, last) = (end(comparison.lengths.first()), end(comparison.lengths.last()));
    let middle = canvas[0].len().saturating_sub(first.len() + last.len());
    text + &format!(
        "{:>10} +{}\n{:>12}{first}{:middle$}{last}  {}\n",
        "",
        "-".repeat(canvas[0].len()),
        "",
        "",
        comparison.axis
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_hold_both_ends_and_rise() {
        for (first, last) in [(1, 1), (1, 2), (3, 1_000_000), (1, 1 << 60)] {
            let lengths = lengths(first, last, 7);
            assert_eq!((lengths[0], lengths[lengths.len() - 1]), (first, last));
            assert!(lengths.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn a_system_without_the_axis_shows_a_dash() {
        let row = |name: &str, depth: Option<Vec<Option<String>>>| Row {
            name: name.to_owned(),
            law: "n".to_owned(),
            bound: "exact",
            fixed: vec![],
            growth: depth.as_ref().map(|_| "linear".to_owned()),
            gates: depth.clone(),
            depth,
        };
        let depth = vec![Some("1".to_owned()), Some("10".to_owned()), None];
        let systems = vec![row("rnn", Some(depth)), row("gd", None)];
        let comparison = Comparison { schema: SCHEMA, axis: "context".to_owned(), lengths: vec![1, 10, 100], systems };
        let text = text(&comparison);
        assert!(
            text.contains("b gd") && text.lines().any(|line| line.starts_with("b gd") && line.ends_with("-")),
            "{text}"
        );
        assert!(text.contains("b gd: no axis context"), "{text}");
        assert!(text.lines().any(|line| line.starts_with("a rnn") && line.ends_with("10    -")), "{text}");
    }
}
