//! Numbers as people type them: `1024`, `128K`, `1M`, `1e18`, `10^18`; must not know what they count.

/// The longest context.
const MOST: u128 = 1 << 60;

/// A number of tokens. K, M and G are powers of 1024.
pub(super) fn context(text: &str) -> Result<u64, String> {
    match number(text.trim()) {
        None => Err("write a whole number of tokens, for example 1024, 128K, 1M, 1e18 or 10^18".to_owned()),
        Some(0) => Err("a sequence has at least one token".to_owned()),
        Some(value @ 1..=MOST) => Ok(value as u64),
        Some(_) => Err("at most 2^60 tokens".to_owned()),
    }
}

/// A length of an axis.
pub(super) fn length(text: &str) -> Result<u64, String> {
    match number(text.trim()) {
        None => Err("write a whole number, for example 64, 1M or 10^6".to_owned()),
        Some(0) => Err("an axis has a length of at least 1".to_owned()),
        Some(value @ 1..=MOST) => Ok(value as u64),
        Some(_) => Err("at most 2^60".to_owned()),
    }
}

/// How many of something there may be.
pub(super) fn count(text: &str) -> Result<u64, String> {
    match number(text.trim()) {
        Some(value @ 1..=MOST) => Ok(value as u64),
        Some(0) | None => Err("write a whole number of at least 1, for example 64, 1M or 10^6".to_owned()),
        Some(_) => Err("at most 2^60".to_owned()),
    }
}

/// A number of a range.
pub(super) fn within<T: TryFrom<u128>>(least: u128, most: u128) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let value = number(text.trim()).filter(|value| (least..=most).contains(value));
        let fits = value.and_then(|value| T::try_from(value).ok());
        fits.ok_or_else(|| format!("write a whole number from {least} to {most}"))
    }
}

/// An axis with its length: `steps=64`.
pub(super) fn at(text: &str) -> Result<(String, u64), String> {
    let (axis, value) = text.split_once('=').ok_or("write an axis and its length, for example steps=64")?;
    Ok((axis.trim().to_owned(), length(value)?))
}

/// An axis and its first and last length: `context=1..1M`.
pub(super) fn range(text: &str) -> Result<(String, u64, u64), String> {
    let parts = text.split_once('=').and_then(|(axis, range)| Some((axis, range.split_once("..")?)));
    let (axis, (first, last)) = parts.ok_or("write an axis and its lengths, for example context=1..1M")?;
    let (first, last) = (length(first)?, length(last.trim_start_matches('='))?);
    if first > last { Err(format!("{first} is more than {last}")) } else { Ok((axis.trim().to_owned(), first, last)) }
}

/// The number, at most one above the longest context; none if it is malformed.
fn number(text: &str) -> Option<u128> {
    if let Some((digits, power)) = text.split_once(['e', 'E']) {
        return Some(times(decimal(digits)?, 10, decimal(power)?));
    }
    if let Some((base, power)) = text.split_once('^') {
        return Some(times(1, decimal(base)?, decimal(power)?));
    }
    let suffixes = [(['k', 'K'], 1), (['m', 'M'], 2), (['g', 'G'], 3)];
    let suffix = suffixes.iter().find_map(|(letters, power)| Some((text.strip_suffix(*letters)?, *power)));
    let (digits, power) = suffix.unwrap_or((text, 0));
    Some(times(decimal(digits)?, 1024, power))
}

fn decimal(text: &str) -> Option<u128> {
    let valid = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    valid.then(|| text.parse().unwrap_or(MOST + 1).min(MOST + 1))
}

fn times(start: u128, base: u128, power: u128) -> u128 {
    // Past 128 factors a product has left the range or never changes.
    (0..power.min(128)).fold(start, |product, _| product.saturating_mul(base).min(MOST + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let cases =
            [("7", 7), ("128K", 131_072), ("1M", 1 << 20), ("2e3", 2000), ("10^18", 10u64.pow(18)), ("1^999", 1)];
        cases.iter().for_each(|(text, value)| assert_eq!(context(text), Ok(*value), "{text}"));
        for text in
            ["", "0", "0K", "-1", "1.5", "x", "K", "1e", "10^30", "1e99999999999999999999", "9".repeat(99).as_str()]
        {
            assert!(context(text).is_err(), "{text}");
        }
    }
}
