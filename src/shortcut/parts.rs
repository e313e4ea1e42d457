//! A program's looped graphs taken apart: the start, what rests on data alone, the step, the end, and the inputs of each; must not know
//! what a step computes.

use std::ops::Range;

use super::polynomial::Variable;
use crate::gates::InputWord;
use crate::loops::{At, Block};
use crate::number::{Format, Function};
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, Op};

/// A program's system and which of its blocks is what.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'s> {
    /// The system.
    pub system: &'s Looped,
    step: usize,
    end: usize,
    early: Option<usize>,
}

impl<'s> Parts<'s> {
    /// Takes a system apart; none where it is not a start, one step repeated and an end.
    pub fn of(system: &'s Looped) -> Option<Self> {
        let blocks = system.blocks();
        let step = blocks.iter().position(|block| block.axes.len() == 1)?;
        let end = system.outputs().first()?.block;
        let others: Vec<usize> = (1..blocks.len()).filter(|block| *block != step && *block != end).collect();
        let parts = Self { system, step, end, early: others.first().copied() };
        let plain = others.len() <= 1 && step > 0 && end > step && parts.carried() > 0;
        plain.then_some(parts)
    }

    fn block(&self, number: usize) -> &'s Block<Graph> {
        &self.system.blocks()[number]
    }

    /// The graph that gives the state to begin with.
    pub fn start(&self) -> &'s Graph {
        &self.block(0).bodies[0]
    }

    /// The graph of what rests on data that come in once.
    pub fn early(&self) -> Option<&'s Graph> {
        self.early.map(|early| &self.block(early).bodies[0])
    }

    /// The graphs of steps, taken in turn.
    pub fn bodies(&self) -> &'s [Graph] {
        &self.block(self.step).bodies
    }

    /// The graph that gives out the weights.
    pub fn end(&self) -> &'s Graph {
        &self.block(self.end).bodies[0]
    }

    /// Steps.
    pub fn steps(&self) -> u64 {
        self.system.axes()[self.block(self.step).axes[0]].length
    }

    /// How many ports of a step read the step before; the others read what rests on data alone.
    pub fn carried(&self) -> usize {
        let own = |port: &&Vec<crate::loops::Wire>| port[0].block == self.step && port[0].at == [At::Back(1)];
        self.block(self.step).ports.iter().take_while(own).count()
    }

    /// Which output of the early graph a port of a step reads, after those that carry.
    pub fn early_outputs(&self) -> Vec<usize> {
        self.block(self.step).ports.iter().skip(self.carried()).map(|port| port[0].output).collect()
    }

    /// Which carried value each port of the end reads.
    pub fn given_out(&self) -> Vec<usize> {
        self.block(self.end).ports.iter().map(|port| port[0].output).collect()
    }

    /// Something in a floating-point format, and the format.
    pub fn float(&self) -> Option<(String, Format)> {
        let graphs = || self.system.blocks().iter().flat_map(|block| &block.bodies);
        let nodes = graphs().flat_map(|graph| graph.order().map(move |id| graph.node(id)));
        let stored = nodes.filter_map(|node| match &node.op {
            Op::Store { format, .. } | Op::Number(format) | Op::Port(Carrier::Stored(format)) => {
                Some((node.label.clone(), *format))
            }
            _ => None,
        });
        let constants = graphs().flat_map(Graph::params).map(|param| (param.name.clone(), param.format));
        stored.chain(constants).find(|(_, format)| format.is_float())
    }

    /// Entries of each carried value.
    pub fn entries(&self) -> Vec<usize> {
        let body = &self.bodies()[0];
        body.ports().iter().take(self.carried()).map(|(id, _)| entries(body, *id)).collect()
    }

    /// The format each carried value is rounded to wherever it is read; none where something reads it as it is.
    pub fn rounded_when_read(&self) -> Vec<Option<Format>> {
        let (ends, given) = (self.end().ports(), self.given_out());
        let one = |number: usize| {
            let bodies = self.bodies().iter().filter_map(|body| Some((body, body.ports().get(number)?.0)));
            let end = given.iter().position(|own| *own == number).map(|port| (self.end(), ends[port].0));
            let mut formats = bodies.chain(end).map(|(graph, port)| stored_as(graph, port));
            let first = formats.next()??;
            formats.all(|format| format == Some(first)).then_some(first)
        };
        (0..self.carried()).map(one).collect()
    }

    /// Its inputs at its length.
    pub fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        let done: Result<(), std::convert::Infallible> = self.system.try_each(|instance| {
            let block = self.block(instance.block);
            let at: Vec<String> = instance.at.iter().map(u64::to_string).collect();
            let place = if at.is_empty() { String::new() } else { format!("[{}]", at.join(",")) };
            let first = layout.formats.len();
            if instance.block == self.step {
                layout.steps.push(first);
            }
            layout.take(block.body(&instance.at), &place);
            let taken = first..layout.formats.len();
            match instance.block {
                0 => layout.start = taken,
                number if Some(number) == self.early => layout.early = taken,
                _ => {}
            }
            Ok(())
        });
        let Ok(()) = done;
        layout
    }
}

fn entries(graph: &Graph, id: petgraph::graph::NodeIndex) -> usize {
    graph.node(id).shape.iter().map(|size| size.value as usize).product()
}

/// The format all readers of a port store it in.
fn stored_as(graph: &Graph, port: petgraph::graph::NodeIndex) -> Option<Format> {
    let mut readers = graph.petgraph().neighbors(port).map(|reader| match &graph.node(reader).op {
        Op::Store { function: Function::Identity, format } => Some(*format),
        _ => None,
    });
    let first = readers.next()??;
    readers.all(|format| format == Some(first)).then_some(first)
}

/// The inputs of a program in the order its circuit takes them: words, and the entries of each.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The input arrays.
    pub words: Vec<InputWord>,
    /// The format of every entry of every array.
    pub formats: Vec<Format>,
    /// The entries of the start.
    pub start: Range<usize>,
    /// The entries of what comes in once.
    pub early: Range<usize>,
    /// The first entry of each step.
    pub steps: Vec<usize>,
}

impl Layout {
    fn take(&mut self, graph: &Graph, place: &str) {
        for id in graph.order() {
            let node = graph.node(id);
            let Op::Number(format) = node.op else { continue };
            let shape: Vec<u64> = node.shape.iter().map(|size| size.value).collect();
            self.formats.extend(std::iter::repeat_n(format, shape.iter().product::<u64>() as usize));
            self.words.push(InputWord::signed(&format!("{}{place}", node.label), &shape, format.bits()));
        }
    }

    /// The entry a variable of a step stands for.
    pub fn entry(&self, step: usize, variable: Variable) -> Option<usize> {
        match variable {
            Variable::Start(number) => Some(self.start.start + number),
            Variable::Early(number) => Some(self.early.start + number),
            Variable::Data(number) => Some(self.steps[step] + number),
            Variable::State(_) | Variable::Noise(_) => None,
        }
    }

    /// Entries before those of the first step.
    pub fn head(&self) -> usize {
        self.steps.first().copied().unwrap_or(self.formats.len())
    }

    /// Entries of one step.
    pub fn letter(&self) -> usize {
        self.steps.get(1).copied().unwrap_or(self.formats.len()) - self.head()
    }

    /// Input bits in all.
    pub fn bits(&self) -> u64 {
        self.formats.iter().map(|format| u64::from(format.bits())).sum()
    }

    /// The levels of every entry for a number: its bits are the input bits, the first lowest.
    pub fn levels(&self, number: u64) -> Vec<i64> {
        let mut rest = number;
        let level = |format: &Format| {
            let level = rest & ((1 << format.bits()) - 1);
            rest >>= format.bits();
            signed(level, *format)
        };
        self.formats.iter().map(level).collect()
    }

    /// Entries by name, as a person reads them: `x[3] = (1, -2)`.
    pub fn told(&self, levels: &[i64]) -> String {
        let mut rest = levels.iter().zip(&self.formats);
        let told = self.words.iter().map(|word| {
            let count = word.elements().unwrap_or(0) as usize;
            let values: Vec<String> = rest.by_ref().take(count).map(|(level, format)| value(*level, *format)).collect();
            match &values[..] {
                [one] => format!("{} = {one}", word.name),
                all => format!("{} = ({})", word.name, all.join(", ")),
            }
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

/// The level that so many low bits stand for in two's complement.
pub fn signed(bits: u64, format: Format) -> i64 {
    let width = format.bits();
    if bits >> (width - 1) & 1 == 1 { bits as i64 - (1i64 << width) } else { bits as i64 }
}

/// A level as the number it is.
fn value(level: i64, format: Format) -> String {
    format.number(level).to_string()
}
