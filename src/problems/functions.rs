//! Composing functions on a few points; must not know other problems.

use super::ProblemError;
use super::words::MOST_LETTERS;

/// The most points.
pub const MOST_POINTS: usize = 64;

/// The image of each point.
pub type Function = Vec<usize>;

/// A function on each line, or between `;`: the images of 0, 1, 2, ..., separated by blanks or commas.
///
/// # Errors
/// When an image is no point, functions differ in their points, or there are none or too many.
pub fn parse(text: &str) -> Result<Vec<Function>, ProblemError> {
    let written = text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty() && !part.starts_with('#'));
    let functions =
        written.enumerate().map(|(place, part)| function(place + 1, part)).collect::<Result<Vec<_>, _>>()?;
    let points = functions.first().map_or(0, Vec::len);
    match functions.iter().position(|function| function.len() != points) {
        _ if functions.is_empty() => Err(ProblemError::Empty("the list of functions")),
        _ if functions.len() > MOST_LETTERS => {
            Err(ProblemError::TooLong { letters: functions.len(), most: MOST_LETTERS })
        }
        Some(place) => Err(ProblemError::Points { place: place + 1, points: functions[place].len(), first: points }),
        None => Ok(functions),
    }
}

fn function(place: usize, text: &str) -> Result<Function, ProblemError> {
    let images: Vec<&str> = text.split([' ', '\t', ',']).filter(|image| !image.is_empty()).collect();
    let points = images.len();
    if points > MOST_POINTS {
        return Err(ProblemError::ManyPoints { points, most: MOST_POINTS });
    }
    let refused = |found: &str| ProblemError::Image { place, found: found.chars().take(20).collect(), points };
    let image = |text: &&str| text.parse().ok().filter(|image| *image < points).ok_or_else(|| refused(text));
    images.iter().map(image).collect()
}

/// Where a point ends up after all functions, the first one first.
pub fn follow(functions: &[Function], start: usize) -> usize {
    functions.iter().fold(start, |point, function| function[point])
}

/// The function on so many points with this number below `points^points`.
pub fn numbered(number: u64, points: usize) -> Function {
    let mut rest = number;
    let mut next = |_| {
        let image = rest % points as u64;
        rest /= points as u64;
        image as usize
    };
    (0..points).map(&mut next).collect()
}

/// Its images in a row.
pub fn told(function: &[usize]) -> String {
    function.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_and_followed() {
        let functions = parse("1 2 0\n# swap\n1,0,2").unwrap();
        assert_eq!(functions, [[1, 2, 0], [1, 0, 2]]);
        assert_eq!([0, 1, 2].map(|start| follow(&functions, start)), [0, 2, 1]);
        let refused = |text| parse(text).unwrap_err().to_string();
        assert!(refused("0 1\n2 0").contains("function 2"), "{}", refused("0 1\n2 0"));
        assert!(refused("0 1\n0 1 2").contains("function 2"));
        assert!(refused("0 x").contains("`x`"));
        assert!(matches!(parse("\n"), Err(ProblemError::Empty(_))));
    }

    #[test]
    fn all_functions_are_numbered_once() {
        let all: std::collections::BTreeSet<Function> = (0..27).map(|number| numbered(number, 3)).collect();
        assert_eq!(all.len(), 27);
        assert!(all.iter().flatten().all(|image| *image < 3));
    }
}
