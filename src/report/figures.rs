//! Large numbers and long sentences as a person reads them; must not know what they say.

/// Digits from which a number is told in scientific form too.
const LONG: usize = 10;

/// Longest line of running text.
const WIDTH: usize = 100;

/// Decimal digits in groups of three.
pub fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three leading digits, rounded, and the power of ten; short numbers in groups.
pub fn short(digits: &str) -> String {
    if digits.len() < LONG { grouped(digits) } else { scientific(digits) }
}

/// Both: all digits in groups, and of long ones the scientific form.
pub fn full(digits: &str) -> String {
    if digits.len() < LONG { grouped(digits) } else { format!("{} ({})", scientific(digits), grouped(digits)) }
}

fn scientific(digits: &str) -> String {
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok());
    let (Some(lead), Some(next)) = (number(0..3), number(3..4)) else { return digits.to_owned() };
    let (lead, power) = match lead + u32::from(next >= 5) {
        1000 => (100, digits.len()),
        lead => (lead, digits.len() - 1),
    };
    format!("{}.{:02}e{power}", lead / 100, lead % 100)
}

/// Lines with every column as wide as it must be, the first to the left, the others to the right.
pub fn aligned<L: AsRef<[String]>>(lines: &[L]) -> String {
    let lines: Vec<&[String]> = lines.iter().map(AsRef::as_ref).collect();
    let columns = lines.iter().map(|line| line.len()).max().unwrap_or(0);
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let cell = |(column, text): (usize, &String)| match column {
        0 => format!("{text:<width$}", width = widths[0]),
        _ => format!("  {text:>width$}", width = widths[column]),
    };
    lines
        .iter()
        .map(|line| line.iter().enumerate().map(cell).collect::<String>().trim_end().to_owned() + "\n")
        .collect()
}

/// A sentence in lines of bounded length: the first after `head`, the others indented as far.
pub fn wrapped(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let (mut lines, mut column) = (head.to_owned(), indent);
    for (place, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if place > 0 && column + 1 + length > WIDTH {
            lines += &format!("\n{}", " ".repeat(indent));
            column = indent;
        } else if place > 0 {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += length;
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        let cases = [("0", "0"), ("999", "999"), ("1000", "1,000"), ("123456789", "123,456,789")];
        cases.iter().for_each(|(digits, text)| assert_eq!(short(digits), *text));
        assert_eq!(short("1234567890"), "1.23e9");
        assert_eq!(short("12350000000"), "1.24e10");
        assert_eq!(short("9996000000"), "1.00e10");
        assert_eq!(full("1234567890"), "1.23e9 (1,234,567,890)");
        assert_eq!(grouped("-12345"), "-12,345");
    }

    #[test]
    fn sentences_are_broken_between_words() {
        let text = wrapped("- ", &"word ".repeat(50));
        assert!(text.lines().all(|line| line.len() <= WIDTH && (line.starts_with("- ") || line.starts_with("  "))));
        assert_eq!(wrapped("- ", "a b"), "- a b\n");
    }
}
