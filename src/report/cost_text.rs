//! A report in a cost model as text for a person; must not know how figures come about.

use super::Step;
use super::cost::CostReport;
use super::figures::{aligned, full, grouped, short, wrapped};
use super::text::{assumptions, notes, opaque, path, tree};

/// The report as plain text.
pub fn text(report: &CostReport) -> String {
    let mut parts = vec![head(report), figures(report), law(report), modules(report)];
    parts.push(
        "critical path, from the inputs on, with the depth of each operation\n".to_owned()
            + &path(&told(&report.critical_path)),
    );
    if let Some(run) = &report.opaque {
        parts.push(opaque(&super::Opaque { path: told(&run.path), ..run.clone() }));
    }
    parts.push(assumptions(&report.assumptions));
    parts.join("\n")
}

/// One sentence: the depth with its size.
pub fn sentence(report: &CostReport) -> String {
    let order = match report.model {
        "threshold" => format!("accumulation {}", report.numerics.accumulate),
        model => model.to_owned(),
    };
    format!(
        "{} at context {}, {order}: depth at most {}, {} at most {}\n",
        report.name,
        grouped(&report.axes.context.to_string()),
        report.depth,
        report.size.name(),
        short(report.size.text())
    )
}

fn head(report: &CostReport) -> String {
    let unit = match report.model {
        "arithmetic" => "operations on reals with two operands",
        "threshold" => "circuit of threshold gates",
        _ => "gates on bits with two inputs",
    };
    format!(
        "{}: {} parameters, context {}\nweights: {}; model: {} ({unit})\n",
        report.name,
        grouped(&report.parameters),
        grouped(&report.axes.context.to_string()),
        report.weights,
        report.model
    )
}

fn figures(report: &CostReport) -> String {
    let line = |name: &str, value: &str| wrapped(&format!("{name:<12} at most  "), value);
    let depth = grouped(&report.depth.to_string());
    let depth = match &report.numerics.accumulator {
        Some(format) if report.model == "threshold" => {
            format!("{depth} layers; accumulation {}, partial sums in {format}", report.numerics.accumulate)
        }
        _ => depth,
    };
    line("depth", &depth) + &line(report.size.name(), &full(report.size.text()))
}

fn law(report: &CostReport) -> String {
    let law = &report.law;
    let layers = law.layers.as_ref().map_or_else(String::new, |layers| format!(", in layers: {}", layers.growth));
    let depth = format!("{} (in context: {}{layers}), at most", law.depth, law.context.growth);
    let size = format!("{}, at most", report.size_law.size.text());
    wrapped("law  depth = ", &depth)
        + &wrapped(&format!("     {} = ", report.size.name()), &size)
        + &format!("     it holds for {}\n", report.size_law.valid)
}

fn modules(report: &CostReport) -> String {
    let mut lines = vec![
        ["modules", "depth", "share", report.size.name(), ""].map(str::to_owned),
        ["model", &report.depth.to_string(), "100.0%", &short(report.size.text()), ""].map(str::to_owned),
    ];
    tree(&report.modules, "", &mut lines);
    aligned(&lines) + &notes(&report.modules)
}

/// Operations with their depths beside them.
fn told(steps: &[Step]) -> Vec<Step> {
    let step = |step: &Step| {
        let operation = format!("{} {}", step.operation, step.cost.unwrap_or(1));
        Step { operation, ..step.clone() }
    };
    steps.iter().map(step).collect()
}
