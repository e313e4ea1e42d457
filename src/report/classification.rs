//! What a step's transition monoid says, as plain data and text; must not know how monoids are closed.

use serde::Serialize;

use super::figures::{grouped, wrapped};
use crate::monoid::step::{Scope, Step};
use crate::monoid::{Class, Classification, Order};
use crate::spec::program::Program;

/// The version of a classification's fields.
pub const SCHEMA: &str = "isobath.classification/1";

/// A classification, told.
#[derive(Clone, Debug, Serialize)]
pub struct Described {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program.
    pub name: String,
    /// Its formats.
    pub formats: FormatsText,
    /// `all`, or `reachable` from the start.
    pub scope: &'static str,
    /// States.
    pub states: usize,
    /// What a state consists of.
    pub carried: Vec<String>,
    /// Values of the data of a step.
    pub data_values: usize,
    /// Whether these were listed, rather than all of the formats.
    pub listed: bool,
    /// Hard-wired examples, any of which may come at any step; none where data come in.
    pub examples: Option<usize>,
    /// What comes in at each step.
    pub inputs: Vec<String>,
    /// Different maps.
    pub maps: usize,
    /// The monoid.
    pub monoid: MonoidText,
    /// Images of two or more states.
    pub images: Listed,
    /// A proof by order: `chain`, or the coordinates of a cascade.
    pub order: Option<String>,
    /// Whether there is no group; null where that is not proved.
    pub aperiodic: Option<bool>,
    /// Whether all groups are solvable; null where that is not proved.
    pub solvable: Option<bool>,
    /// `AC0`, `ACC0`, `NC1-complete`, `not AC0` or `open`.
    pub class: &'static str,
    /// The class in words.
    pub says: String,
    /// The theorems it rests on.
    pub theorems: &'static str,
    /// What family of functions this is about.
    pub family: &'static str,
    /// A group.
    pub witness: Option<WitnessText>,
    /// A data value that changes no state.
    pub padding: Option<String>,
}

/// Formats by name.
#[derive(Clone, Debug, Serialize)]
pub struct FormatsText {
    weights: String,
    activations: String,
    data: String,
    targets: String,
}

/// How many there are, or how many were found.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Found.
    pub found: usize,
    /// Whether these are all.
    pub complete: bool,
}

/// The monoid in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct MonoidText {
    /// Elements, the identity among them.
    pub elements: Listed,
    /// Maps that are no products of those taken before them.
    pub generators: usize,
    /// Elements that equal their square.
    pub idempotents: usize,
}

/// A group in words.
#[derive(Clone, Debug, Serialize)]
pub struct WitnessText {
    /// The states that are permuted.
    pub states: Vec<String>,
    /// How many permutations.
    pub order: String,
    /// Orders of the derived series; null where a group was too large.
    pub derived: Option<Vec<String>>,
    /// Whether it is solvable; null where that is not known.
    pub solvable: Option<bool>,
    /// What generates it.
    pub generators: Vec<GeneratorText>,
}

/// A word and what it does.
#[derive(Clone, Debug, Serialize)]
pub struct GeneratorText {
    /// Data values, step by step.
    pub word: Vec<String>,
    /// Cycles of states.
    pub cycles: Vec<Vec<String>>,
}

const FAMILY: &str = "the state after T steps (all that is carried) as a function of the data of these steps and, where all states are looked at, \
                      of the state before them, for T = 1, 2, 3, ...; the dimension and the formats stay fixed, so sizes are polynomial in T with a \
                      factor that grows with the number of states. It is a class of this family, not the depth of any one circuit";

const THEOREMS: &str = "in AC0 exactly where no two words of one length permute states differently (Barrington, Compton, Straubing and Therien, \
                        \"Regular languages in NC1\", JCSS 44, 1992), and complete for NC1 where a group is not solvable (Barrington, JCSS 38, 1989): both \
                        confirmed in secondary sources only; in ACC0 where all groups are solvable (Barrington and Therien, \"Finite monoids and the \
                        fine structure of NC1\", J. ACM 35, 1988): from memory, unconfirmed";

impl Described {
    /// What was found of a program's step; `listed` where data values were listed.
    pub fn new(program: &Program, step: &Step, found: &Classification, listed: bool) -> Self {
        let numerics = &program.numerics;
        let names = |all: &[crate::monoid::step::Coordinate]| all.iter().map(|one| one.name.clone()).collect();
        Self {
            schema: SCHEMA,
            name: program.name.clone(),
            formats: FormatsText {
                weights: numerics.weights.to_string(),
                activations: numerics.activations.to_string(),
                data: numerics.data.to_string(),
                targets: numerics.targets.to_string(),
            },
            scope: if step.scope == Scope::All { "all" } else { "reachable" },
            states: step.automaton.states(),
            carried: names(&step.coordinates),
            data_values: step.data,
            listed,
            examples: step.inputs.is_empty().then_some(step.examples),
            inputs: names(&step.inputs),
            maps: step.automaton.maps().len(),
            monoid: MonoidText {
                elements: Listed { found: found.closure.elements, complete: found.closure.complete },
                generators: found.closure.generators,
                idempotents: found.closure.idempotents,
            },
            images: Listed { found: found.images, complete: found.images_complete },
            order: found.order.as_ref().map(|order| order_text(order, step)),
            aperiodic: found.aperiodic,
            solvable: found.solvable,
            class: class(found.class),
            says: says(found),
            theorems: THEOREMS,
            family: FAMILY,
            witness: found.witness.as_ref().map(|witness| witness_text(witness, step)),
            padding: found.padding.map(|letter| letter_text(step, letter)),
        }
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Ac0 | Class::Ac0Counting => "AC0",
        Class::Acc0 => "ACC0",
        Class::Nc1Complete => "NC1-complete",
        Class::NotAc0 => "not AC0",
        Class::Open => "open",
    }
}

fn says(found: &Classification) -> String {
    match found.class {
        Class::Ac0 => "aperiodic: no word permutes states in a cycle, so AND and OR gates in constant depth suffice for every T".to_owned(),
        Class::Ac0Counting => "words permute states in cycles, but those of one length all alike: the groups only count steps, so for each T AND and OR \
                               gates in constant depth suffice"
            .to_owned(),
        Class::Acc0 => "words of one length permute states differently, in groups that are all solvable: AND, OR and MOD gates in constant depth \
                        suffice, and AND and OR gates alone do not"
            .to_owned(),
        Class::Nc1Complete => "a group that is not solvable: every function in NC1 reduces to this one, so constant depth at polynomial size would \
                               give TC0 = NC1 (threshold gates); logarithmic depth suffices"
            .to_owned(),
        Class::NotAc0 => "words of one length permute states differently, so it is not in AC0; whether all groups are solvable was not settled \
                          within the limits, so ACC0 or complete for NC1"
            .to_owned(),
        Class::Open if found.aperiodic == Some(false) => "some word permutes states in a cycle; more was not settled within the limits. In NC1, as \
                                                           every finite automaton is"
            .to_owned(),
        Class::Open => "nothing was settled within the limits but that it is in NC1, as every finite automaton is".to_owned(),
    }
}

fn order_text(order: &Order, step: &Step) -> String {
    match order {
        Order::Chain => "chain".to_owned(),
        Order::Cascade(axes) => {
            let names: Vec<&str> = axes.iter().map(|axis| &*step.coordinates[*axis].name).collect();
            format!("cascade: {}", names.join(", "))
        }
    }
}

fn state_text(step: &Step, state: u32) -> String {
    let values: Vec<String> = step.state(state).into_iter().map(ToString::to_string).collect();
    if values.len() == 1 { values.concat() } else { format!("[{}]", values.join(" ")) }
}

fn letter_text(step: &Step, letter: u32) -> String {
    let named = step.inputs.iter().zip(step.letter(letter)).map(|(input, value)| format!("{} = {value}", input.name));
    match step.inputs.is_empty() {
        true => format!("example {}", step.letters[letter as usize].example + 1),
        false => named.collect::<Vec<_>>().join(", "),
    }
}

fn witness_text(witness: &crate::monoid::Witness, step: &Step) -> WitnessText {
    let states: Vec<String> = witness.states.iter().map(|state| state_text(step, *state)).collect();
    let generator = |(word, permutation): &(Vec<u32>, Vec<u32>)| GeneratorText {
        word: word.iter().map(|letter| letter_text(step, *letter)).collect(),
        cycles: cycles(permutation)
            .into_iter()
            .map(|cycle| cycle.into_iter().map(|at| states[at].clone()).collect())
            .collect(),
    };
    WitnessText {
        order: witness.order.to_string(),
        derived: witness.derived.as_ref().map(|orders| orders.iter().map(ToString::to_string).collect()),
        solvable: witness.solvable(),
        generators: witness.generators.iter().map(generator).collect(),
        states,
    }
}

/// The cycles of two or more places.
fn cycles(permutation: &[u32]) -> Vec<Vec<usize>> {
    let (mut seen, mut cycles) = (vec![false; permutation.len()], Vec::new());
    for start in 0..permutation.len() {
        let (mut cycle, mut at) = (Vec::new(), start);
        while !seen[at] {
            seen[at] = true;
            cycle.push(at);
            at = permutation[at] as usize;
        }
        if cycle.len() > 1 {
            cycles.push(cycle);
        }
    }
    cycles
}

/// Most items of a list that are written out.
const MOST_ITEMS: usize = 8;

/// The classification as plain text.
pub fn text(told: &Described) -> String {
    let FormatsText { weights, activations, data, targets } = &told.formats;
    let mut text = format!(
        "{}: one step with weights {weights}, activations {activations}, data {data}, targets {targets}\n\n",
        told.name
    );
    let whose = if told.scope == "all" { "all values of" } else { "reached from the start, of" };
    text += &row("states", &format!("{}, {whose} {}", number(told.states), first(&told.carried, ", ")));
    text += &row("data values", &data_text(told));
    text += &row("monoid", &monoid_text(told));
    text += &row(
        "images",
        &format!("{}, each of two or more states that some word leaves apart", count(&told.images, "set")),
    );
    text += &row("order", &order_line(told));
    if let Some(witness) = &told.witness {
        text += &group_text(witness);
    }
    if let Some(padding) = told.padding.as_ref().filter(|_| told.witness.is_some()) {
        text += &row("padding", &format!("{padding} changes no state, so words can be made equally long"));
    }
    text += "\n";
    text += &wrapped(&format!("{:<13}", "class"), &format!("{}: {}", told.class, told.says));
    text += &wrapped(&format!("{:<13}", "of"), told.family);
    text + &wrapped(&format!("{:<13}", "theorems"), told.theorems)
}

fn row(name: &str, line: &str) -> String {
    wrapped(&format!("{name:<13}"), line)
}

fn number(count: usize) -> String {
    grouped(&count.to_string())
}

/// So many things, or more where the limit was hit.
fn count(listed: &Listed, thing: &str) -> String {
    match listed.complete {
        true => plural(listed.found, thing),
        false => format!("more than {} (limit hit)", plural(listed.found, thing)),
    }
}

fn plural(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", number(count), if count == 1 { "" } else { "s" })
}

fn first(items: &[String], between: &str) -> String {
    let more = items.len().saturating_sub(MOST_ITEMS);
    let told = items[..items.len() - more].join(between);
    if more > 0 { format!("{told}{between}and {more} more") } else { told }
}

fn data_text(told: &Described) -> String {
    let maps = format!("{} different maps", number(told.maps));
    match told.examples {
        Some(examples) => {
            format!("{} hard-wired examples, any of which may come at any step; {maps}", number(examples))
        }
        None => {
            let which = if told.listed { "listed" } else { "all" };
            format!("{} ({which}) of {}; {maps}", number(told.data_values), first(&told.inputs, ", "))
        }
    }
}

fn monoid_text(told: &Described) -> String {
    let MonoidText { elements, generators, idempotents } = &told.monoid;
    let found = if elements.complete { "" } else { "of those found, " };
    let (generators, idempotents) = (plural(*generators, "generator"), plural(*idempotents, "idempotent"));
    format!("{}, the identity among them; {generators}; {found}{idempotents}", count(elements, "element"))
}

fn order_line(told: &Described) -> String {
    match told.order.as_deref() {
        None => "no proof by the order of values".to_owned(),
        Some("chain") => "every map keeps the order of values: aperiodic, proved without listing the monoid".to_owned(),
        Some(cascade) => format!(
            "every map keeps the order of each number, the ones before it held ({cascade}): aperiodic, proved without listing"
        ),
    }
}

fn group_text(witness: &WitnessText) -> String {
    let solvable = match witness.solvable {
        Some(true) => "solvable",
        Some(false) => "not solvable",
        None => "not known to be solvable",
    };
    let series = witness
        .derived
        .as_ref()
        .map_or_else(String::new, |orders| format!(" (derived series of orders {})", orders.join(", ")));
    let mut text = row(
        "group",
        &format!(
            "of order {}, {solvable}{series}, on {} states: {}",
            witness.order,
            witness.states.len(),
            first(&witness.states, " ")
        ),
    );
    for generator in witness.generators.iter().take(MOST_ITEMS) {
        let cycles: Vec<String> = generator.cycles.iter().map(|cycle| format!("({})", first(cycle, " "))).collect();
        let steps = if generator.word.len() == 1 { "step" } else { "steps" };
        text += &wrapped(
            &format!("{:<15}", ""),
            &format!("{} by {} {steps}: {}", first(&cycles, ""), generator.word.len(), first(&generator.word, "; ")),
        );
    }
    if witness.generators.len() > MOST_ITEMS {
        text += &format!("{:<15}and {} more generators\n", "", witness.generators.len() - MOST_ITEMS);
    }
    text
}
