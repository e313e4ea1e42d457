//! A report on a looped system as text for a person; must not know how figures come about.

use super::figures::{aligned, full, grouped, short, wrapped};
use super::system::{AxisGrowth, Scan, ScanContexts, SystemReport};
use super::text::{assumptions, path};

/// The report as plain text.
pub fn text(report: &SystemReport) -> String {
    let mut parts = vec![head(report), figures(report), law(report), blocks(report), critical(report)];
    parts.extend(report.opaque.as_ref().map(|opaque| opaque.text()));
    parts.push(assumptions(&report.assumptions));
    parts.join("\n")
}

/// One sentence: the depth with its size.
pub fn sentence(report: &SystemReport) -> String {
    let wires = report.wires.as_deref().map_or_else(String::new, |wires| format!(", wires at most {}", short(wires)));
    format!(
        "{} at {}: depth {}{}, gates at most {}{wires}\n",
        report.name,
        lengths(report),
        most(report),
        grouped(&report.depth),
        short(&report.gates)
    )
}

fn most(report: &SystemReport) -> &'static str {
    if report.depth_bound == "exact" { "" } else { "at most " }
}

fn lengths(report: &SystemReport) -> String {
    let told: Vec<String> =
        report.axes.iter().map(|(axis, length)| format!("{axis} {}", grouped(&length.to_string()))).collect();
    if told.is_empty() { "no axis".to_owned() } else { told.join(", ") }
}

fn head(report: &SystemReport) -> String {
    let parameters = report.parameters.as_ref().map(|count| format!("{} parameters, ", grouped(count)));
    format!(
        "{}: {}{}\nformats: {}; strategy: {}; circuit of {} gates\n",
        report.name,
        parameters.unwrap_or_default(),
        lengths(report),
        report.formats,
        report.strategy,
        report.model
    )
}

fn figures(report: &SystemReport) -> String {
    let depth =
        format!("{} layers; {} with every output as single gates", grouped(&report.depth), grouped(&report.gate_depth));
    let unknown = || "not stated: forms grow from iteration to iteration".to_owned();
    let lines = [
        ("depth", if report.depth_bound == "exact" { "exact" } else { "at most" }, depth),
        ("gates", "at most", full(&report.gates)),
        ("wires", "at most", report.wires.as_deref().map_or_else(unknown, full)),
        ("weight bits", "at most", report.weight_bits.map_or_else(unknown, |bits| bits.to_string())),
    ];
    lines.iter().map(|(name, bound, value)| wrapped(&format!("{name:<12} {bound:<8} "), value)).collect()
}

/// How a depth grows, a line an axis; it is counted in these.
pub(super) fn growing(list: &[AxisGrowth], unit: &str) -> String {
    let mut text = String::new();
    for growth in list {
        let rate = match &*growth.rate {
            "0" => String::new(),
            "1" => format!(", 1 {unit} each"),
            rate if rate.contains("for each") => format!(", {rate}"),
            rate => format!(", {rate} {unit}s each"),
        };
        text += &wrapped("     ", &format!("in {}: {}{rate}", growth.axis, growth.growth));
    }
    text
}

fn law(report: &SystemReport) -> String {
    let mut text = String::new();
    for (number, line) in report.law.depth.lines().enumerate() {
        let exactly = match (report.law.exact, report.law.open_weights) {
            (true, false) if report.law.vanishing.is_some() => ", exactly that of the construction, so at most",
            (true, false) => ", exactly",
            (true, true) => ", exactly that of the construction, so at most, for every setting of the weights",
            _ => "",
        };
        text += &wrapped(if number == 0 { "law  " } else { "     " }, &format!("{line}{exactly}"));
    }
    if let Some(vanishing) = &report.law.vanishing {
        text += &wrapped("     ", vanishing);
    }
    text += &growing(&report.law.growth, "layer");
    text += &wrapped("     gates = ", &format!("{}, at most", report.law.gates));
    if report.law.wires.is_none() {
        text += "     wires: no law, for what gates list had not settled in the iterations looked at\n";
    }
    if let Some(wires) = &report.law.wires {
        text += &wrapped("     wires = ", &format!("{wires}, at most, for {}", report.law.wires_valid));
    }
    let count = report.law.certificates.len();
    text += &format!(
        "     {count} certificate{} (--certificate FILE writes, `isobath verify FILE` checks)\n",
        if count == 1 { "" } else { "s" }
    );
    text += &report.contexts.as_ref().map_or_else(String::new, contexts);
    text + &report.scan.as_ref().map_or_else(String::new, scan)
}

/// The law of a scan along its positions, and the figures it is read off.
fn contexts(contexts: &ScanContexts) -> String {
    let law = match (&contexts.depth, &contexts.growth, contexts.range) {
        (Some(depth), Some(growth), Some([from, to])) => format!(
            "{growth}: depth = {depth} for contexts from {from} to {to}, derived at each power of two, where the depth is \
             that of all contexts with as many rounds; "
        ),
        _ => "no law: rounds differ; ".to_owned(),
    };
    let text = wrapped("     in context: ", &format!("{law}{}", contexts.beyond));
    let mut lines = vec![["     context", "depth", "gates at most"].map(str::to_owned).to_vec()];
    for row in &contexts.rows {
        lines.push(vec![format!("     {}", grouped(&row.context.to_string())), grouped(&row.depth), short(&row.gates)]);
    }
    text + &aligned(&lines)
}

fn scan(scan: &Scan) -> String {
    let note = scan.note.as_deref().unwrap_or_default();
    match (&scan.depth, &scan.gates) {
        (Some(depth), Some(gates)) => wrapped(
            "     scan: ",
            &format!(
                "by parallel prefix {} layers and at most {} gates at these lengths{note}",
                grouped(depth),
                full(gates)
            ),
        ),
        _ => wrapped("     scan: ", &format!("none: {note}")),
    }
}

fn blocks(report: &SystemReport) -> String {
    let head = ["blocks", "repeated along", "iterations", "gates each", "wires each"].map(str::to_owned).to_vec();
    let line = |block: &super::system::BlockReport| {
        vec![
            block.name.clone(),
            if block.axes.is_empty() { "-".to_owned() } else { block.axes.join(", ") },
            short(&block.iterations),
            short(&block.gates),
            short(&block.wires),
        ]
    };
    aligned(&std::iter::once(head).chain(report.blocks.iter().map(line)).collect::<Vec<_>>())
}

fn critical(report: &SystemReport) -> String {
    let at: Vec<String> = report.path_at.iter().map(|(axis, length)| format!("{axis} {length}")).collect();
    let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
    format!("critical path{at}, from the inputs on, a layer each\n{}", path(&report.critical_path))
}
