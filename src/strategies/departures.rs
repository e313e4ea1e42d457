//! Random sublayers of other kinds than plain attention and one MLP, as lines of the table `[model]`: experts, latent attention, sinks, relative
//! positions, factors.

use proptest::prelude::*;
use proptest::sample::select;

/// Lines that may follow any model's, and what the rest of it must be for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Departures {
    /// The lines.
    pub lines: String,
    /// Attention is latent: every head has keys of its own, some features of which are not rotated, and no norms.
    pub latent: bool,
    /// Where there are no positions, there are relative ones.
    pub relative: bool,
}

/// Nothing unless asked for.
pub(super) fn departures(asked: bool) -> BoxedStrategy<Departures> {
    if !asked {
        return Just(Departures::default()).boxed();
    }
    let experts = prop_oneof![2 => experts().boxed(), 1 => Just(String::new()).boxed()];
    let latent = proptest::option::weighted(0.3, (proptest::option::of(1..=3u64), 1..=2u64, 1..=3u64));
    let factors = (select(vec!["", "embedding_factor = 1.5\n"]), select(vec!["", "residual_factor = 0.3\n"]));
    let more = (factors, select(vec!["", "output_factor = 0.7\n"]), any::<bool>(), any::<bool>(), any::<bool>());
    (experts, latent, more)
        .prop_map(|(experts, latent, ((embedding, residual), output, sinks, scaled, relative))| {
            let row = latent.map_or_else(String::new, |(queries, values, rank)| {
                let queries = queries.map_or_else(String::new, |rank| format!("latent_query_rank = {rank}\n"));
                format!("latent_rank = {rank}\nlatent_value_width = {values}\n{queries}")
            });
            let flags = format!("sinks = {sinks}\nscaled_scores = {scaled}\n");
            let lines = format!("{experts}{row}{embedding}{residual}{output}{flags}");
            Departures { lines, latent: latent.is_some(), relative }
        })
        .boxed()
}

/// A router, experts, perhaps in groups, and perhaps a shared one.
fn experts() -> impl Strategy<Value = String> {
    let counts = select(vec![(1, 1, 1, 1), (2, 1, 1, 1), (3, 2, 1, 1), (4, 2, 2, 1), (4, 1, 1, 1), (3, 3, 1, 1)]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let weighting = (select(vec!["softmax", "sigmoid"]), select(vec!["1.0", "2.5", "0.75"]));
    (counts, flags, weighting, proptest::option::of(1..=3u64)).prop_map(
        |((count, chosen, groups, kept), (normalised, router_bias, choice_bias), (weighting, factor), shared)| {
            let shared = shared.map_or_else(String::new, |hidden| format!("shared_hidden = {hidden}\n"));
            format!(
                "experts = {count}\nexperts_chosen = {chosen}\nexpert_groups = {groups}\nexpert_groups_kept = {kept}\n\
                 experts_weighting = \"{weighting}\"\nexperts_normalised = {normalised}\nexperts_factor = {factor}\n\
                 router_bias = {router_bias}\nchoice_bias = {choice_bias}\n{shared}"
            )
        },
    )
}
