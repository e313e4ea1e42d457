//! From a tensor graph to a threshold circuit, one function per operation; knows both, and nothing of files or reports.

mod general;

pub mod guard;

mod attention;

mod linear;

mod product;

mod route;

pub mod system;

use std::collections::HashMap;
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::One;
use petgraph::graph::NodeIndex;
use thiserror::Error;

use crate::circuit::{ArrayId, Circuit, CircuitError, Origin, Size, Table, Values};
use crate::interval::Interval;
use crate::number::{Format, Function, Rational, Scale};
use crate::tensor::{Carrier, Graph, Node, Op, ParamId, Scores};
use crate::words::{Constants, Form, Maker, Normalisation, ScoreTable, Strategy, Word, unit_of};
use guard::{Calibration, Exact};
use product::{Late, Sharing};

/// A circuit, and how its inputs and outputs stand for tokens and numbers.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The circuit.
    pub circuit: Circuit,
    /// Tokens read.
    pub tokens: u64,
    /// Token ids are below this.
    pub vocabulary: u64,
    /// Bits per token id, least significant first.
    pub token_bits: u32,
    /// Output levels are worth `2^-fraction`.
    pub fraction: u32,
    /// The exact forms that are rounded, in the order of the graph.
    pub exact: Vec<Exact>,
}

/// Why a graph was not lowered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LowerError {
    /// A gadget built something malformed: a defect of this program.
    #[error("internal error while lowering: {0}")]
    Circuit(#[from] CircuitError),
    /// A format too wide to make tables of.
    #[error(
        "numbers in {format} are too wide to bind to weights: formats of up to {most} bits are compiled and run, wider ones only measured; use --format with fewer bits, or `report`"
    )]
    Wide {
        /// The format.
        format: Format,
        /// The widest allowed.
        most: u32,
    },
    /// A format whose thermometers have too many bits to make tables of.
    #[error(
        "{format} is too wide to bind to weights under the strategy `depth`, where every value is a gate: use --strategy size, or `report`, \
         which measures without binding"
    )]
    Deep {
        /// The format.
        format: Format,
    },
    /// A carried value that has no bounds.
    #[error(
        "`{block}` carries `{output}`, whose range grows with every iteration; store it in a format before it is carried on"
    )]
    Grows {
        /// The block.
        block: String,
        /// Its output.
        output: String,
    },
    /// Blocks that do not fit together: a defect of this program.
    #[error("internal error: `{block}` reads port {port} in another form than `{source_block}` gives it")]
    Mismatch {
        /// The reader.
        block: String,
        /// Its port.
        port: usize,
        /// The source.
        source_block: String,
    },
    /// A table that does not fit.
    #[error(
        "{what} would need {entries} table entries; use `report`, which makes no tables, or a smaller context or vocabulary"
    )]
    Large {
        /// Which table.
        what: &'static str,
        /// Its entries.
        entries: u128,
    },
}

/// The widest format whose tables are made.
const MOST_BITS: u32 = 16;

/// The same where a value is only rounded, in two digits.
const MOST_ROUNDED_BITS: u32 = 21;

/// The most levels times bits of a thermometer that a table is made of.
const MOST_CHANGES: u128 = 1 << 20;

/// The most entries of one table.
const MOST_ENTRIES: u128 = 1 << 28;

/// Arrays an operation takes, as a rule at most.
const ARRAYS: usize = 4;

/// What an operation became.
#[derive(Clone)]
enum Value {
    Form(Form),
    Word(Word),
    Gates(ArrayId),
    /// Stored when something needs it as a word; products may not.
    Late(Late),
}

/// Lowers a graph; with all weights known the circuit can be evaluated and expanded, else only measured.
///
/// # Errors
/// When formats or tables are too large to bind.
pub fn lower(graph: &Graph, strategy: Strategy) -> Result<Lowered, LowerError> {
    lower_within(graph, strategy, None)
}

/// Lowers a graph; where a calibration is given its forms are held to the ranges seen. Outputs whose names begin with
/// [`guard::OUTSIDE`] count the values that leave them: the others hold for inputs on which all of these are zero.
///
/// # Errors
/// When formats or tables are too large to bind.
pub fn lower_within(
    graph: &Graph,
    strategy: Strategy,
    calibration: Option<&Calibration>,
) -> Result<Lowered, LowerError> {
    let mut lowering = Lowering::new(graph, strategy, is_known(graph), Vec::new());
    lowering.calibration = calibration;
    lowering.run()?;
    lowering.finish()
}

fn is_known(graph: &Graph) -> bool {
    graph.params().iter().all(|param| param.values.is_some())
}

struct Lowering<'a> {
    graph: &'a Graph,
    maker: Maker,
    values: Vec<Value>,
    tables: HashMap<ParamId, Constants>,
    inputs: Vec<Input>,
    /// What the graph's ports carry, in order.
    ports: std::vec::IntoIter<system::Declared>,
    /// Layers up to each array, as far as known; a port counts as late.
    layers: Vec<u64>,
    /// How late each port counts, in order; once, where not said.
    lateness: Vec<u64>,
    sharing: Sharing,
    calibration: Option<&'a Calibration>,
    exact: Vec<Exact>,
    /// How many values leave the range of an exact form.
    outside: Vec<(usize, ArrayId)>,
}

/// An array of input bits and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The axes of its numbers; the array has one more, of bits, least significant first.
    pub shape: Vec<u64>,
    /// Bits of each number.
    pub bits: u32,
    /// What the numbers are.
    pub kind: InputKind,
}

/// What the numbers of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Ids below this.
    Tokens(u64),
    /// Numbers of a format: their units in two's complement.
    Numbers(Format),
}

/// The format a node stores values in.
fn stored_format(node: &Node) -> Option<Format> {
    match &node.op {
        Op::Store { format, .. } | Op::Normalise { format, .. } | Op::Softmax(_, _, format) => Some(*format),
        Op::Attend(scores, _) | Op::Positive(scores) => Some(scores.format),
        Op::Quotient(format) => Some(*format),
        Op::Number(format) | Op::Port(Carrier::Stored(format)) => Some(*format),
        _ => None,
    }
}

/// Why no tables are made of the format a node stores values in.
fn refusal(node: &Node, strategy: Strategy) -> Option<LowerError> {
    let format = stored_format(node)?;
    let rounds = matches!(&node.op, Op::Store { function: Function::Identity, .. }) && !format.is_float();
    too_wide(format, strategy, if rounds && strategy == Strategy::Size { MOST_ROUNDED_BITS } else { MOST_BITS })
}

/// Why no tables are made of a format.
fn too_wide(format: Format, strategy: Strategy, most: u32) -> Option<LowerError> {
    let bits = u128::from(format.max().abs_diff(format.min())) * u128::from(format.width());
    if format.bits() > most {
        return Some(LowerError::Wide { format, most });
    }
    (strategy == Strategy::Depth && bits > MOST_CHANGES).then_some(LowerError::Deep { format })
}

type Result<T, E = LowerError> = std::result::Result<T, E>;

impl<'a> Lowering<'a> {
    fn new(graph: &'a Graph, strategy: Strategy, known: bool, ports: Vec<system::Declared>) -> Self {
        let nodes = graph.petgraph().node_count();
        let mut maker = Maker::new(strategy, known);
        maker.builder.reserve(ARRAYS * nodes);
        Self {
            graph,
            maker,
            values: Vec::with_capacity(nodes),
            tables: HashMap::new(),
            inputs: Vec::new(),
            ports: ports.into_iter(),
            layers: Vec::new(),
            lateness: Vec::new(),
            sharing: Sharing::default(),
            calibration: None,
            exact: Vec::new(),
            outside: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<()> {
        let graph = self.graph;
        self.plan()?;
        if let Some(how) = graph.accumulation() {
            self.check(too_wide(how.format, self.maker.strategy, MOST_BITS))?;
        }
        for id in graph.order() {
            let node = graph.node(id);
            self.check(refusal(node, self.maker.strategy))?;
            self.origin(node);
            let value = self.node(id, node)?;
            self.values.push(value);
        }
        Ok(())
    }

    /// Arrays made from now on belong to this node.
    fn origin(&mut self, node: &Node) {
        self.maker.builder.set_origin(Origin { module: Arc::clone(&node.module), operation: node.label.clone() });
    }

    fn finish(mut self) -> Result<Lowered> {
        let (array, unit) = self.plain(self.graph.output())?;
        let fraction = if unit.is_integer() { 0 } else { unit.denom().bits() as u32 - 1 };
        self.maker.builder.output(self.graph.output_name(), array);
        self.guards();
        let (tokens, vocabulary, token_bits) = match self.inputs.first() {
            Some(Input { shape, bits, kind: InputKind::Tokens(vocabulary), .. }) => (shape[0], *vocabulary, *bits),
            _ => (0, 1, 1),
        };
        let exact = self.exact;
        Ok(Lowered { circuit: self.maker.builder.build(), tokens, vocabulary, token_bits, fraction, exact })
    }

    /// A value given out: its array and what one is worth; forms that are not stored count in units of their own.
    fn plain(&mut self, id: NodeIndex) -> Result<(ArrayId, Rational)> {
        match self.values[id.index()].clone() {
            Value::Form(form) => Ok((form.array, Rational::one())),
            Value::Gates(array) => Ok((array, Rational::one())),
            Value::Word(_) | Value::Late(_) => {
                let word = self.word(id)?;
                Ok((self.maker.value(&word)?, unit_of(word.scale.fraction())))
            }
        }
    }

    fn check(&self, refusal: Option<LowerError>) -> Result<()> {
        match refusal {
            Some(refusal) if self.maker.known => Err(refusal),
            _ => Ok(()),
        }
    }

    fn limit(&self, what: &'static str, entries: u128) -> Result<()> {
        if self.maker.known && entries > MOST_ENTRIES { Err(LowerError::Large { what, entries }) } else { Ok(()) }
    }

    fn node(&mut self, id: NodeIndex, node: &Node) -> Result<Value> {
        let operands = self.graph.operands(id);
        let first = operands.first().copied();
        match &node.op {
            Op::Tokens { vocabulary } => self.tokens(node, *vocabulary),
            Op::Embed { table, scale, format } => self.embed(first, *table, scale.as_ref(), *format),
            Op::AddRows { table, first_only, format } => self.add_rows(first, *table, *first_only, *format),
            Op::Linear { weight, bias, out } => self.linear(first, *weight, *bias, out),
            Op::Rotate { features, base, half_split, fraction } => {
                self.rotate(first, *features, base, *half_split, *fraction)
            }
            Op::Add => {
                let (a, b) = (self.form(operands[0])?, self.form(operands[1])?);
                Ok(Value::Form(self.maker.add(&a, &b)?))
            }
            Op::Store { function, format } => self.store(id, operands[0], function, *format),
            Op::Port(carrier) => self.port(node, *carrier),
            Op::Number(format) => self.number(node, *format),
            Op::Given(table) => self.given(node, *table),
            Op::Scale(factor) => self.scale(operands[0], factor),
            Op::Weigh(table) => self.weigh(operands[0], *table),
            Op::Sum(axis) => self.sum(operands[0], *axis),
            Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } => self.moved(node, operands[0]),
            Op::Reshape => self.reshaped(node, operands[0]),
            Op::Concat(axis) => self.concat(&operands, *axis),
            Op::Max(axis) => self.maximum(operands[0], *axis),
            Op::Centre => {
                let form = self.form(operands[0])?;
                Ok(Value::Form(match self.graph.accumulation() {
                    None => self.maker.centre(&form)?,
                    Some(how) => self.maker.centre_by(&form, how)?,
                }))
            }
            Op::Normalise { .. } => self.normalise(operands[0], &node.op),
            Op::Dot(attended) => self.dot(operands[0], operands[1], *attended),
            Op::Distances { table, farthest, both, .. } => self.distances(operands[0], *table, *farthest, *both),
            Op::Attend(scores, attended) => {
                let table = self.score_table(scores);
                let scores = self.scores(id, operands[0])?;
                self.attend(&scores, operands[1], &table, *attended)
            }
            Op::Softmax(scores, attended, format) => {
                let table = self.score_table(scores);
                let scores = self.scores(id, operands[0])?;
                self.softmax(&scores, &table, *attended, *format)
            }
            Op::Mix(attended) => self.mix(operands[0], operands[1], *attended),
            Op::Product => self.product(id, operands[0], operands[1]),
            Op::Argmax => {
                let form = self.form(operands[0])?;
                let entries = node.shape.last().map_or(0, |size| u128::from(size.value));
                self.limit("argmax", entries * entries)?;
                Ok(Value::Gates(self.maker.argmax(form.array)?))
            }
            Op::Top { count, from } => self.top(operands[0], *count, *from),
            Op::Positive(scores) => {
                let form = self.scores(id, operands[0])?;
                let table = self.score_table(scores);
                Ok(Value::Word(self.maker.exponentials(&form, &table)?))
            }
            Op::Chosen => self.chosen(id, &operands),
            Op::Quotient(format) => {
                let (a, b) = (self.form(operands[0])?, self.form(operands[1])?);
                Ok(Value::Word(self.maker.divide(&a, &b, *format)?))
            }
            Op::Last => self.last(operands[0]),
        }
    }

    /// A value as forms.
    fn form(&mut self, id: NodeIndex) -> Result<Form> {
        match self.values[id.index()].clone() {
            Value::Form(form) => Ok(form),
            Value::Gates(array) => Ok(Form { array, unit: Rational::one() }),
            Value::Word(_) | Value::Late(_) => {
                let word = self.word(id)?;
                Ok(Form { array: self.maker.value(&word)?, unit: unit_of(word.scale.fraction()) })
            }
        }
    }

    /// A value as a stored word; graphs store what is read as one.
    fn word(&mut self, id: NodeIndex) -> Result<Word> {
        let word = match self.values[id.index()].clone() {
            Value::Word(word) => return Ok(word),
            Value::Form(_) | Value::Gates(_) => unreachable!("the graph stores every value read as a word"),
            Value::Late(Late { form, stored, moved: None }) => {
                let here = self.maker.builder.origin();
                self.origin(self.graph.node(id));
                let word = self.maker.store(&form, &stored)?;
                self.maker.builder.set_origin(here);
                word
            }
            Value::Late(Late { form, moved: Some((from, index)), .. }) => {
                let word = self.word(from)?;
                let shape = self.maker.shape(form.array);
                self.maker.moved_word(&word, shape, &index)?
            }
        };
        self.values[id.index()] = Value::Word(word.clone());
        Ok(word)
    }

    fn tokens(&mut self, node: &Node, vocabulary: u64) -> Result<Value> {
        let bits = (64 - (vocabulary - 1).leading_zeros()).max(1);
        let own = node.shape.iter().map(|size| size.value).collect();
        self.inputs.push(Input { name: node.label.clone(), shape: own, bits, kind: InputKind::Tokens(vocabulary) });
        let shape = node.shape.iter().cloned().chain([Size::fixed(u64::from(bits))]).collect();
        Ok(Value::Gates(self.maker.builder.input(shape)?))
    }

    fn normalise(&mut self, x: NodeIndex, op: &Op) -> Result<Value> {
        let Op::Normalise { unit, epsilon, gain, plus_one, bias, format } = op else {
            unreachable!("called for Normalise")
        };
        let offset = |constants: &Constants| BigInt::from(*plus_one) << constants.fraction;
        let gain = gain.map(|id| self.constants(id)).map(|constants| shifted(&constants, &offset(&constants)));
        let bias = bias.map(|id| self.constants(id));
        let norm = Normalisation { unit: *unit, epsilon: epsilon.clone(), gain, bias, format: *format };
        let word = self.word(x)?;
        Ok(Value::Word(self.maker.normalise_by(&word, &norm, self.graph.accumulation())?))
    }

    /// Exact scores about to be rounded.
    fn scores(&mut self, id: NodeIndex, x: NodeIndex) -> Result<Form> {
        let form = self.form(x)?;
        self.exact(id, form)
    }

    fn score_table(&mut self, scores: &Scores) -> ScoreTable {
        ScoreTable {
            function: scores.function.clone(),
            scale_squared: scores.scale_squared.clone(),
            softcap: scores.softcap.clone(),
            format: scores.format,
            clamp: scores.clamp,
            exp_bits: scores.exp_bits,
            sinks: scores.sinks.map(|id| self.constants(id)),
        }
    }

    /// A parameter as a table of the circuit.
    fn constants(&mut self, id: ParamId) -> Constants {
        let param = self.graph.param(id);
        if let Some(constants) = self.tables.get(&id) {
            return constants.clone();
        }
        let constants = self.tabled(param.values.as_ref(), param.bounds(), &param.shape, param.format.scale());
        self.tables.insert(id, constants.clone());
        constants
    }

    /// Levels of a scale as a table of units; of floating-point ones, of the greatest power of two that all are multiples of.
    fn tabled(&mut self, levels: Option<&Arc<[i64]>>, (lo, hi): (i64, i64), shape: &[u64], scale: Scale) -> Constants {
        let values = levels.map(|levels| units(levels, scale));
        let zeros = values.as_ref().map_or(0, |(_, zeros)| *zeros);
        let range = Interval { lo: scale.value(lo) >> zeros, hi: scale.value(hi) >> zeros };
        let len = shape.iter().map(|size| u128::from(*size)).product();
        let values = values.map(|(values, _)| values);
        let table = match &values {
            None => Table::bounded(len, range.clone()),
            Some(Values::Small(values)) => Table::small(values.clone()),
            Some(values) => Table::new(values.iter().collect()),
        };
        let table = self.maker.builder.table(table);
        Constants { table, range, values, fraction: scale.fraction() - zeros }
    }
}

/// Units of levels, and how many zeros at their end, which all have in common, are left out.
fn units(levels: &Arc<[i64]>, scale: Scale) -> (Values, u32) {
    if scale.is_even() {
        return (Values::Small(levels.clone()), 0);
    }
    let values: Vec<BigInt> = levels.iter().map(|level| scale.value(*level)).collect();
    let zeros = values.iter().filter_map(BigInt::trailing_zeros).min().unwrap_or(0);
    let zeros = u32::try_from(zeros).unwrap_or(0).min(scale.fraction());
    let table = Table::new(values.into_iter().map(|value| value >> zeros).collect());
    (table.values.unwrap_or_else(|| unreachable!("made of values")), zeros)
}

/// Constants with an integer added to each; the table itself is not used by the gadgets that take these.
fn shifted(constants: &Constants, by: &BigInt) -> Constants {
    let values =
        constants.values.as_ref().and_then(|values| Table::new(values.iter().map(|v| v + by).collect()).values);
    let range = constants.range.plus(&Interval::point(by.clone()));
    Constants { values, range, ..constants.clone() }
}

fn one_shifted(bits: u32) -> Rational {
    Rational::from_integer(BigInt::one() << bits)
}
