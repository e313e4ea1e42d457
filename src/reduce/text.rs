//! Programs written down as native TOML; must not know what they compute.

use crate::number::Rational;
use crate::spec::program::Formats;

/// The parts of a program's file.
pub struct Draft<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is, a line each.
    pub about: Vec<String>,
    /// The lines of `[program]`, and of its nodes and weights.
    pub program: Vec<String>,
    /// The weights to begin with, a list or `"inputs"`.
    pub start: Start,
}

/// What weights start from.
pub enum Start {
    /// From outside.
    Inputs,
    /// One weight with these entries, in rows of this length if it has two axes.
    Given(&'static str, Vec<Rational>, Option<usize>),
}

impl Draft<'_> {
    /// The file.
    pub fn text(&self, formats: &Formats) -> String {
        let mut text: String = self.about.iter().map(|line| format!("# {line}\n")).collect();
        text += &format!("name = \"{}\"\n\n[program]\n{}\n", self.name, self.program.join("\n"));
        text += "\n[data]\nsource = \"inputs\"\n\n[weights]\n";
        text += &match &self.start {
            Start::Inputs => "source = \"inputs\"\n".to_owned(),
            Start::Given(name, values, None) => format!("source = \"given\"\n{name} = {}\n", list(values)),
            Start::Given(name, values, Some(row)) => {
                let rows: Vec<String> = values.chunks(*row).map(list).collect();
                format!("source = \"given\"\n{name} = [{}]\n", rows.join(", "))
            }
        };
        let Formats { weights, activations, data, targets } = formats;
        text + &format!(
            "\n[numerics]\nweights = \"{weights}\"\nactivations = \"{activations}\"\ndata = \"{data}\"\ntargets = \"{targets}\"\n"
        )
    }
}

/// The lines of gradient descent.
pub fn descent(loss: &str, features: usize, steps: usize, step_size: u32, more: &[&str]) -> Vec<String> {
    let lines = [
        "kind = \"gradient-descent\"".to_owned(),
        format!("steps = {steps}"),
        format!("loss = \"{loss}\""),
        format!("features = {features}"),
        format!("step_size = {step_size}"),
    ];
    lines.into_iter().chain(more.iter().map(|line| (*line).to_owned())).collect()
}

/// A node of a loss.
pub fn node(name: &str, op: &str, of: &[&str], more: &str) -> String {
    let of: Vec<String> = of.iter().map(|name| format!("\"{name}\"")).collect();
    let more = if more.is_empty() { String::new() } else { format!("{more}\n") };
    format!("\n[[program.node]]\nname = \"{name}\"\nop = \"{op}\"\n{more}of = [{}]", of.join(", "))
}

fn list(values: &[Rational]) -> String {
    let told = |value: &Rational| if value.is_integer() { value.to_string() } else { format!("\"{value}\"") };
    format!("[{}]", values.iter().map(told).collect::<Vec<_>>().join(", "))
}
