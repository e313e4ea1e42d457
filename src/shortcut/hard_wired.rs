//! Exact affine steps on data that are constants: the whole run is one affine map of the start, so one layer for every T, with weights
//! whose bits grow with T.

use super::affine::Affine;
use super::inputs::{Ands, Inputs, total};
use super::parts::Parts;
use super::polynomial::Polynomial;
use super::prefix::{applied, bounds};
use super::{Built, Refused, affine, given_out};

/// The most steps a circuit is made for.
const MOST_STEPS: u64 = 1 << 12;

/// The circuit of exact descent on hard-wired data.
///
/// # Errors
/// When steps are not affine, or data come in.
pub fn build(parts: &Parts) -> Result<Built, Refused> {
    let (affine, steps) = (affine(parts)?, parts.steps());
    if affine.has_data() || affine.has_early() {
        return Err(Refused::Data(
            "data come in from outside; hard-wired data are constants: [data] source = \"given\" or \"random\"",
        ));
    }
    if steps > MOST_STEPS {
        return Err(Refused::Steps { steps, most: MOST_STEPS });
    }
    let state = run(&affine, steps);
    let mut inputs = Inputs::new(parts.layout())?;
    let forms = inputs.bit_forms(0, &state)?;
    let ands = row(&mut inputs)?;
    let sum = total(&mut inputs.maker, &ands, &forms, &[state.len() as u64], &bounds(&affine, &state))?;
    let form = inputs.maker.summed(&sum)?;
    let Inputs { maker, layout, .. } = inputs;
    given_out(maker, &form, &affine.given, layout)
}

/// The bits of the start themselves: the map is affine in them, so no gate is needed before the last.
fn row(inputs: &mut Inputs) -> Result<Ands, Refused> {
    let bits: Vec<u32> = (0..inputs.layout.bits() as u32).collect();
    let gates = if bits.is_empty() { None } else { Some(inputs.seen(&bits)?) };
    Ok(Ands { gates, products: bits.into_iter().map(|bit| vec![bit]).collect() })
}

/// The state after all steps, in the inputs of the start.
fn run(affine: &Affine, steps: u64) -> Vec<Polynomial> {
    (0..steps).fold(affine.start.clone(), |state, number| applied(affine.step(number), &state))
}
