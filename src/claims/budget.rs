//! How many steps of a program fit into the depth of a system, by composition; must not know files.

use num_bigint::BigInt;
use serde::Serialize;

use crate::law::Growing;
use crate::pipeline::subject::Subject;

/// The axis along which programs are unrolled.
pub const STEPS: &str = "steps";

/// The version of a budget's fields.
pub const SCHEMA: &str = "isobath.budget/1";

/// Steps that fit, and what they rest on.
#[derive(Clone, Debug, Serialize)]
pub struct Budget {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The system.
    pub system: String,
    /// Its depth at these lengths.
    pub depth: String,
    /// Its gates there, an upper bound.
    pub gates: String,
    /// The lengths of its axes.
    pub lengths: std::collections::BTreeMap<String, u64>,
    /// Lengths it was built for, of which its law says nothing.
    pub built: Vec<(String, u64)>,
    /// Its law.
    pub law: String,
    /// The axes on which its depth depends, with the layers for each one more.
    pub depends_on: Vec<(String, String)>,
    /// The axes on which it does not.
    pub independent_of: Vec<String>,
    /// The program.
    pub program: String,
    /// Its law.
    pub program_law: String,
    /// Layers a step.
    pub rate: String,
    /// The most steps whose depth is at most that of the system.
    pub steps: String,
    /// Gates of so many steps, an upper bound.
    pub program_gates: String,
    /// What the count is of.
    pub note: &'static str,
}

/// What is printed under every budget.
pub const NOTE: &str = "This counts steps of this unrolling, one after the other, by composition only: at most floor((D - b) / rate) of \
                        them fit into D layers. Another circuit may do the same steps in fewer layers (exact affine steps: \
                        logarithmically many), and nothing is said of what a model of this depth learns to do.";

/// The same where the program has no exact law.
pub const COUNTED: &str = "The program has no exact law in its steps: so many steps were counted to fit, layer by layer, and one more not. \
                           This counts steps of this unrolling, one after the other, by composition only. Another circuit may do the \
                           same steps in fewer layers, and nothing is said of what a model of this depth learns to do.";

/// The steps of a program that fit into a system.
///
/// # Errors
/// When the program has no steps, or they cost no layers.
pub fn budget(system: &Subject, program: &Subject) -> Result<Budget, String> {
    let (growing, rate) = program.growth(STEPS).ok_or("it has no axis `steps`: a program was expected")?;
    if growing == Growing::Constant {
        return Err("its steps cost no layers, so any number fits: its law is constant in steps".to_owned());
    }
    let lengths = system.lengths();
    let (depth, _) = system.depth(&lengths).ok_or("the depth of the system is not known at these lengths")?;
    let steps = most_steps(program, &depth)?;
    let growth: Vec<(String, Growing, String)> = lengths
        .keys()
        .filter_map(|axis| system.growth(axis).map(|(growing, rate)| (axis.clone(), growing, rate)))
        .collect();
    let (constant, depends): (Vec<_>, Vec<_>) =
        growth.into_iter().partition(|(_, growing, _)| *growing == Growing::Constant);
    let at = program.at(&[(STEPS.to_owned(), steps.max(1))].into());
    Ok(Budget {
        schema: SCHEMA,
        system: system.name.clone(),
        depth: depth.to_string(),
        gates: system.size(&system.sizes.gates, &lengths).to_string(),
        lengths,
        built: system.built.clone(),
        law: system.law_text(),
        depends_on: depends.into_iter().map(|(axis, _, rate)| (axis, rate)).collect(),
        independent_of: constant.into_iter().map(|(axis, _, _)| axis).collect(),
        program: program.name.clone(),
        program_law: program.law_text(),
        rate,
        steps: steps.to_string(),
        program_gates: if steps == 0 { "0".to_owned() } else { program.size(&program.sizes.gates, &at).to_string() },
        note: if program.law.exact() { NOTE } else { COUNTED },
    })
}

/// More steps than this are not counted.
const MOST_STEPS: u64 = 1 << 60;

/// The most steps whose depth is at most this, by bisection: depth never falls with steps.
///
/// # Errors
/// When the law says nothing of so many steps, or more fit than are counted.
pub fn most_steps(program: &Subject, depth: &BigInt) -> Result<u64, String> {
    let fits = |steps: u64| {
        let lengths = program.at(&[(STEPS.to_owned(), steps)].into());
        let known = program.depth(&lengths).ok_or_else(|| format!("its law says nothing of {steps} steps"));
        known.map(|(own, _)| own <= *depth)
    };
    let (mut low, mut high) = (0, 1u64);
    while fits(high)? {
        if high >= MOST_STEPS {
            return Err("2^60 of its steps fit, and more are not counted".to_owned());
        }
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle)? { low = middle } else { high = middle }
    }
    Ok(low)
}

impl Budget {
    /// As plain text.
    pub fn text(&self) -> String {
        use crate::report::figures::{full, grouped, wrapped};
        let lengths = self.lengths.iter().chain(self.built.iter().map(|(axis, length)| (axis, length)));
        let lengths: Vec<String> =
            lengths.map(|(axis, length)| format!("{axis} {}", grouped(&length.to_string()))).collect();
        let depends: Vec<String> =
            self.depends_on.iter().map(|(axis, rate)| format!("{axis} ({rate} layers each)")).collect();
        let depends = if depends.is_empty() { "nothing".to_owned() } else { depends.join(", ") };
        let mut text = format!("{} steps of {} fit into {}\n\n", grouped(&self.steps), self.program, self.system);
        text += &wrapped(
            "  system   ",
            &format!("{} layers, at most {} gates, at {}", grouped(&self.depth), full(&self.gates), lengths.join(", ")),
        );
        text += &wrapped(
            "           ",
            &format!("{}{}; its depth depends on {depends}{}", self.law.replace('\n', "; "), self.only(), self.same()),
        );
        text += &wrapped(
            "  program  ",
            &format!(
                "{}; {} layers a step, laid out for fewest layers",
                self.program_law.replace('\n', "; "),
                self.rate
            ),
        );
        text += &wrapped("           ", &format!("so many steps have at most {} gates", full(&self.program_gates)));
        text + "\n" + &wrapped("", self.note)
    }

    /// What the law holds for alone.
    fn only(&self) -> String {
        let built: Vec<String> = self.built.iter().map(|(axis, length)| format!("{axis} = {length}")).collect();
        if built.is_empty() {
            String::new()
        } else {
            format!(", for {} alone: others were not looked at", built.join(", "))
        }
    }

    fn same(&self) -> String {
        if self.independent_of.is_empty() {
            String::new()
        } else {
            format!("; it is the same at every {}", self.independent_of.join(" and "))
        }
    }
}
