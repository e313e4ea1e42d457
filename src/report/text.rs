//! A report as text for a person; must not know how figures come about.

use super::figures::{aligned, full, grouped, short, wrapped};
use super::{Kind, Module, Opaque, Report, Step};
use crate::agreement::{Agreement, Trial};

/// The report as plain text.
pub fn text(report: &Report) -> String {
    let mut parts = vec![head(report), figures(report), law(report), modules(report)];
    parts.push("critical path, from the inputs on\n".to_owned() + &path(&report.critical_path));
    parts.extend(report.opaque.as_ref().map(opaque));
    parts.push(assumptions(&report.assumptions));
    parts.extend(report.quantisation.as_ref().map(|quantisation| format!("{quantisation}\n")));
    parts.extend(report.ranges.as_ref().map(|ranges| format!("{ranges}\n")));
    parts.extend(report.recorded.as_ref().map(recorded));
    parts.join("\n")
}

fn recorded(agreement: &Agreement) -> String {
    let Agreement { inputs, positions, here, widths, found } = agreement;
    let line = |trial: &Trial| {
        let formats = format!("weights {}, activations {}", trial.weights, trial.activations);
        format!("  {:>2} bits  {:>4} of {inputs} agree  {formats}\n", trial.bits, trial.agree)
    };
    let mut text =
        format!("recorded outputs: compared at {positions} positions of {inputs} inputs, by evaluating the circuit\n");
    text += &format!("  in this report's formats {} agree; the best formats tried of each width:\n", here.agree);
    widths.iter().for_each(|trial| text += &line(trial));
    text + match (found, widths.last()) {
        (true, Some(_)) => "  the last is the narrowest width tried in which all agree\n",
        _ => "  no width tried makes all agree\n",
    }
}

/// One sentence: the depth with its size.
pub fn sentence(report: &Report) -> String {
    let most = if report.bound == "exact" { "" } else { "at most " };
    format!(
        "{} at context {}: depth {most}{}, gates {most}{}, wires {most}{}\n",
        report.name,
        grouped(&report.axes.context.to_string()),
        report.depth,
        short(&report.gates),
        short(&report.wires)
    )
}

fn head(report: &Report) -> String {
    format!(
        "{}: {} parameters, context {}\nweights: {}; strategy: {}; circuit of {} gates\n",
        report.name,
        grouped(&report.parameters),
        grouped(&report.axes.context.to_string()),
        report.weights,
        report.strategy,
        report.model
    )
}

fn figures(report: &Report) -> String {
    let bound = if report.bound == "exact" { "exact" } else { "at most" };
    let lines = [
        ("depth", format!("{} layers; {} with every output as single gates", report.depth, report.gate_depth)),
        ("gates", full(&report.gates)),
        ("wires", full(&report.wires)),
        ("weight bits", report.weight_bits.to_string()),
    ];
    lines.iter().map(|(name, value)| wrapped(&format!("{name:<12} {bound:<8} "), value)).collect()
}

fn law(report: &Report) -> String {
    let law = &report.law;
    let layers = law.layers.as_ref().map_or_else(String::new, |layers| format!(", in layers: {}", layers.growth));
    let growth = format!("in context: {}{layers}", law.context.growth);
    let mut text =
        wrapped("law  depth = ", &format!("{} ({growth}), at most, for every setting of the weights", law.depth));
    let sizes = &report.size_law;
    if report.bound != "exact" {
        text += &wrapped("     gates = ", &format!("{}, at most", sizes.gates));
        text += &wrapped("     wires = ", &format!("{}, at most", sizes.wires));
        text += &format!("     sizes hold for {}\n", sizes.valid);
    }
    text
}

/// A line of the tree: name, layers, share, gates or operations, wires.
pub(super) type Line = [String; 5];

fn modules(report: &Report) -> String {
    let mut lines = vec![
        ["modules", "layers", "share", "gates", "wires"].map(str::to_owned),
        ["model".to_owned(), report.depth.to_string(), "100.0%".to_owned(), short(&report.gates), short(&report.wires)],
    ];
    tree(&report.modules, "", &mut lines);
    aligned(&lines) + &notes(&report.modules)
}

/// What the lines of a tree do not say.
pub(super) fn notes(modules: &[Module]) -> String {
    let mut text = String::new();
    if modules.iter().any(|module| module.repeat > 1) {
        text += "Of repeated modules, layers and sizes are those of one, the share is that of all.\n";
    }
    if (0..modules.len()).any(|place| told_elsewhere(modules, place)) {
        text += "Modules with the same parts and layers, but other sizes, are told in full once.\n";
    }
    text
}

pub(super) fn tree(list: &[Module], indent: &str, lines: &mut Vec<Line>) {
    for (place, module) in list.iter().enumerate() {
        let last = place + 1 == list.len();
        let times = if module.repeat > 1 { format!(" ({} times)", module.repeat) } else { String::new() };
        lines.push([
            format!("{indent}{}{}{times}", if last { "└─ " } else { "├─ " }, module.name),
            module.layers.to_string(),
            format!("{:.1}%", module.share),
            short(module.gates.as_deref().or(module.operations.as_deref()).unwrap_or_default()),
            short(module.wires.as_deref().unwrap_or_default()),
        ]);
        let closed = only_itself(module) || indent.is_empty() && told_elsewhere(list, place);
        if !closed {
            tree(&module.children, &format!("{indent}{}", if last { "   " } else { "│  " }), lines);
        }
    }
}

/// Whether a sibling with the same parts and layers, told in full, has a larger share, or the same and comes first.
fn told_elsewhere(list: &[Module], place: usize) -> bool {
    let module = &list[place];
    let precedes = |other: usize, sibling: &Module| {
        sibling.share > module.share || (sibling.share == module.share && other < place)
    };
    list.iter().enumerate().any(|(other, sibling)| precedes(other, sibling) && same_parts(sibling, module))
}

/// Whether names (without numbers) and layers are the same all the way down.
fn same_parts(a: &Module, b: &Module) -> bool {
    let stem = |module: &Module| module.name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let children = || a.children.iter().zip(&b.children).all(|(a, b)| same_parts(a, b));
    a.name[..stem(a)] == b.name[..stem(b)] && a.layers == b.layers && a.children.len() == b.children.len() && children()
}

/// Whether a module is one operation, so that a line below it would say nothing more.
fn only_itself(module: &Module) -> bool {
    matches!(&module.children[..], [child] if child.kind == Kind::Operation)
}

/// Runs of operations, those of equal numbered modules told once.
pub(super) fn path(steps: &[Step]) -> String {
    let mut text = String::new();
    let groups: Vec<&[Step]> = steps.chunk_by(|a, b| outermost(a) == outermost(b)).collect();
    for alike in groups.chunk_by(|a, b| numbered(a) && numbered(b) && inside(a) == inside(b)) {
        let (first, last) = (outermost(&alike[0][0]), outermost(&alike[alike.len() - 1][0]));
        let name = match (alike.len(), last.rsplit_once(' ')) {
            (2.., Some((_, number))) => format!("{first}..{number}, {} times", alike.len()),
            _ => first.to_owned(),
        };
        text += &wrapped(&format!("  {name}: "), &inside(alike[0]));
    }
    text
}

/// The outermost module of a step.
fn outermost(step: &Step) -> &str {
    step.module.split(" / ").next().unwrap_or("")
}

fn numbered(steps: &[Step]) -> bool {
    outermost(&steps[0]).rsplit_once(' ').is_some_and(|(_, number)| number.parse::<u64>().is_ok())
}

/// The operations of a group of steps, by the modules inside their outermost one.
fn inside(steps: &[Step]) -> String {
    let modules = steps.chunk_by(|a, b| a.module == b.module).map(|run| {
        let operations = run.chunk_by(|a, b| a.operation == b.operation).map(|same| match same.len() {
            1 => same[0].operation.clone(),
            layers => format!("{} ({layers} layers)", same[0].operation),
        });
        let operations = operations.collect::<Vec<_>>().join(", ");
        match run[0].module.split_once(" / ") {
            Some((_, inner)) => format!("{inner}: {operations}"),
            None => operations,
        }
    });
    modules.collect::<Vec<_>>().join("; ")
}

/// The longest run between observed values.
pub(super) fn opaque(opaque: &Opaque) -> String {
    let head = format!("opaque depth {}: the longest run between observed values, in the same unit; ", opaque.depth);
    wrapped("", &format!("{head}observed are {}", opaque.observed.join(", "))) + &path(&opaque.path)
}

pub(super) fn assumptions(assumptions: &[String]) -> String {
    let lines = assumptions.iter().map(|line| wrapped("  - ", line));
    "assumptions\n".to_owned() + &lines.collect::<String>()
}
