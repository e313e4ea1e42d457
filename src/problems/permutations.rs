//! Permutations of five things and the word problem of their group S5; must not know other problems.

use super::ProblemError;
use super::words::MOST_LETTERS;

/// The number of things.
pub const THINGS: usize = 5;

/// The order of the group.
pub const ORDER: u64 = 120;

/// The image of each of 0, 1, 2, 3, 4.
pub type Permutation = [u8; THINGS];

/// The one that moves nothing.
pub const IDENTITY: Permutation = [0, 1, 2, 3, 4];

/// Permutations separated by `;` or line ends, each in one-line notation (`10234`, `1 0 2 3 4`) or in cycles (`(0 1)(2 3 4)`, `()`).
///
/// # Errors
/// When one is no permutation of 0 to 4, or there are none or too many.
pub fn parse(text: &str) -> Result<Vec<Permutation>, ProblemError> {
    let written = text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty() && !part.starts_with('#'));
    let one = |(place, part): (usize, &str)| {
        let wanted = "a permutation of 0 to 4, such as 10234 or (0 1)(2 3 4)";
        let found = part.chars().take(40).collect();
        permutation(part).ok_or(ProblemError::Letter { place: place + 1, found, wanted })
    };
    let word = written.enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    match word.len() {
        0 => Err(ProblemError::Empty("the word of permutations")),
        letters if letters > MOST_LETTERS => Err(ProblemError::TooLong { letters, most: MOST_LETTERS }),
        _ => Ok(word),
    }
}

fn permutation(text: &str) -> Option<Permutation> {
    if text.starts_with('(') { cycles(text) } else { one_line(text) }
}

fn one_line(text: &str) -> Option<Permutation> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let images = inner.chars().filter(|c| !c.is_whitespace() && *c != ',');
    let images: Option<Vec<u8>> = images.map(point).collect();
    let images: Permutation = images?.try_into().ok()?;
    is_permutation(&images).then_some(images)
}

fn point(letter: char) -> Option<u8> {
    letter.to_digit(THINGS as u32).map(|digit| digit as u8)
}

fn is_permutation(images: &Permutation) -> bool {
    (0..THINGS as u8).all(|point| images.contains(&point))
}

/// Disjoint cycles: `(0 1 2)` sends 0 to 1, 1 to 2 and 2 to 0.
fn cycles(text: &str) -> Option<Permutation> {
    let (mut images, mut seen) = (IDENTITY, Vec::new());
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    for cycle in inner.split(')') {
        let cycle = cycle.trim_start();
        let cycle = cycle.strip_prefix('(').unwrap_or(cycle);
        let points: Option<Vec<u8>> = cycle.chars().filter(|c| !c.is_whitespace() && *c != ',').map(point).collect();
        let points = points?;
        for (place, from) in points.iter().enumerate() {
            if seen.contains(from) {
                return None;
            }
            seen.push(*from);
            images[*from as usize] = points[(place + 1) % points.len()];
        }
    }
    Some(images)
}

/// In one-line notation.
pub fn told(permutation: &Permutation) -> String {
    permutation.iter().map(ToString::to_string).collect()
}

/// The product `p1 p2 ... pm` as functions: each thing goes through the last permutation first.
pub fn product(word: &[Permutation]) -> Permutation {
    IDENTITY.map(|thing| word.iter().rev().fold(thing, |thing, permutation| permutation[thing as usize]))
}

/// The permutation of this number below [`ORDER`], in the order of one-line notation.
pub fn numbered(number: u64) -> Permutation {
    let mut left: Vec<u8> = IDENTITY.to_vec();
    let (mut rest, mut base) = (number % ORDER, ORDER);
    let mut next = |things: u64| {
        base /= things;
        let place = (rest / base) as usize;
        rest %= base;
        left.remove(place)
    };
    [5, 4, 3, 2, 1].map(&mut next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_say_the_same() {
        let word = parse("10234; (0 1)\n[1,0,2,3,4]\n# a comment\n()\n(0 1 2)(3 4)").unwrap();
        assert_eq!(word[..3], [[1, 0, 2, 3, 4]; 3]);
        assert_eq!(word[3..], [IDENTITY, [1, 2, 0, 4, 3]]);
        for text in ["10235", "1023", "11234", "(0 1)(1 2)", "(0 5)", "(0 1", "x", "102345", "(0 1) x"] {
            let refused = parse(&format!("10234; {text}")).unwrap_err().to_string();
            assert!(refused.contains("position 2"), "{text}: {refused}");
        }
        assert!(matches!(parse(" ;\n"), Err(ProblemError::Empty(_))));
    }

    #[test]
    fn all_are_numbered_once() {
        let all: Vec<Permutation> = (0..ORDER).map(numbered).collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(all.iter().all(is_permutation));
    }

    #[test]
    fn the_product_is_that_of_functions() {
        let (p, q) = ([1, 2, 0, 3, 4], [0, 1, 2, 4, 3]);
        assert_eq!(product(&[p, q]), [1, 2, 0, 4, 3]);
        let (p, q) = ([1, 0, 2, 3, 4], [1, 2, 0, 3, 4]);
        assert_eq!(product(&[p, q]), [0, 2, 1, 3, 4]);
        assert_eq!(product(&[]), IDENTITY);
    }
}
