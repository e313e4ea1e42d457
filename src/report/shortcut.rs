//! What shortcuts a program has, as plain data and as text: each rule's circuit beside the plain unrolling, with its evidence; must not know
//! how circuits are built.

use serde::Serialize;

use super::figures::{aligned, grouped, short, wrapped};
use crate::number::Rational;
use crate::shortcut::compare::{Coverage, Difference};
use crate::shortcut::parts::Layout;
use crate::shortcut::rounding::Outcome;
use crate::shortcut::{Applied, Figures, Rule, Verdict};

/// The version of the fields.
pub const SCHEMA: &str = "isobath.shortcut/1";

/// The shortcuts of one program.
#[derive(Clone, Debug, Serialize)]
pub struct Shortcuts {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program.
    pub name: String,
    /// Steps.
    pub steps: u64,
    /// What the depths are of.
    pub model: &'static str,
    /// The program unrolled step after step, where that was measured.
    pub plain: Option<Size>,
    /// One entry per rule that was asked for.
    pub rules: Vec<Entry>,
}

/// Depth and size.
#[derive(Clone, Debug, Serialize)]
pub struct Size {
    /// Layers.
    pub depth: u64,
    /// Layers with every output as single gates.
    pub gate_depth: Option<u64>,
    /// Gates.
    pub gates: String,
    /// Wires.
    pub wires: Option<String>,
    /// Bits of the largest weight or threshold.
    pub weight_bits: Option<u64>,
    /// `exact` or `upper`.
    pub bound: &'static str,
}

/// What came of one rule.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The rule.
    pub rule: &'static str,
    /// Whether there is a circuit.
    pub applies: bool,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where its construction comes from.
    pub source: &'static str,
    /// Its layers for T steps.
    pub law: &'static str,
    /// Its figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// What was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Exact descent against rounded descent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// A contraction's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contraction: Option<Contraction>,
    /// Weight bits at several numbers of steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weight_bits: Vec<(u64, u64)>,
}

/// A circuit compared with what it stands for.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// `exact descent, rounded once at the end`, or `descent as the program rounds it`.
    pub against: &'static str,
    /// Inputs tried.
    pub inputs: String,
    /// Whether these are all there are.
    pub exhaustive: bool,
    /// The seed of those drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// `gates` simulated, or `arrays` evaluated.
    pub by: &'static str,
    /// On how many they differ.
    pub different: String,
    /// Whether the circuit is what it is said to be, on all that were tried.
    pub holds: bool,
    /// The first input on which they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// An input, and two answers.
#[derive(Clone, Debug, Serialize)]
pub struct Witness {
    /// The input by name.
    pub input: String,
    /// Its levels, as `run` takes them.
    pub levels: Vec<i64>,
    /// What the circuit, or exact descent, gives out.
    pub shortcut: Vec<String>,
    /// What the program gives out.
    pub program: Vec<String>,
}

/// Exact descent against rounded descent.
#[derive(Clone, Debug, Serialize)]
pub struct Rounding {
    /// `differs`, `equal` for all steps and inputs, or `open`.
    pub verdict: &'static str,
    /// The steps after which they differ, or that were looked at.
    pub steps: Option<u64>,
    /// No fewer steps make them differ.
    pub least: bool,
    /// Pairs of states looked at.
    pub pairs: Option<usize>,
    /// Where they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// A contraction's figures.
#[derive(Clone, Debug, Serialize)]
pub struct Contraction {
    /// rho.
    pub rate: String,
    /// R in real arithmetic.
    pub radius: String,
    /// K.
    pub kept: u64,
    /// b.
    pub within_bits: u32,
    /// The greatest distance in real arithmetic over the inputs tried.
    pub measured_exact: String,
    /// The greatest distance with rounding over the inputs tried.
    pub measured_rounded: String,
    /// What no distance with rounding is beyond.
    pub proved_rounded: String,
    /// What roundings of one step add at most.
    pub noise: String,
}

/// The report on some rules of a program.
pub fn shortcuts(
    name: &str,
    steps: u64,
    plain: Option<&Figures>,
    verdicts: &[Verdict],
    layouts: impl Fn(u64) -> Option<Layout>,
) -> Shortcuts {
    let rules = verdicts.iter().map(|verdict| entry(verdict, &layouts)).collect();
    let model = "circuits of threshold gates; depths are of these constructions, not lower bounds";
    Shortcuts { schema: SCHEMA, name: name.to_owned(), steps, model, plain: plain.map(size), rules }
}

fn size(figures: &Figures) -> Size {
    Size {
        depth: figures.depth,
        gate_depth: figures.gate_depth,
        gates: figures.gates.to_string(),
        wires: figures.wires.as_ref().map(ToString::to_string),
        weight_bits: figures.weight_bits,
        bound: if figures.exact { "exact" } else { "upper" },
    }
}

fn entry(verdict: &Verdict, layouts: &impl Fn(u64) -> Option<Layout>) -> Entry {
    let rule = verdict.rule;
    let none = Entry {
        rule: rule.name(),
        applies: false,
        reason: None,
        source: rule.source(),
        law: rule.law(),
        size: None,
        evidence: None,
        rounding: None,
        contraction: None,
        weight_bits: Vec::new(),
    };
    match &verdict.applied {
        Err(refused) => Entry { reason: Some(refused.to_string()), ..none },
        Ok(applied) => Entry {
            applies: true,
            size: Some(size(&applied.figures)),
            evidence: Some(evidence(rule, applied, layouts)),
            rounding: applied.rounding.as_ref().map(|outcome| rounding(outcome, layouts)),
            contraction: contraction(applied),
            weight_bits: applied.growth.clone(),
            ..none
        },
    }
}

fn evidence(rule: Rule, applied: &Applied, layouts: &impl Fn(u64) -> Option<Layout>) -> Evidence {
    let Coverage { inputs, all, seed, gates } = applied.compared.coverage;
    let told = |difference: &Difference| witness(applied.steps, difference, layouts);
    Evidence {
        against: if rule.is_exact() {
            "exact descent, rounded once at the end"
        } else {
            "descent as the program rounds it"
        },
        inputs: inputs.to_string(),
        exhaustive: all,
        seed: (!all).then_some(seed),
        by: if gates { "gates" } else { "arrays" },
        different: applied.compared.different.to_string(),
        holds: applied.holds(),
        witness: applied.compared.first.as_ref().map(told),
    }
}

fn witness(steps: u64, difference: &Difference, layouts: &impl Fn(u64) -> Option<Layout>) -> Witness {
    let texts = |values: &[Rational]| values.iter().map(ToString::to_string).collect();
    Witness {
        input: layouts(steps).map_or_else(String::new, |layout| layout.told(&difference.levels)),
        levels: difference.levels.clone(),
        shortcut: texts(&difference.built),
        program: texts(&difference.wanted),
    }
}

fn rounding(outcome: &Outcome, layouts: &impl Fn(u64) -> Option<Layout>) -> Rounding {
    match outcome {
        Outcome::Differs { steps, levels, exact, rounded, least } => {
            let difference = Difference { levels: levels.clone(), built: exact.clone(), wanted: rounded.clone() };
            let witness = Some(witness(*steps, &difference, layouts));
            Rounding { verdict: "differs", steps: Some(*steps), least: *least, pairs: None, witness }
        }
        Outcome::Never { pairs } => {
            Rounding { verdict: "equal", steps: None, least: false, pairs: Some(*pairs), witness: None }
        }
        Outcome::NotFound { steps, pairs, .. } => {
            Rounding { verdict: "open", steps: Some(*steps), least: false, pairs: Some(*pairs), witness: None }
        }
    }
}

fn contraction(applied: &Applied) -> Option<Contraction> {
    let saturation = applied.saturation.as_ref()?;
    Some(Contraction {
        rate: saturation.rate.rate.to_string(),
        radius: saturation.rate.radius.to_string(),
        kept: saturation.kept,
        within_bits: saturation.within,
        measured_exact: decimal(&saturation.exact),
        measured_rounded: applied.compared.largest.to_string(),
        proved_rounded: decimal(&saturation.bound),
        noise: saturation.rate.noise.to_string(),
    })
}

/// A short fraction as it is; of a long one the nearest decimals.
fn decimal(value: &Rational) -> String {
    let text = value.to_string();
    if text.len() <= 16 {
        return text;
    }
    let scaled = (value * Rational::from_integer(1_000_000_000u64.into())).ceil().to_integer();
    let digits = format!("{scaled:0>10}");
    let (whole, rest) = digits.split_at(digits.len() - 9);
    format!("{whole}.{rest} (rounded up)")
}

/// The report as plain text.
pub fn text(report: &Shortcuts) -> String {
    let steps = grouped(&report.steps.to_string());
    let plural = if report.steps == 1 { "step" } else { "steps" };
    let mut text = format!("{}: {steps} {plural} of learning in fewer layers\n\n", report.name);
    text += &table(report);
    for entry in &report.rules {
        text += "\n";
        text += &told(entry);
    }
    text + "\n" + &wrapped("", &format!("All are {}.", report.model))
}

fn table(report: &Shortcuts) -> String {
    let head = ["circuit", "depth", "as gates", "gates", "wires", "weight bits"].map(str::to_owned);
    let dash = || "-".to_owned();
    let row = |name: &str, size: Option<&Size>| -> Vec<String> {
        let Some(size) = size else { return [name.to_owned()].into_iter().chain((0..5).map(|_| dash())).collect() };
        let mark = if size.bound == "exact" { "" } else { "<= " };
        vec![
            name.to_owned(),
            size.depth.to_string(),
            size.gate_depth.map_or_else(dash, |depth| depth.to_string()),
            format!("{mark}{}", short(&size.gates)),
            size.wires.as_deref().map_or_else(dash, |wires| format!("{mark}{}", short(wires))),
            size.weight_bits.map_or_else(dash, |bits| bits.to_string()),
        ]
    };
    let mut lines = vec![head.to_vec(), row("step after step", report.plain.as_ref())];
    lines.extend(report.rules.iter().map(|entry| row(entry.rule, entry.size.as_ref())));
    aligned(&lines)
}

fn told(entry: &Entry) -> String {
    let head = format!("{:<12} ", entry.rule);
    let Some(evidence) = &entry.evidence else {
        return wrapped(&head, &format!("does not apply: {}", entry.reason.as_deref().unwrap_or("")));
    };
    let mut text = wrapped(&head, &format!("{}. Layers for T steps: {}.", entry.source, entry.law));
    let indent = " ".repeat(head.len());
    let mut line = |sentence: String| text += &wrapped(&indent, &sentence);
    line(compared(evidence, entry.contraction.is_some()));
    if let [.., (before, fewer), (steps, bits)] = &entry.weight_bits[..] {
        let each = (*bits as f64 - *fewer as f64) / (steps - before) as f64;
        let all: Vec<String> = entry.weight_bits.iter().map(|(steps, bits)| format!("{steps}: {bits}")).collect();
        line(format!("Weight bits by steps: {}; at the end {each:.2} more a step.", all.join(", ")));
    }
    if let Some(contraction) = &entry.contraction {
        contracted(contraction).into_iter().for_each(&mut line);
    }
    if let Some(rounding) = &entry.rounding {
        line(rounded(rounding));
    }
    text
}

fn compared(evidence: &Evidence, bounded: bool) -> String {
    let inputs = grouped(&evidence.inputs);
    let inputs = match evidence.seed {
        None => format!("all {inputs} inputs"),
        Some(seed) => format!("{inputs} random inputs (seed {seed})"),
    };
    let by = if evidence.by == "gates" { "gates simulated" } else { "arrays evaluated" };
    match &evidence.witness {
        None => format!("Equal to {} (reference interpreter) on {inputs}, {by}.", evidence.against),
        Some(witness) => {
            let Witness { input, shortcut, program, .. } = witness;
            let verdict = if bounded { "Not always equal to" } else { "DIFFERS from" };
            format!(
                "{verdict} {} on {} of {inputs}, {by}: at {input} it gives {}, the program {}.",
                evidence.against,
                grouped(&evidence.different),
                list(shortcut),
                list(program)
            )
        }
    }
}

fn contracted(contraction: &Contraction) -> Vec<String> {
    let Contraction { rate, radius, kept, within_bits, measured_exact, measured_rounded, proved_rounded, noise } =
        contraction;
    vec![
        format!(
            "rho = {rate}, R = {radius}: the last {kept} steps decide the result within 2^-{within_bits} in real arithmetic; measured there: at most {measured_exact}."
        ),
        format!(
            "With rounding each step adds up to {noise}, so the distance is at most {proved_rounded}; measured: at most {measured_rounded}. Not bit for bit: rounding can carry what went before."
        ),
    ]
}

fn rounded(rounding: &Rounding) -> String {
    match (rounding.verdict, &rounding.witness) {
        ("differs", Some(witness)) => {
            let steps = rounding.steps.unwrap_or(0);
            let least =
                if rounding.least { "no fewer steps show it" } else { "not every input of fewer steps was tried" };
            let plural = if steps == 1 { "step" } else { "steps" };
            format!(
                "Descent that rounds at every step is another function: after {steps} {plural}, at {}, it gives {}, exact descent {} ({least}).",
                witness.input,
                list(&witness.program),
                list(&witness.shortcut)
            )
        }
        ("equal", _) => format!(
            "Descent that rounds at every step gives the same after any number of steps: all {} pairs of states were looked at.",
            rounding.pairs.unwrap_or(0)
        ),
        _ => format!(
            "Descent that rounds at every step was not seen to differ, in {} pairs of states over {} steps.",
            rounding.pairs.unwrap_or(0),
            rounding.steps.unwrap_or(0)
        ),
    }
}

fn list(values: &[String]) -> String {
    match values {
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    }
}
