//! Words over 0 and 1: notation, parity, inner products; must not know other problems.

use super::ProblemError;

/// The longest word that is read.
pub const MOST_LETTERS: usize = 1 << 16;

/// `10110`, white space and `_` left out.
///
/// # Errors
/// When a letter is neither 0 nor 1, or there are none or too many.
pub fn parse(text: &str) -> Result<Vec<bool>, ProblemError> {
    let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '_');
    let bit = |(place, letter): (usize, char)| match letter {
        '0' => Ok(false),
        '1' => Ok(true),
        found => Err(ProblemError::Letter { place: place + 1, found: found.to_string(), wanted: "0 or 1" }),
    };
    let word = letters.enumerate().map(bit).collect::<Result<Vec<_>, _>>()?;
    match word.len() {
        0 => Err(ProblemError::Empty("the word")),
        length if length > MOST_LETTERS => Err(ProblemError::TooLong { letters: length, most: MOST_LETTERS }),
        _ => Ok(word),
    }
}

/// Its letters in a row.
pub fn told(word: &[bool]) -> String {
    word.iter().map(|bit| if *bit { '1' } else { '0' }).collect()
}

/// Whether the number of ones is odd.
pub fn parity(word: &[bool]) -> bool {
    word.iter().filter(|bit| **bit).count() % 2 == 1
}

/// Whether an odd number of places hold a one in both words.
pub fn inner_product(a: &[bool], b: &[bool]) -> bool {
    a.iter().zip(b).filter(|(a, b)| **a && **b).count() % 2 == 1
}

/// The bits of a number, the highest first.
pub fn numbered(number: u64, length: usize) -> Vec<bool> {
    (0..length).rev().map(|place| place < 64 && number >> place & 1 == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_wrong_letters_are_named_by_position() {
        assert_eq!(told(&parse(" 10 1_10\n").unwrap()), "10110");
        let refused = parse("10210").unwrap_err().to_string();
        assert!(refused.contains("position 3") && refused.contains("`2`"), "{refused}");
        assert!(matches!(parse(" "), Err(ProblemError::Empty(_))));
        assert!(matches!(parse(&"1".repeat(MOST_LETTERS + 1)), Err(ProblemError::TooLong { .. })));
    }

    #[test]
    fn numbers_are_words() {
        let all: Vec<String> = (0..4).map(|number| told(&numbered(number, 2))).collect();
        assert_eq!(all, ["00", "01", "10", "11"]);
    }
}
