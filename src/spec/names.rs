//! What the tokens and outputs of a model are called; must not know how either is computed.

use serde::{Deserialize, Serialize};

/// Most names listed in a refusal.
const SHOWN: usize = 50;

/// Names of token ids and, of a classifier, of its classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The name of each token id, in order.
    pub tokens: Vec<String>,
    /// The name of each class an argmax chooses, in order; none of a model that gives out numbers.
    pub classes: Option<Vec<String>>,
    /// The token that marks the beginning: it stands first, and what is given out there means nothing.
    pub mark: Option<u64>,
}

impl Names {
    /// The id of a token by its name: as it is written, or in other case where only one token is called so; else as a number.
    ///
    /// # Errors
    /// When there is no such token; the text lists the vocabulary.
    pub fn id(&self, word: &str) -> Result<u64, String> {
        let exact = self.tokens.iter().position(|name| name == word);
        let alike: Vec<usize> =
            (0..self.tokens.len()).filter(|&id| self.tokens[id].to_lowercase() == word.to_lowercase()).collect();
        let found = exact.or(if let [only] = alike[..] { Some(only) } else { None });
        let number = || word.parse::<u64>().ok().filter(|id| *id < self.tokens.len() as u64);
        found.map(|id| id as u64).or_else(number).ok_or_else(|| self.unknown(word))
    }

    fn unknown(&self, word: &str) -> String {
        let short: String = word.chars().take(40).collect();
        let listed = self.tokens.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ");
        let more = self.tokens.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("there is no token `{short}`; the vocabulary is: {listed}{more}")
    }

    /// The class of a name.
    pub fn class_of(&self, name: &str) -> Option<u64> {
        self.classes.as_ref()?.iter().position(|class| class == name).map(|number| number as u64)
    }

    /// The name of a class.
    pub fn class(&self, number: usize) -> Option<&str> {
        self.classes.as_ref()?.get(number).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tokens: &[&str]) -> Names {
        Names { tokens: tokens.iter().map(|name| (*name).to_owned()).collect(), ..Names::default() }
    }

    #[test]
    fn tokens_are_found_by_name_then_in_other_case_then_by_number() {
        let names = names(&["BOS", "x", "X", "1"]);
        let ids: Vec<_> = ["BOS", "bos", "x", "X", "1", "2", "0"].map(|word| names.id(word).ok()).into();
        assert_eq!(ids, [Some(0), Some(0), Some(1), Some(2), Some(3), Some(2), Some(0)]);
        for unknown in ["4", "-1", "y", ""] {
            assert!(names.id(unknown).unwrap_err().contains("the vocabulary is: BOS x X 1"), "{unknown}");
        }
    }

    #[test]
    fn a_name_in_two_cases_is_not_guessed() {
        assert!(names(&["x", "X"]).id("x").is_ok());
        assert!(names(&["Ab", "aB"]).id("ab").is_err());
    }
}
