//! Words of a product text: segments, tokens, case and accents folded.

/// Splits a text at commas, brackets, bars and free-standing dashes.
pub(super) fn segments(text: &str) -> impl Iterator<Item = &str> {
    text.split([
        ',', ';', '|', '/', '(', ')', '[', ']', '{', '}', ':', '>', '<', '•', '·', '–', '—', '.',
        '!', '?', '\n', '\r', '"',
    ])
    .flat_map(|part| part.split(" - "))
    .filter(|part| !part.trim().is_empty())
}

/// Splits a segment into words of letters and digits, lower case and without accents.
pub(super) fn words(segment: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in segment.chars() {
        if is_combining_mark(letter) {
            continue;
        }
        if letter.is_alphanumeric() {
            push_folded(letter, &mut word);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn is_combining_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

fn push_folded(letter: char, word: &mut String) {
    for lower in letter.to_lowercase() {
        match lower {
            'à'..='å' | 'ā' | 'ă' | 'ą' => word.push('a'),
            'ç' | 'ć' | 'č' => word.push('c'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' => word.push('e'),
            'ì'..='ï' | 'ī' => word.push('i'),
            'ñ' | 'ń' => word.push('n'),
            'ò'..='ö' | 'ø' | 'ō' => word.push('o'),
            'ù'..='ü' | 'ū' => word.push('u'),
            'ý' | 'ÿ' => word.push('y'),
            'š' | 'ś' => word.push('s'),
            'ž' | 'ź' | 'ż' => word.push('z'),
            'ß' => word.push_str("ss"),
            'æ' => word.push_str("ae"),
            'œ' => word.push_str("oe"),
            // A capital dotted i leaves a dot above behind.
            mark if is_combining_mark(mark) => {}
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{segments, words};

    #[test]
    fn folds_case_accents_and_ligatures() {
        assert_eq!(
            words("Élégante ROBE d'Été"),
            ["elegante", "robe", "d", "ete"]
        );
        assert_eq!(words("Weißes Röckchen"), ["weisses", "rockchen"]);
        assert_eq!(words("Calça São João"), ["calca", "sao", "joao"]);
        assert_eq!(words("e\u{301}charpe œuvre"), ["echarpe", "oeuvre"]);
        assert!(words(" \u{301} -- ").is_empty());
    }

    #[test]
    fn keeps_hyphenated_words_in_one_segment() {
        let found: Vec<&str> = segments("Levi's - T-Shirt, blau (Gr. M)")
            .map(str::trim)
            .collect();
        assert_eq!(found, ["Levi's", "T-Shirt", "blau", "Gr", "M"]);
    }
}
