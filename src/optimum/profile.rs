//! How many gates stand on each level of a circuit, and which of them are outputs; must not know clauses or solvers.

use std::fmt;

/// Gates by level, level 1 first. Gates of a level read inputs and gates of all levels before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The levels.
    pub levels: Vec<Level>,
}

/// One level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Level {
    /// Gates that are no outputs.
    pub free: usize,
    /// Gates that are outputs: their places among the targets, ascending.
    pub outputs: Vec<usize>,
}

/// Level by level, the gates that are no outputs and the targets: `2,0+t0` is two gates below target 0.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = |target: &usize| format!("+t{target}");
        let level = |level: &Level| format!("{}{}", level.free, level.outputs.iter().map(target).collect::<String>());
        f.write_str(&self.levels.iter().map(level).collect::<Vec<_>>().join(","))
    }
}

/// Every profile that must be refuted to show that no circuit of at most `depth` levels and `gates` gates computes the targets;
/// `first[i]` says whether target `i` is a gate of inputs alone.
///
/// No other profile is needed. Take any circuit with at most these figures. Compute each target that can be on level 1 from the inputs;
/// its readers do not notice. Drop gates that no output depends on, merge those of one target, and put each other gate on the level
/// that is its depth. Then no level below the top is empty, and the top level holds outputs only. If gates are now fewer, add gates
/// that are constant on level 1, even where it is the top.
pub fn profiles(first: &[bool], depth: usize, gates: usize) -> Vec<Profile> {
    let Some(free) = gates.checked_sub(first.len()) else { return Vec::new() };
    let mut found = Vec::new();
    for tops in placings(first, depth) {
        let top = tops.iter().copied().max().unwrap_or(0);
        for split in splits(free, top.saturating_sub(1).max(1)) {
            let mut levels = vec![Level::default(); top];
            levels.iter_mut().zip(&split).for_each(|(level, free)| level.free = *free);
            tops.iter().enumerate().for_each(|(target, level)| levels[level - 1].outputs.push(target));
            if levels.iter().all(|level| level.free + level.outputs.len() > 0) {
                found.push(Profile { levels });
            }
        }
    }
    found
}

/// Every way to put targets on levels.
fn placings(first: &[bool], depth: usize) -> Vec<Vec<usize>> {
    first.iter().fold(vec![vec![]], |placings, first| {
        let levels = if *first { 1..=1 } else { 2..=depth };
        let longer = |placing: &Vec<usize>| levels.clone().map(|level| [&placing[..], &[level]].concat()).collect();
        placings.iter().flat_map::<Vec<_>, _>(longer).collect()
    })
}

/// Every way to write a number as a sum of so many, in order.
fn splits(total: usize, parts: usize) -> Vec<Vec<usize>> {
    match parts {
        0 if total == 0 => vec![vec![]],
        0 => vec![],
        _ => (0..=total)
            .flat_map(|own| splits(total - own, parts - 1).into_iter().map(move |rest| [&[own], &rest[..]].concat()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(first: &[bool], depth: usize, gates: usize) -> Vec<String> {
        profiles(first, depth, gates).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn levels_below_the_top_are_not_empty() {
        assert_eq!(shown(&[false], 2, 3), ["2,0+t0"]);
        assert_eq!(shown(&[false], 2, 1), Vec::<String>::new());
        assert_eq!(shown(&[false], 3, 3), ["2,0+t0", "1,1,0+t0"]);
        assert_eq!(shown(&[true, false], 2, 2), ["0+t0,0+t1"]);
        assert_eq!(shown(&[true, false], 2, 1), Vec::<String>::new());
        assert_eq!(shown(&[false, false], 3, 3), ["1,0+t0+t1", "1,0+t0,0+t1", "1,0+t1,0+t0"]);
        assert_eq!(shown(&[true], 1, 1), ["0+t0"]);
        // One gate does, so two do: their profile must not be missing.
        assert_eq!(shown(&[true], 2, 2), ["1+t0"]);
        assert_eq!(shown(&[], 2, 1).len(), 1);
    }
}
