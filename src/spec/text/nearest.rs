//! Which known word a misspelt one was probably meant to be.

/// The nearest of the words, if one is near enough to be a misspelling.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let allowed = (length / 3).clamp(1, 3);
    let scored = words.into_iter().filter(|known| known.len() <= 2 * length + 4);
    let best = scored.map(|known| (distance(word, known), known)).min_by_key(|(far, _)| *far)?;
    (length <= 64 && best.0 <= allowed).then_some(best.1)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = cell(&rows, &a, &b, i, j);
        }
    }
    rows[a.len()][b.len()]
}

fn cell(rows: &[Vec<usize>], a: &[char], b: &[char], i: usize, j: usize) -> usize {
    if i == 0 || j == 0 {
        return i + j;
    }
    let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
    let plain = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
    if swapped { plain.min(rows[i - 2][j - 2] + 1) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_misspellings_and_nothing_else() {
        let words = ["heads", "hidden", "kv_heads"];
        assert_eq!(nearest("haeds", words), Some("heads"));
        assert_eq!(nearest("head", words), Some("heads"));
        assert_eq!(nearest("kv-heads", words), Some("kv_heads"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest(&"x".repeat(100_000), words), None);
    }
}
