//! Small notations of settings.

/// Reads a shift of the clock: a number with a unit (`s`, `m`, `h`, `d`), possibly negative; in microseconds.
pub fn parse_offset(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number
        .parse::<i64>()
        .ok()?
        .checked_mul(seconds)?
        .checked_mul(1_000_000)
}

/// The known name that is nearest to a misspelt one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = name.chars().count() / 3 + 1;
    known
        .map(|candidate| (edits(name, candidate), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_a_unit() {
        assert_eq!(parse_offset("16d"), Some(16 * 86_400 * 1_000_000));
        assert_eq!(parse_offset("-2h"), Some(-7_200_000_000));
        assert_eq!(parse_offset("0s"), Some(0));
        for bad in [
            "",
            "16",
            "d",
            "1.5d",
            "16 days",
            "16w",
            "9999999999999d",
            "1d2h",
        ] {
            assert_eq!(parse_offset(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn hints_are_near_or_absent() {
        let known = ["listen", "public_url", "rate_limit"];
        assert_eq!(nearest("lisen", known.into_iter()), Some("listen"));
        assert_eq!(nearest("rate-limit", known.into_iter()), Some("rate_limit"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }
}
