//! A reduction that was run, as text and as data; must not know how it was run.

use serde::Serialize;

use super::figures::{grouped, short, wrapped};
use super::strategy_name;
use crate::reduce::{Example, Machine, Outcome};

/// The version of the fields.
pub const SCHEMA: &str = "isobath.reduction/1";

/// Longest instance or row of weights in text; JSON has all of it.
const LONGEST: usize = 300;

/// Everything told of one run. Sizes are decimal strings.
#[derive(Clone, Debug, Serialize)]
pub struct Reduction {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// A short name.
    pub name: String,
    /// Which problem becomes which learning rule.
    pub title: String,
    /// Steps of the learning rule.
    pub steps: usize,
    /// Entries of its weights.
    pub dimension: usize,
    /// Its formats.
    pub formats: Formats,
    /// What a reader should know of the formats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// `depth` or `size`.
    pub strategy: &'static str,
    /// Layers of the compiled circuit.
    pub depth: u64,
    /// Its gates.
    pub gates: String,
    /// Its wires.
    pub wires: String,
    /// Bits of its largest weight or threshold.
    pub weight_bits: u64,
    /// `exact`.
    pub bound: &'static str,
    /// How instances were chosen: `given`, `all` or `random`.
    pub chosen: Chosen,
    /// How many were run.
    pub instances: u64,
    /// By evaluating the circuit's arrays.
    pub evaluated: u64,
    /// By simulating its gates.
    pub simulated: u64,
    /// Instances that decoded to something else than their solution.
    pub mismatches: u64,
    /// Whether there are none.
    pub holds: bool,
    /// The first instances.
    pub examples: Vec<Run>,
    /// The first mismatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refutation: Option<Run>,
    /// Files written.
    pub files: Vec<String>,
}

/// The formats of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Formats {
    /// Of weights, when they are read.
    pub weights: String,
    /// Of what else is rounded.
    pub activations: String,
    /// Of x.
    pub data: String,
    /// Of y.
    pub targets: String,
}

/// How instances were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    /// Named by the user.
    Given,
    /// Every instance of the size.
    All,
    /// Drawn from this seed.
    Random {
        /// The seed.
        seed: u64,
    },
}

/// One instance.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The instance.
    pub instance: String,
    /// The final weights.
    pub weights: Vec<String>,
    /// What they say; null where they say nothing.
    pub decoded: Option<String>,
    /// The solution.
    pub expected: String,
}

impl Run {
    fn new(example: &Example) -> Self {
        Self {
            instance: example.instance.to_string(),
            weights: example.weights.iter().map(ToString::to_string).collect(),
            decoded: example.decoded.as_ref().map(ToString::to_string),
            expected: example.expected.to_string(),
        }
    }

    fn text(&self) -> String {
        let decoded = self.decoded.as_deref().unwrap_or("nothing");
        wrapped("  instance   ", &cut(&self.instance))
            + &wrapped("    weights  ", &cut(&self.weights.join(" ")))
            + &format!("    decoded  {}\n    expected {}\n", cut(decoded), cut(&self.expected))
    }
}

impl Reduction {
    /// The report of a run.
    pub fn new(machine: &Machine, outcome: &Outcome, chosen: Chosen, files: Vec<String>) -> Self {
        let (gadget, formats, figures) = (&machine.gadget, &machine.formats, &machine.figures);
        Self {
            schema: SCHEMA,
            name: gadget.name().to_owned(),
            title: gadget.title(),
            steps: gadget.steps(),
            dimension: gadget.dimension(),
            formats: Formats {
                weights: formats.weights.to_string(),
                activations: formats.activations.to_string(),
                data: formats.data.to_string(),
                targets: formats.targets.to_string(),
            },
            remark: gadget.remark().map(str::to_owned),
            strategy: strategy_name(machine.strategy),
            depth: figures.depth,
            gates: figures.gates.to_string(),
            wires: figures.wires.to_string(),
            weight_bits: figures.weight_bits,
            bound: "exact",
            chosen,
            instances: outcome.instances,
            evaluated: outcome.evaluated,
            simulated: outcome.simulated,
            mismatches: outcome.mismatches,
            holds: outcome.mismatches == 0,
            examples: outcome.examples.iter().map(Run::new).collect(),
            refutation: outcome.refutation.as_ref().map(Run::new),
            files,
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut text = wrapped("", &self.title) + "\n";
        let Formats { weights, activations, data, targets } = &self.formats;
        let steps = grouped(&self.steps.to_string());
        text += &wrapped(
            "  program    ",
            &format!(
                "{steps} steps in dimension {}; weights {weights}, activations {activations}, data {data}, targets {targets}",
                grouped(&self.dimension.to_string())
            ),
        );
        if let Some(remark) = &self.remark {
            text += &wrapped("             ", remark);
        }
        let (depth, gates, wires) = (grouped(&self.depth.to_string()), short(&self.gates), short(&self.wires));
        text += &wrapped(
            "  circuit    ",
            &format!(
                "depth {depth}, {gates} gates, {wires} wires, weights of {} bits (exact; --strategy {}; threshold gates)",
                self.weight_bits, self.strategy
            ),
        );
        text += &wrapped("  run        ", &self.ran());
        for file in &self.files {
            text += &format!("  written    {file}\n");
        }
        text + &self.results()
    }

    fn ran(&self) -> String {
        let instances = grouped(&self.instances.to_string());
        let chosen = match self.chosen {
            Chosen::Given => "given".to_owned(),
            Chosen::All => "all of this size".to_owned(),
            Chosen::Random { seed } => format!("random, seed {seed}"),
        };
        let (evaluated, simulated) = (grouped(&self.evaluated.to_string()), grouped(&self.simulated.to_string()));
        let simulated = match self.simulated {
            0 => "none simulated: its gates are too many to write out".to_owned(),
            _ => format!("{simulated} by simulating its gates"),
        };
        format!("instances: {instances} ({chosen}); {evaluated} by evaluating the circuit's arrays, {simulated}")
    }

    fn results(&self) -> String {
        let mut text = String::new();
        match &self.refutation {
            Some(run) => text += &run.text(),
            None => self.examples.iter().take(SHOWN).for_each(|run| text += &run.text()),
        }
        let left = self.instances.saturating_sub(self.examples.len().min(SHOWN) as u64);
        if self.holds && left > 0 {
            text += &format!("  and {} more\n", grouped(&left.to_string()));
        }
        text + &match self.mismatches {
            0 => "holds: each decodes to the solution of the problem, computed directly\n".to_owned(),
            _ => format!("REFUTED: {} of {} decode to something else\n", self.mismatches, self.instances),
        }
    }
}

/// Instances shown in text.
const SHOWN: usize = 3;

/// The beginning of a long text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} ... ({} characters; --json has all)", &text[..end], text.chars().count()),
    }
}
