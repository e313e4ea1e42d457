//! The page of one document: which statements it has, in which order, and what they come to; must not know how a statement is argued.

use super::{Page, SCHEMA, Statement, Tag, conditional, counter, literature, measured, proved};
use crate::pipeline::Error;
use crate::pipeline::subject::{self, Options, Subject};
use crate::spec::program::{Program, Rule};
use crate::spec::{Document, Looped, Looping, Mask, Spec};

/// All that may be said of a document.
///
/// # Errors
/// When it cannot be lowered, or no law is found.
pub fn page(document: &Document, options: &Options) -> Result<Page, Error> {
    let subject = Subject::new(document, options)?;
    let mut found = Found {
        statements: vec![measured::figures(&subject)],
        silent: subject.law.none.iter().map(|why| format!("a law: {why}")).collect(),
    };
    found.statements.extend(measured::law(&subject));
    found.statements.extend(measured::independent(&subject));
    match document {
        Document::Program(program) => of_program(&mut found, &at_its_steps(program, &subject), &subject),
        Document::Recurrent(network) => found.statements.extend(literature::recurrent(network)),
        Document::Onnx(_) => {}
        Document::Model(_) | Document::Looped(_) => of_transformer(&mut found, document),
    }
    found.statements.sort_by_key(|statement| statement.tag);
    Ok(Page {
        schema: SCHEMA,
        name: subject::name(document).to_owned(),
        kind: kind(document),
        lengths: measured::lengths(&subject),
        statements: found.statements,
        silent: found.silent,
        summary: summary(document).to_owned(),
    })
}

/// What a page is made of.
#[derive(Default)]
pub(super) struct Found {
    /// What may be said.
    pub(super) statements: Vec<Statement>,
    /// What may not, and why.
    pub(super) silent: Vec<String>,
}

/// The program unrolled for as many steps as the subject.
fn at_its_steps(program: &Program, subject: &Subject) -> Program {
    let steps = subject.lengths().get(measured::STEPS).copied().unwrap_or(program.steps);
    Program { steps, ..program.clone() }
}

fn of_program(found: &mut Found, program: &Program, subject: &Subject) {
    found.statements.extend(measured::composition(subject));
    proved::bounds(found, program);
    proved::class(found, program);
    counter::shortcuts(found, program);
    conditional::reductions(found, program);
    if matches!(program.rule, Rule::Descent(_)) {
        found.statements.push(literature::rounds());
    }
}

fn of_transformer(found: &mut Found, document: &Document) {
    let Some(spec) = forward_pass(document) else { return };
    found.statements.push(literature::forward());
    if matches!(document, Document::Model(_)) && spec.architecture.mask == Mask::Causal {
        found.statements.push(literature::narrow());
    }
    found.statements.push(literature::automata());
    conditional::forward(found);
}

/// The transformer that a document is one forward pass of.
fn forward_pass(document: &Document) -> Option<&Spec> {
    match document {
        Document::Model(spec) => Some(spec),
        Document::Looped(looped) => match &**looped {
            Looped::Model(spec, Looping::EncoderDecoder) => Some(spec),
            Looped::Model(..) | Looped::LinearAttention(_) => None,
        },
        Document::Recurrent(_) | Document::Program(_) | Document::Onnx(_) => None,
    }
}

fn kind(document: &Document) -> String {
    match document {
        Document::Program(program) => format!("{} unrolled", rule(program)),
        Document::Recurrent(_) => "a recurrent network".to_owned(),
        Document::Model(_) => "one forward pass of a transformer".to_owned(),
        Document::Looped(_) if forward_pass(document).is_some() => {
            "one forward pass of an encoder and a decoder".to_owned()
        }
        Document::Looped(_) => "a transformer in a loop".to_owned(),
        Document::Onnx(_) => "a graph of operators".to_owned(),
    }
}

fn rule(program: &Program) -> &'static str {
    use crate::spec::program::Loss;
    match &program.rule {
        Rule::Descent(descent) => match descent.loss {
            Loss::LeastSquares { .. } => "gradient descent on least squares",
            Loss::Logistic => "gradient descent on a logistic loss",
            Loss::Hinge => "gradient descent on a hinge loss",
            Loss::Mlp { .. } => "gradient descent on a perceptron with a hidden layer",
            Loss::Graph(_) => "gradient descent on a loss graph",
        },
        Rule::Td0 { .. } => "temporal-difference learning, TD(0),",
        Rule::QLearning { .. } => "tabular Q-learning",
        Rule::PolicyGradient { .. } => "a policy gradient",
    }
}

/// The verdict in words, of theory.md 0.
fn summary(document: &Document) -> &'static str {
    match document {
        Document::Program(_) => {
            "That T steps need depth linear in T is true of this construction where its law says so, and of restricted models where a \
             bound above says so (arithmetic circuits, for losses of degree 3 and more). Of all circuits it is not proved: what is known for them is conditional, and even then only more than constant depth (TC0 != NC1) \
             or more than polylogarithmic depth (P != NC), never proportional to T. Where a counter-claim applies it is false of functions."
        }
        _ if forward_pass(document).is_some() => {
            "One forward pass has a depth that its context does not change, for every setting of the weights. What it cannot compute \
             is proved only for restricted models, and conditional otherwise; composition is one way to run steps, and \
             counter-claims show where there are shallower ones."
        }
        Document::Onnx(_) => {
            "The figures are of this graph at these lengths; nothing is claimed of other circuits for it."
        }
        Document::Recurrent(_) | Document::Looped(_) | Document::Model(_) => {
            "The depth of this construction grows as its law says. That a recurrence is deep as written says nothing of all circuits for \
             the same function: an associative one is a parallel prefix, of logarithmic depth."
        }
    }
}

impl Page {
    /// The statements with a tag.
    pub fn tagged(&self, tag: Tag) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(move |statement| statement.tag == tag)
    }
}
