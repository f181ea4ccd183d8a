//! Colours code: strings, comments, numbers, keywords and variables of the few languages on the pages.

use std::fmt::Write as _;

use super::escape;

/// What a piece of code is; the name is the class of its `span`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Plain,
    Text,
    Comment,
    Number,
    Keyword,
    Variable,
}

impl Token {
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Text => Some("s"),
            Self::Comment => Some("c"),
            Self::Number => Some("n"),
            Self::Keyword => Some("k"),
            Self::Variable => Some("v"),
        }
    }
}

struct Language {
    comment: Option<char>,
    has_single_quotes: bool,
    has_variables: bool,
    /// Whether a text before a colon is a name, as in JSON.
    has_keys: bool,
    keywords: &'static [&'static str],
}

const PLAIN: Language = Language {
    comment: None,
    has_single_quotes: false,
    has_variables: false,
    has_keys: false,
    keywords: &[],
};

fn language(name: &str) -> Option<Language> {
    Some(match name {
        "json" => Language {
            has_keys: true,
            keywords: &["true", "false", "null"],
            ..PLAIN
        },
        "bash" => Language {
            comment: Some('#'),
            has_single_quotes: true,
            has_variables: true,
            keywords: &[
                "if", "then", "fi", "for", "in", "do", "done", "while", "until", "export",
            ],
            ..PLAIN
        },
        "python" => Language {
            comment: Some('#'),
            has_single_quotes: true,
            keywords: &[
                "and", "as", "assert", "break", "class", "continue", "def", "elif", "else",
                "except", "False", "finally", "for", "from", "if", "import", "in", "is", "None",
                "not", "or", "raise", "return", "True", "try", "while", "with",
            ],
            ..PLAIN
        },
        "toml" => Language {
            comment: Some('#'),
            has_single_quotes: true,
            keywords: &["true", "false"],
            ..PLAIN
        },
        _ => return None,
    })
}

/// Turns code into HTML; code in an unknown language stays plain.
pub(super) fn highlight(name: &str, code: &str) -> String {
    let Some(language) = language(name) else {
        return escape(code);
    };
    let mut html = String::with_capacity(code.len() * 2);
    let mut before = '\n';
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let (token, length) = next_token(&language, first, before, rest);
        let (piece, after) = rest.split_at(length);
        match token.class() {
            Some(class) => {
                let _ = write!(html, "<span class=\"{class}\">{}</span>", escape(piece));
            }
            None => html.push_str(&escape(piece)),
        }
        before = piece.chars().next_back().unwrap_or(before);
        rest = after;
    }
    html
}

/// The first token of `rest` and its length in bytes.
fn next_token(language: &Language, first: char, before: char, rest: &str) -> (Token, usize) {
    // A `#` inside a word is no comment.
    if language.comment == Some(first) && before.is_whitespace() {
        return (Token::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if first == '"' || (first == '\'' && language.has_single_quotes) {
        let length = text_length(first, rest);
        let is_key = language.has_keys && rest[length..].trim_start().starts_with(':');
        let token = if is_key { Token::Variable } else { Token::Text };
        return (token, length);
    }
    if first == '$' && language.has_variables {
        let name = rest[1..].trim_start_matches('{');
        let length = word_length(name) + (rest.len() - 1 - name.len()) + 1;
        return (Token::Variable, length);
    }
    if first.is_ascii_digit() && !is_word(before) {
        let is_number = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        let length = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
        return (Token::Number, length);
    }
    if is_word(first) {
        let length = word_length(rest);
        let is_keyword = language.keywords.contains(&&rest[..length]) && !is_joined(before);
        let token = if is_keyword {
            Token::Keyword
        } else {
            Token::Plain
        };
        return (token, length);
    }
    (Token::Plain, first.len_utf8())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Says whether a word goes on from what stands before it, as in `try-on` or `a.in`.
fn is_joined(before: char) -> bool {
    is_word(before) || matches!(before, '-' | '.' | '/')
}

fn word_length(rest: &str) -> usize {
    rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}

/// Length of a quoted text with its quotes; three quotes in a row end at three.
fn text_length(quote: char, rest: &str) -> usize {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if let Some(inside) = rest.strip_prefix(&triple) {
        return inside
            .find(&triple)
            .map_or(rest.len(), |end| end + 2 * triple.len());
    }
    let mut is_escaped = false;
    for (index, character) in rest.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' && quote == '"' {
            is_escaped = true;
        } else if character == quote {
            return index + 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_keys_texts_and_numbers() {
        assert_eq!(
            highlight("json", r#"{"a": "b", "n": 1, "x": null}"#),
            "{<span class=\"v\">&quot;a&quot;</span>: <span class=\"s\">&quot;b&quot;</span>, \
             <span class=\"v\">&quot;n&quot;</span>: <span class=\"n\">1</span>, \
             <span class=\"v\">&quot;x&quot;</span>: <span class=\"k\">null</span>}"
        );
    }

    #[test]
    fn shells_have_variables_and_comments() {
        let html = highlight("bash", "curl \"$A\" -F 'x' $B_C/y # say <hi>\n");
        assert!(html.contains("<span class=\"v\">$B_C</span>/y"), "{html}");
        assert!(html.contains("<span class=\"s\">&#39;x&#39;</span>"));
        assert!(html.contains("<span class=\"c\"># say &lt;hi&gt;</span>"));
        assert!(highlight("bash", "a#b for-x").contains("a#b"));
        assert!(highlight("bash", "try-in").ends_with("try-in"));
    }

    #[test]
    fn nothing_is_lost_whatever_the_code_is() {
        for code in [
            "\"open",
            "'",
            "$",
            "${A}",
            "\"a\\\"b\" é 1x",
            "\"\"\"a\nb\"\"\" if",
            "🙂#",
        ] {
            for name in ["json", "bash", "python", "toml", "text"] {
                let html = highlight(name, code);
                let mut text = String::new();
                let mut is_tag = false;
                for c in html.chars() {
                    match c {
                        '<' => is_tag = true,
                        '>' => is_tag = false,
                        c if !is_tag => text.push(c),
                        _ => {}
                    }
                }
                assert_eq!(text, escape(code), "{name}");
            }
        }
    }
}
