//! The `experts` keys of the `[model]` table: a router and its MLPs.

use crate::spec::text::Fields;
use crate::spec::{Experts, Groups, Weighting};

/// The most experts of a layer: pairs of them are compared.
const MOST: u64 = 1 << 16;

/// Keys that make sense with experts alone.
const ONLY: [&str; 9] = [
    "experts_chosen",
    "experts_weighting",
    "experts_normalised",
    "experts_factor",
    "expert_groups",
    "expert_groups_kept",
    "router_bias",
    "choice_bias",
    "shared_hidden",
];

/// Reads them, where there are experts.
pub(super) fn experts(fields: &Fields) -> Option<Experts> {
    if fields.get("experts").is_none() {
        for key in ONLY {
            let message = || format!("`{key}` is only for a model with `experts`");
            fields.check(&[key], !fields.has(key), message, "remove it, or add `experts`");
        }
        return None;
    }
    let count = fields.required("experts", MOST);
    let chosen = fields.required("experts_chosen", MOST);
    let message = || format!("`experts_chosen` is {chosen}, but there are {count} experts");
    fields.check(&["experts_chosen", "experts"], chosen <= count, message, "");
    let kinds = [("softmax", Weighting::Softmax), ("sigmoid", Weighting::Sigmoid)];
    Some(Experts {
        count,
        chosen,
        weighting: fields.choice("experts_weighting", &kinds, Some(Weighting::Softmax)),
        normalised: fields.flag_or("experts_normalised", true),
        factor: fields.positive_or("experts_factor", 1.0),
        groups: groups(fields, count, chosen),
        router_bias: fields.flag_or("router_bias", false),
        choice_bias: fields.flag_or("choice_bias", false),
        shared: fields.maybe_dimension("shared_hidden"),
    })
}

fn groups(fields: &Fields, experts: u64, chosen: u64) -> Option<Groups> {
    let count = fields.integer_or("expert_groups", 1, MOST, 1);
    let kept = fields.integer_or("expert_groups_kept", 1, MOST, count);
    let message =
        || format!("`expert_groups` is {count}, which does not divide {experts} experts into groups of two or more");
    let fits = count == 1 || (experts.is_multiple_of(count) && experts / count >= 2);
    fields.check(&["expert_groups", "experts"], fits, message, "");
    let enough = kept <= count && (!fits || kept * (experts / count) >= chosen);
    let message =
        || format!("{kept} of {count} groups kept hold fewer than {chosen} experts, or are more than there are");
    fields.check(&["expert_groups_kept", "expert_groups", "experts_chosen"], enough, message, "");
    (count > 1 && kept < count && fits).then_some(Groups { count, kept })
}
