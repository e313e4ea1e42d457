//! Experts: scores of a router, the choice, weights, and the weighted mean of what the chosen give; must not know what is around them.
//!
//! The choice compares exact scores. Weights are entries of a table of positive integers, of scores rounded and clamped as those of attention
//! are; hidden features are rounded before they are weighted; the quotient of the two sums over experts is rounded once. Under eager rounding
//! weights are rounded first, and then multiply the hidden features.
//!
//! Four layers: compare beside tables and hidden factors, rank, one for products of hidden features, table and choice, quotient.

use num_bigint::BigInt;
use petgraph::graph::NodeIndex;

use super::{Make, Result, positive};
use crate::expr::Size;
use crate::number::{Format, Function, Rational};
use crate::spec::{Experts, Groups, Mlp, Rounding, Weighting};
use crate::tensor::{Op, ParamId};

/// A choice of experts and the weights of all of them, each [position, expert], or [position, group, member].
struct Routes {
    choice: NodeIndex,
    weights: NodeIndex,
}

impl Make<'_> {
    /// What chosen experts and the shared one give.
    pub(super) fn experts(&mut self, experts: &Experts, each: &Mlp, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        self.within("experts", |make| {
            let name = |part: &str| format!("layer.{number}.{part}");
            let routes = make.within("router", |make| make.routes(experts, &name("router"), x))?;
            let out = [axes(experts), vec![each.hidden]].concat();
            let hidden = make.hidden(each, &name("experts."), x, &out)?;
            let hidden = make.store("hidden stored", hidden);
            let mixed = match make.numerics.rounding {
                Rounding::Fused => make.mixed(experts, each, &name("experts."), &routes, hidden)?,
                Rounding::Eager => make.mixed_eagerly(experts, each, &name("experts."), &routes, hidden)?,
            };
            let mixed = make.scaled("routed scale", experts.factor, mixed)?;
            let Some(hidden) = experts.shared else { return Ok(mixed) };
            let shared = Mlp { hidden, bias: false, ..*each };
            let shared = make.within("shared", |make| make.mlp(&shared, &name("shared."), x))?;
            let shape = make.shape(mixed);
            Ok(make.add("experts and shared", Op::Add, &[mixed, shared], shape))
        })
    }

    fn scaled(&mut self, label: &str, factor: f64, x: NodeIndex) -> Result<NodeIndex> {
        let factor = positive("a factor", factor)?;
        Ok(self.times(label, &factor, x))
    }

    /// `factor * x`.
    pub(super) fn times(&mut self, label: &str, factor: &Rational, x: NodeIndex) -> NodeIndex {
        if num_traits::One::is_one(factor) {
            return x;
        }
        let shape = self.shape(x);
        self.add(label, Op::Scale(factor.clone()), &[x], shape)
    }

    /// The mean of the chosen, each weighted by its table entry: a quotient of two exact sums, rounded once.
    fn mixed(
        &mut self,
        experts: &Experts,
        each: &Mlp,
        prefix: &str,
        routes: &Routes,
        hidden: NodeIndex,
    ) -> Result<NodeIndex> {
        let wide = self.shape(hidden);
        let (choice, weights) = (self.spread(routes.choice, &wide), self.spread(routes.weights, &wide));
        let products = self.exactly("weighted", Op::Chosen, &[choice, weights, hidden], wide.clone());
        let width = self.architecture.width;
        let mut sum = self.linear("down projection", &format!("{prefix}down"), false, products, &[width])?;
        let entries = self.entries(routes);
        if each.bias {
            let bias = self.linear("down bias", &format!("{prefix}down_bias"), false, entries, &[width])?;
            let shape = self.shape(sum);
            sum = self.exactly("biases", Op::Add, &[sum, bias], shape);
        }
        match self.total(experts, routes, entries) {
            Some(total) => {
                let (format, shape) = (self.numerics.activations, self.shape(sum));
                Ok(self.exactly("mean of experts", Op::Quotient(format), &[sum, total], shape))
            }
            None => Ok(self.store("sum of experts", sum)),
        }
    }

    /// Weights rounded, then products and sums, each rounded.
    fn mixed_eagerly(
        &mut self,
        experts: &Experts,
        each: &Mlp,
        prefix: &str,
        routes: &Routes,
        hidden: NodeIndex,
    ) -> Result<NodeIndex> {
        let entries = self.entries(routes);
        let weights = match self.total(experts, routes, entries) {
            Some(total) => {
                let (format, shape) = (self.numerics.activations, self.shape(entries));
                self.exactly("weights", Op::Quotient(format), &[entries, total], shape)
            }
            None => self.store("weights", entries),
        };
        let wide = self.shape(hidden);
        let spread = self.spread(weights, &wide);
        let spread = self.store("for each", spread);
        let products = self.add("weighted", Op::Product, &[spread, hidden], wide);
        let width = self.architecture.width;
        let sum = self.linear("down projection", &format!("{prefix}down"), false, products, &[width])?;
        if !each.bias {
            return Ok(sum);
        }
        let bias = self.linear("down bias", &format!("{prefix}down_bias"), false, weights, &[width])?;
        let shape = self.shape(sum);
        Ok(self.add("biases", Op::Add, &[sum, bias], shape))
    }

    /// Table entries where chosen, zeros elsewhere.
    fn entries(&mut self, routes: &Routes) -> NodeIndex {
        let shape = self.shape(routes.weights);
        self.exactly("weights of the chosen", Op::Chosen, &[routes.choice, routes.weights], shape)
    }

    /// What weights are divided by; logistic ones that are not normalised by nothing.
    fn total(&mut self, experts: &Experts, routes: &Routes, entries: NodeIndex) -> Option<NodeIndex> {
        let of = match (experts.normalised, experts.weighting) {
            (true, _) => entries,
            (false, Weighting::Softmax) => routes.weights,
            (false, Weighting::Sigmoid) => return None,
        };
        let shape = self.shape(of);
        let sum = |make: &mut Self, x, axis: usize| {
            make.exactly("sum of weights", Op::Sum(axis), &[x], shape[..axis].to_vec())
        };
        Some((1..shape.len()).rev().fold(of, |x, axis| sum(self, x, axis)))
    }

    fn routes(&mut self, experts: &Experts, name: &str, x: NodeIndex) -> Result<Routes> {
        let table = self.score_table(match experts.weighting {
            Weighting::Softmax => Function::Exp,
            Weighting::Sigmoid => Function::Sigmoid,
        })?;
        let axes = axes(experts);
        let shape = self.shape_of(x, &axes);
        let scores = self.linear("scores", name, experts.router_bias, x, &axes)?;
        let weights = self.exactly("weights", Op::Positive(table), &[scores], shape.clone());
        // Logistic weights are compared with their bias; exponentials are as their scores.
        let mut compared = if experts.weighting == Weighting::Sigmoid { weights } else { scores };
        let bias = if experts.choice_bias { Some(self.param(&format!("{name}.correction"), &axes)?) } else { None };
        if let Some(table) = bias {
            let bias = self.exactly("bias of the choice", Op::Given(table), &[], shape[1..].to_vec());
            let every = std::iter::once(None).chain((0..axes.len()).map(Some)).collect();
            let bias = self.exactly("bias of the choice", Op::Arrange(every), &[bias], shape.clone());
            compared = self.exactly("scores for the choice", Op::Add, &[compared, bias], shape.clone());
        }
        if let Some(groups) = experts.groups {
            compared = match experts.weighting {
                Weighting::Sigmoid => self.kept(groups, compared, weights, bias),
                Weighting::Softmax => {
                    let stored = self.store("scores for the choice stored", compared);
                    self.kept(groups, stored, stored, None)
                }
            };
        }
        let top = Op::Top { count: experts.chosen, from: 1 };
        let choice = self.exactly("choice", top, &[compared], shape);
        Ok(Routes { choice, weights })
    }

    /// The scores [position, group, member], those of the best groups raised above all others. A group is as good as the sum of its two
    /// greatest; scores are stored values, with a bias each if there is one.
    fn kept(&mut self, groups: Groups, scores: NodeIndex, stored: NodeIndex, bias: Option<ParamId>) -> NodeIndex {
        let shape = self.shape(scores);
        let two = self.exactly("best two", Op::Top { count: 2, from: 2 }, &[scores], shape.clone());
        let mut best = self.exactly("best two", Op::Chosen, &[two, stored], shape.clone());
        if let Some(table) = bias {
            let biases = self.exactly("biases of the best two", Op::Weigh(table), &[two], shape.clone());
            best = self.exactly("best two", Op::Add, &[best, biases], shape.clone());
        }
        let worth = self.exactly("worth of a group", Op::Sum(2), &[best], shape[..2].to_vec());
        let top = Op::Top { count: groups.kept, from: 1 };
        let kept = self.exactly("groups kept", top, &[worth], shape[..2].to_vec());
        // Above any difference of two scores: stored values of activations, or logistic ones, which are at most one, and their biases.
        let greatest = |format: Format| Rational::from_integer(1.into()).max(-format.number(format.min()));
        let far =
            (greatest(self.numerics.activations) + greatest(self.numerics.weights)) * Rational::from_integer(2.into());
        let above = Rational::from_integer(BigInt::from(1) << far.to_integer().bits());
        let raise = self.exactly("raise", Op::Scale(above), &[kept], shape[..2].to_vec());
        let raise = self.spread(raise, &shape);
        self.exactly("scores of groups kept", Op::Add, &[scores, raise], shape)
    }

    /// Repeated along one more axis, the last.
    fn spread(&mut self, x: NodeIndex, shape: &[Size]) -> NodeIndex {
        let axes = (0..shape.len() - 1).map(Some).chain([None]).collect();
        self.exactly("for each", Op::Arrange(axes), &[x], shape.to_vec())
    }
}

/// The axes experts stand on: one, or groups and members.
fn axes(experts: &Experts) -> Vec<u64> {
    match experts.groups {
        None => vec![experts.count],
        Some(groups) => vec![groups.count, experts.count / groups.count],
    }
}
