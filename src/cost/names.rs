//! Which nodes a name observes: modules and operations by their paths; must not know what nodes are.

use std::collections::BTreeSet;

use thiserror::Error;

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Module names from the outermost inward, then the operation.
    pub path: Vec<String>,
}

/// A name that nothing has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("nothing is called `{name}`; a module or an operation is meant, such as {}", near.join(", "))]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// Names most like it.
    pub near: Vec<String>,
}

/// Most names that are told in place of an unknown one.
const NEAR: usize = 6;

/// The nodes whose values names make observed. A name is one or more parts of a path, joined by `/`; of all nodes under each module
/// or operation it fits, those that anything else reads, or that are given out, are observed.
///
/// # Errors
/// When a name fits nothing.
pub fn observed(
    places: &[Place],
    sources: &[Vec<usize>],
    outputs: &[usize],
    names: &[String],
) -> Result<Vec<bool>, Unknown> {
    let mut observed = vec![false; places.len()];
    for name in names {
        let groups: Vec<Option<&[String]>> = places.iter().map(|place| group(place, name)).collect();
        if groups.iter().all(Option::is_none) {
            return Err(Unknown { name: name.clone(), near: near(places, name) });
        }
        for (reader, sources) in sources.iter().enumerate() {
            let results =
                sources.iter().filter(|source| groups[**source].is_some() && groups[**source] != groups[reader]);
            results.for_each(|source| observed[*source] = true);
        }
        outputs.iter().filter(|output| groups[**output].is_some()).for_each(|output| observed[*output] = true);
    }
    Ok(observed)
}

/// The path up to the end of the name, if it is in there.
fn group<'a>(place: &'a Place, name: &str) -> Option<&'a [String]> {
    let parts: Vec<&str> = name.split('/').map(str::trim).collect();
    let at = place.path.windows(parts.len()).position(|window| window == parts)?;
    Some(&place.path[..at + parts.len()])
}

/// The names most like another: by pairs of letters in common.
fn near(places: &[Place], name: &str) -> Vec<String> {
    let known: BTreeSet<&String> = places.iter().flat_map(|place| &place.path).collect();
    let wanted = pairs(name);
    let common = |known: &str| {
        let pairs = pairs(known);
        1000 * pairs.intersection(&wanted).count() / (pairs.len() + wanted.len()).max(1)
    };
    let mut scored: Vec<(usize, &String)> = known.into_iter().map(|known| (common(known), known)).collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(NEAR).map(|(_, known)| format!("`{known}`")).collect()
}

fn pairs(text: &str) -> BTreeSet<(char, char)> {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    letters.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place {
        Place { path: path.split('/').map(str::to_owned).collect() }
    }

    #[test]
    fn results_of_modules_and_operations_are_observed() {
        let places: Vec<Place> =
            ["tokens", "block 0/MLP/up", "block 0/MLP/down", "block 0/add", "block 1/MLP/up", "block 1/add"]
                .map(place)
                .into();
        let sources = [vec![], vec![0], vec![1], vec![0, 2], vec![3], vec![3, 4]];
        let of = |name: &str| {
            let found = observed(&places, &sources, &[5], &[name.to_owned()])?;
            Ok::<_, Unknown>((0..6).filter(|node| found[*node]).collect::<Vec<_>>())
        };
        assert_eq!(of("MLP").unwrap(), [2, 4]);
        assert_eq!(of("block 0/MLP").unwrap(), [2]);
        assert_eq!(of("block 0").unwrap(), [3]);
        assert_eq!(of("add").unwrap(), [3, 5]);
        assert_eq!(of("block 1/MLP/up").unwrap(), [4]);
        let error = of("block 0/PLM").unwrap_err();
        assert!(error.near.contains(&"`block 0`".to_owned()), "{error}");
        assert!(of("").is_err() && of("MLP/MLP").is_err());
    }
}
