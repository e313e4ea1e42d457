//! Mamba: a decoder of selective state-space layers, as transformers and flash-linear-attention write it.

use super::core;
use crate::spec::recurrent::{Cell, Mamba, Recurrent, State};
use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{Activation, Numerics, WeightSource};

/// The rank that is one for every sixteen features.
const AUTO: &str = "auto";

/// `mamba`. Absent keys are those of `MambaConfig`; the step size's `time_step_*` keys but its rank only draw initial weights.
pub(super) fn mamba(fields: &Fields, numerics: Numerics) -> Recurrent {
    let width = fields.dimension("hidden_size");
    let inner = inner(fields, width);
    let layers = fields.required("num_hidden_layers", crate::spec::MAX_LAYERS);
    let cell = Mamba {
        inner,
        state: fields.dimension_or("state_size", 16),
        kernel: fields.integer_or("conv_kernel", 1, 64, 4),
        rank: rank(fields, width),
        activation: core::activation(fields, "hidden_act", Activation::Silu),
        bias: fields.flag_or("use_bias", false),
        conv_bias: fields.flag_or("use_conv_bias", true),
        norm_epsilon: epsilon(fields),
    };
    let cell = Cell::Mamba(cell);
    let message = || format!("the state of a layer has more than {MAX_DIMENSION} numbers");
    let fits = cell.state_entries(width) <= u128::from(MAX_DIMENSION);
    fields.check(&["state_size", "hidden_size"], fits, message, "");
    fields.ignore(&[
        "fuse_cross_entropy",
        "fuse_norm",
        "rescale_prenorm_residual",
        "residual_in_fp32",
        "time_step_floor",
        "time_step_init_scheme",
        "time_step_max",
        "time_step_min",
        "time_step_scale",
        "use_associative_scan",
        "use_mambapy",
    ]);
    Recurrent {
        name: String::new(),
        family: "mamba".to_owned(),
        vocabulary: fields.dimension("vocab_size"),
        layers,
        width,
        cell,
        tied: fields.flag_or("tie_word_embeddings", true),
        output: core::output(fields),
        default_context: 1024,
        numerics,
        state: State { format: numerics.activations, rounded: true },
        weights: WeightSource::Free,
    }
}

/// `expand` times the width; `intermediate_size` is derived by the class, and must agree.
fn inner(fields: &Fields, width: u64) -> u64 {
    let expand = fields.integer_or("expand", 1, 1 << 10, 2);
    let inner = expand.saturating_mul(width);
    let written = fields.dimension_or("intermediate_size", inner);
    let message = || format!("`intermediate_size` is {written}, but `expand` times the width is {inner}");
    fields.check(&["intermediate_size", "expand", "hidden_size"], written == inner, message, "change one of them");
    inner
}

fn rank(fields: &Fields, width: u64) -> u64 {
    let auto = width.div_ceil(16);
    if fields.is_text("time_step_rank") {
        return fields.choice("time_step_rank", &[(AUTO, auto)], Some(auto));
    }
    fields.dimension_or("time_step_rank", auto)
}

/// Under either of its names.
fn epsilon(fields: &Fields) -> f64 {
    let epsilon = fields.positive_or("layer_norm_epsilon", 1e-5);
    let other = fields.positive_or("norm_eps", epsilon);
    let agree = other == epsilon || !fields.has("layer_norm_epsilon");
    let message = || format!("`norm_eps` is {other}, but `layer_norm_epsilon` is {epsilon}");
    fields.check(&["norm_eps", "layer_norm_epsilon"], agree, message, "keep one of them");
    other
}
