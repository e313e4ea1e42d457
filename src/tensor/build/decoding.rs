//! Autoregressive decoding: the token chosen at the last position is the last token of the next window; must not know what a block does.
//!
//! The window slides: it holds the last `context` tokens of prompt and choices, and is read anew for each token, with positions
//! counted from its start. A choice reads its row of the embedding at no cost: it is one-hot already.

use super::looped::{along, axis, once, wire};
use super::{Model, Result};
use crate::expr::Size;
use crate::loops::At;
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph};

/// What emitted tokens are called, as outputs and as operations.
pub const EMITTED: &str = "emitted token";

pub(super) fn decoding(mut model: Model, tokens: u64) -> Result<Looped> {
    model.context = Size::fixed(model.context.value);
    let rows = || vec![wire(4, &[At::Back(1)]), wire(0, &[])];
    let residual = vec![wire(2, &[At::Back(0), At::Back(1)]), wire(1, &[At::Back(0)])];
    let blocks = vec![
        once("prompt", model.prompt()?, vec![]),
        along("embedding", &[0], model.window()?, vec![rows()]),
        model.stack(&[0, 1], model.context.clone(), vec![residual], |_| Ok(None))?,
        along("choice", &[0], model.choice()?, vec![vec![model.top(2, &[At::Back(0), At::Last])]]),
        along("next window", &[0], model.slide()?, vec![rows(), vec![wire(3, &[At::Back(0)])]]),
    ];
    model.system(vec![axis("tokens", tokens), model.layers()], blocks, 3)
}

impl Model<'_> {
    fn prompt(&self) -> Result<Graph> {
        let mut make = self.make();
        let rows = make.token_rows()?;
        Ok(make.build(vec![("rows".to_owned(), rows)]))
    }

    /// The residual of the window's rows.
    fn window(&self) -> Result<Graph> {
        let mut make = self.make();
        let rows = make.port("window", Carrier::Exact, self.residual(self.context.clone()));
        let x = make.placed(rows)?;
        Ok(make.carried(self.carrier(), x))
    }

    /// The head, its choice labelled as what is emitted.
    fn choice(&self) -> Result<Graph> {
        let mut graph = self.head(&self.context, None)?;
        let output = graph.output();
        graph.nodes[output].label = EMITTED.to_owned();
        graph.outputs[0].0 = EMITTED.to_owned();
        Ok(graph)
    }

    /// The window without its first row, and with that of the choice.
    fn slide(&self) -> Result<Graph> {
        let mut make = self.make();
        let rows = make.port("window", Carrier::Exact, self.residual(self.context.clone()));
        let choice = vec![Size::fixed(1), Size::fixed(self.architecture.vocabulary)];
        let choice = make.port(EMITTED, Carrier::Choice, choice);
        let last = make.embedded(choice)?;
        let kept = self.context.value - 1;
        let mut parts = vec![last];
        if kept > 0 {
            parts.insert(0, make.rows("rows kept", rows, 1, kept));
        }
        let x = make.join("next window", &parts);
        Ok(make.build(vec![("rows".to_owned(), x)]))
    }
}
