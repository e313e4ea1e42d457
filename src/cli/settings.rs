//! Flags that change a model before it is lowered; must not know what is done with it then.

use std::path::PathBuf;

use clap::ValueEnum;

use super::number;
use crate::number::{Format, Policy};
use crate::pipeline::subject::{self, Options};
use crate::recurrent::Recurrence;
use crate::spec::program::Formats;
use crate::spec::{Document, Numerics, Output, Rounding, Spec, WeightSource};
use crate::words::Strategy;

/// What the model is taken to be, over what its file says.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Model")]
pub(super) struct Settings {
    /// Tokens: 1024, 128K (K = 1024), 1M, 1e18, 10^18; default: as the model's file says, and in `run` as many as are given
    #[arg(long, value_name = "N", value_parser = number::context, allow_negative_numbers = true)]
    pub context: Option<u64>,
    /// Steps of a program: short for --at steps=N
    #[arg(long, value_name = "N", value_parser = number::length, allow_negative_numbers = true)]
    steps: Option<u64>,
    /// The length of an axis, such as steps=64 or layers=4; may be repeated
    #[arg(long = "at", value_name = "AXIS=N", value_parser = number::at)]
    at: Vec<(String, u64)>,
    /// How linear recurrences are laid out: a position after the other, or all at once by parallel prefix
    #[arg(long, value_enum)]
    recurrence: Option<RecurrenceName>,
    /// Number format of weights and activations, and of the data of programs: int(b), fixed(i,f), fp8-e4m3, fp8-e5m2, fp16, bf16,
    /// fp32 (measured, not expanded) or float(e,m)
    #[arg(long, value_name = "F")]
    format: Option<Format>,
    /// Number format of weights
    #[arg(long, value_name = "F")]
    weights_format: Option<Format>,
    /// Number format of activations
    #[arg(long, value_name = "F")]
    activations_format: Option<Format>,
    /// What to save: layers (default of `report`) or gates (default of `compile` and `run`)
    #[arg(long, value_enum)]
    strategy: Option<StrategyName>,
    /// Where values are rounded: where they are stored, or after every operation
    #[arg(long, value_enum)]
    rounding: Option<RoundingName>,
    /// How sums are added up: exact (and rounded once), or with partial sums rounded: tree(k), sequential, blocked(k)
    #[arg(long, value_name = "ORDER")]
    accumulate: Option<Policy>,
    /// Number format of partial sums; default: that of activations
    #[arg(long, value_name = "F")]
    accumulator: Option<Format>,
    /// Attention scores are clamped to this either side of zero
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    score_clamp: Option<u32>,
    /// Bits after the point of the table of exponentials
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    exp_bits: Option<u32>,
    /// What the model gives out
    #[arg(long, value_enum)]
    output: Option<OutputName>,
    /// Give out the last position only
    #[arg(long)]
    last: bool,
    /// Weights, in place of those the model's file names
    #[arg(long, value_name = "FILE.safetensors")]
    pub weights: Option<PathBuf>,
}

/// The most layers a model is given by a flag.
const MOST_LAYERS: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum StrategyName {
    Depth,
    Size,
}

impl StrategyName {
    /// The strategy of this name.
    pub fn strategy(self) -> Strategy {
        match self {
            Self::Depth => Strategy::Depth,
            Self::Size => Strategy::Size,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum RecurrenceName {
    Sequential,
    Scan,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum RoundingName {
    Fused,
    Eager,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum OutputName {
    Logits,
    Hidden,
    Argmax,
}

impl Settings {
    /// The strategy, or this one where none was asked for.
    pub fn strategy(&self, default: Strategy) -> Strategy {
        self.strategy.map_or(default, StrategyName::strategy)
    }

    /// The same with sums added up in this way.
    pub fn accumulated(&self, policy: Policy) -> Self {
        Self { accumulate: Some(policy), ..self.clone() }
    }

    /// Whether a strategy was asked for.
    pub fn has_strategy(&self) -> bool {
        self.strategy.is_some()
    }

    /// The flags that say the same.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut flag = |name: &str, value: Option<String>| flags.extend(value.map(|value| format!("--{name}={value}")));
        let word = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| value().map(|v| v.get_name().to_owned());
        flag("context", self.context.map(|n| n.to_string()));
        flag("steps", self.steps.map(|n| n.to_string()));
        self.at.iter().for_each(|(axis, length)| flag("at", Some(format!("{axis}={length}"))));
        flag("recurrence", word(&|| self.recurrence.and_then(|v| v.to_possible_value())));
        flag("format", self.format.map(|f| f.to_string()));
        flag("weights-format", self.weights_format.map(|f| f.to_string()));
        flag("activations-format", self.activations_format.map(|f| f.to_string()));
        flag("strategy", word(&|| self.strategy.and_then(|v| v.to_possible_value())));
        flag("rounding", word(&|| self.rounding.and_then(|v| v.to_possible_value())));
        flag("accumulate", self.accumulate.map(|policy| policy.to_string()));
        flag("accumulator", self.accumulator.map(|format| format.to_string()));
        flag("score-clamp", self.score_clamp.map(|n| n.to_string()));
        flag("exp-bits", self.exp_bits.map(|n| n.to_string()));
        flag("output", word(&|| self.output.and_then(|v| v.to_possible_value())));
        flag("weights", self.weights.as_ref().map(|path| path.display().to_string()));
        if self.last {
            flags.push("--last".to_owned())
        }
        flags
    }

    /// How a document is lowered, over what it says itself.
    pub fn options(&self, default: Strategy, bound: bool) -> Options {
        let named = [("context", self.context), ("steps", self.steps)];
        let named = named.into_iter().filter_map(|(axis, length)| Some((axis.to_owned(), length?)));
        let recurrence = match self.recurrence {
            Some(RecurrenceName::Scan) => Recurrence::Scan,
            None | Some(RecurrenceName::Sequential) => Recurrence::Sequential,
        };
        let lengths = named.chain(self.at.iter().cloned()).collect();
        Options { strategy: self.strategy(default), lengths, recurrence, bound }
    }

    /// Changes a document as asked.
    ///
    /// # Errors
    /// When it has nothing of the kind that a flag changes.
    pub fn apply_to(&self, document: &mut Document) -> Result<(), String> {
        self.named_once()?;
        if self.recurrence.is_some() && !matches!(document, Document::Recurrent(_)) {
            return Err("--recurrence is of recurrent networks".to_owned());
        }
        if let Document::Model(spec) = document {
            self.apply(spec);
            return self.lengthen(spec);
        }
        let mut changes =
            Self { context: None, steps: None, at: Vec::new(), recurrence: None, strategy: None, ..self.clone() };
        if let Document::Program(program) = document {
            let Formats { weights, activations, data, targets } = &mut program.numerics;
            set(weights, changes.weights_format.take().or(changes.format));
            set(activations, changes.activations_format.take().or(changes.format));
            set(data, changes.format);
            set(targets, changes.format.take());
        }
        if subject::numerics(document).is_none() {
            // Their sums are exact.
            changes.accumulate = changes.accumulate.filter(|policy| *policy != Policy::Exact);
        }
        if changes == Self::default() {
            return Ok(());
        }
        let (accumulate, accumulator) = (None, None);
        let only_numerics = Self {
            format: None,
            weights_format: None,
            activations_format: None,
            rounding: None,
            accumulate,
            accumulator,
            ..changes.clone()
        };
        let only_numerics = match document {
            Document::Onnx(_) => Self { score_clamp: None, exp_bits: None, ..only_numerics },
            _ => only_numerics,
        };
        match subject::numerics(document) {
            Some(numerics) if only_numerics == Self::default() => {
                self.numerics(numerics);
                Ok(())
            }
            None if changes.accumulate.is_some() => Err(
                "--accumulate: sums of programs and of stacks of linear attention that do descent are exact".to_owned(),
            ),
            _ => Err("of this file only lengths of axes, the strategy and, where it has a table [numerics] as models do, formats can be \
                      changed by flags; change the file for the rest".to_owned()),
        }
    }

    /// Whether no axis is given two lengths.
    fn named_once(&self) -> Result<(), String> {
        let short = [("context", self.context.is_some()), ("steps", self.steps.is_some())];
        let short = short.into_iter().filter_map(|(axis, given)| given.then_some(axis));
        let mut axes: Vec<&str> = self.at.iter().map(|(axis, _)| &**axis).chain(short).collect();
        axes.sort_unstable();
        let twice = axes.windows(2).find(|pair| pair[0] == pair[1]);
        twice.map_or(Ok(()), |pair| Err(format!("axis `{}` is given two lengths", pair[0])))
    }

    /// Gives a model the lengths of `--at`.
    fn lengthen(&self, spec: &mut Spec) -> Result<(), String> {
        if self.steps.is_some() {
            return Err("there is no axis `steps`; there is context, layers".to_owned());
        }
        for (axis, length) in &self.at {
            let blocks = &mut spec.architecture.blocks;
            match (&**axis, usize::try_from(*length)) {
                ("context", _) => spec.architecture.default_context = *length,
                ("layers", Ok(layers)) if layers <= MOST_LAYERS && blocks.windows(2).all(|pair| pair[0] == pair[1]) => {
                    blocks.resize(layers, blocks[0].clone());
                }
                ("layers", _) => {
                    return Err(format!(
                        "layers are set to at most {MOST_LAYERS}, and only where all blocks are alike"
                    ));
                }
                _ => return Err(format!("there is no axis `{axis}`; there is context, layers")),
            }
        }
        Ok(())
    }

    /// Changes a model as asked.
    pub fn apply(&self, spec: &mut Spec) {
        self.numerics(&mut spec.numerics);
        let architecture = &mut spec.architecture;
        architecture.last_only |= self.last;
        match self.output {
            None => {}
            Some(OutputName::Logits) => architecture.output = Output::Logits,
            Some(OutputName::Hidden) => architecture.output = Output::Hidden,
            Some(OutputName::Argmax) => architecture.output = Output::Argmax,
        }
        if let Some(file) = &self.weights {
            spec.weights = WeightSource::File(file.clone());
        }
    }

    fn numerics(&self, numerics: &mut Numerics) {
        set(&mut numerics.weights, self.weights_format.or(self.format));
        set(&mut numerics.activations, self.activations_format.or(self.format));
        set(&mut numerics.score_clamp, self.score_clamp);
        set(&mut numerics.exp_bits, self.exp_bits);
        set(&mut numerics.accumulate, self.accumulate);
        numerics.accumulator = self.accumulator.or(numerics.accumulator);
        let rounding = |name| if name == RoundingName::Fused { Rounding::Fused } else { Rounding::Eager };
        set(&mut numerics.rounding, self.rounding.map(rounding));
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
