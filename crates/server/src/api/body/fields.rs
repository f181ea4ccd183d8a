//! Reads fields out of JSON and notes every problem, not only the first.

use std::ops::RangeInclusive;

use drape_core::{Code, Detail, Error};
use serde_json::{Map, Value};

/// Most problems that one answer lists.
const MAX_PROBLEMS: usize = 100;
/// Longest URL in characters.
const MAX_URL_CHARS: usize = 2_048;
/// Longest text of the caller that is repeated in a message, in characters.
const MAX_ECHO_CHARS: usize = 60;

/// Path of the body itself.
const ROOT_PATH: &str = "body";

/// Any number that a count can be; which of them fit is for the rules to say.
pub(crate) const ANY_COUNT: RangeInclusive<u32> = 0..=u32::MAX;

/// What is wrong with a request, collected while it is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
}

#[derive(Debug)]
struct Problem {
    detail: Detail,
    /// A problem that has a code of its own, and the message that goes with it, when it is the only kind.
    special: Option<(Code, String)>,
}

impl Problems {
    /// Notes a field that does not fit.
    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.push(path.into(), message.into(), None);
    }

    /// Notes a problem with a code of its own; `message` is the detail, `alone` the text when that code is answered.
    pub(crate) fn add_special(
        &mut self,
        code: Code,
        path: impl Into<String>,
        message: impl Into<String>,
        alone: impl Into<String>,
    ) {
        self.push(path.into(), message.into(), Some((code, alone.into())));
    }

    /// Notes what the rules found, but for fields that have a problem already; a body without fields has no others.
    pub(crate) fn add_missing(&mut self, details: Vec<Detail>) {
        for detail in details {
            let is_known = self
                .found
                .iter()
                .any(|known| known.detail.path == detail.path || known.detail.path == ROOT_PATH);
            if !is_known {
                self.push(detail.path, detail.message, None);
            }
        }
    }

    fn push(&mut self, path: String, message: String, special: Option<(Code, String)>) {
        if self.found.len() < MAX_PROBLEMS {
            let detail = Detail { path, message };
            self.found.push(Problem { detail, special });
        }
    }

    /// Ends the reading: fine, or one error for all problems.
    ///
    /// A body that is otherwise well-shaped is answered with the special code of its first problem; anything else is
    /// `VALIDATION_FAILED` with every problem in its details.
    pub(crate) fn into_result(self) -> Result<(), Error> {
        if self.found.is_empty() {
            return Ok(());
        }
        let all_special = self.found.iter().all(|problem| problem.special.is_some());
        let first = self
            .found
            .iter()
            .find_map(|problem| problem.special.clone());
        match first {
            Some((code, message)) if all_special => Err(Error::new(code, message)),
            _ => Err(Error::validation(
                self.found
                    .into_iter()
                    .map(|problem| problem.detail)
                    .collect(),
            )),
        }
    }
}

/// An object of the body, and the path that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Object<'v> {
    map: &'v Map<String, Value>,
    path: String,
}

/// A value of the body, and the path that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Field<'v> {
    /// The value; `null` only from [`Object::field_or_null`].
    pub value: &'v Value,
    /// Dotted path as the caller spelled it.
    pub path: String,
}

impl<'v> Object<'v> {
    /// Begins at the body itself.
    pub(crate) fn root(json: &'v Value, problems: &mut Problems) -> Option<Self> {
        let Value::Object(map) = json else {
            problems.add(ROOT_PATH, expected("object", json));
            return None;
        };
        Some(Self {
            map,
            path: String::new(),
        })
    }

    /// Path of this object.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Path of a field of this object.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A field that was given; `null` counts as not given.
    pub(crate) fn field(&self, key: &str) -> Option<Field<'v>> {
        self.field_or_null(key)
            .filter(|field| !field.value.is_null())
    }

    /// A field that was given, also as `null`.
    pub(crate) fn field_or_null(&self, key: &str) -> Option<Field<'v>> {
        self.map.get(key).map(|value| Field {
            value,
            path: self.path_of(key),
        })
    }

    /// A text that must be there, of whatever length; empty when it was noted as a problem.
    pub(crate) fn required_text(&self, key: &str, problems: &mut Problems) -> &'v str {
        let Some(field) = self.field(key) else {
            problems.add(self.path_of(key), "Required");
            return "";
        };
        field.any_text(problems).unwrap_or_default()
    }

    /// The first of several spellings that was given.
    pub(crate) fn first_of(&self, keys: &[&str]) -> Option<Field<'v>> {
        keys.iter().find_map(|key| self.field(key))
    }
}

impl<'v> Field<'v> {
    /// Reads an object.
    pub(crate) fn object(self, problems: &mut Problems) -> Option<Object<'v>> {
        match self.value {
            Value::Object(map) => Some(Object {
                map,
                path: self.path,
            }),
            other => {
                problems.add(self.path, expected("object", other));
                None
            }
        }
    }

    /// Reads an open object of at most `max_bytes` of JSON.
    pub(crate) fn open_object(
        self,
        max_bytes: usize,
        problems: &mut Problems,
    ) -> Option<Map<String, Value>> {
        let path = self.path.clone();
        let map = self.object(problems)?.map;
        let size_bytes = serde_json::to_vec(map).map_or(usize::MAX, |json| json.len());
        if size_bytes > max_bytes {
            problems.add(
                path,
                format!("Object must contain at most {max_bytes} byte(s) of JSON"),
            );
            return None;
        }
        Some(map.clone())
    }

    /// Reads a list; the entries carry their index in the path.
    pub(crate) fn list(self, problems: &mut Problems) -> Option<Vec<Field<'v>>> {
        let Value::Array(values) = self.value else {
            problems.add(self.path, expected("array", self.value));
            return None;
        };
        let entries = values.iter().enumerate().map(|(index, value)| Field {
            value,
            path: format!("{}.{index}", self.path),
        });
        Some(entries.collect())
    }

    /// Reads a text of so many characters.
    pub(crate) fn text(
        &self,
        chars: RangeInclusive<usize>,
        problems: &mut Problems,
    ) -> Option<&'v str> {
        let text = self.any_text(problems)?;
        match text_problem(text, chars) {
            None => Some(text),
            Some(message) => {
                problems.add(self.path.as_str(), message);
                None
            }
        }
    }

    /// Reads a text of whatever length.
    pub(crate) fn any_text(&self, problems: &mut Problems) -> Option<&'v str> {
        let Value::String(text) = self.value else {
            problems.add(self.path.as_str(), expected("string", self.value));
            return None;
        };
        Some(text)
    }

    /// Reads a text without control characters.
    pub(crate) fn printable(
        &self,
        chars: RangeInclusive<usize>,
        problems: &mut Problems,
    ) -> Option<&'v str> {
        let text = self.text(chars, problems)?;
        if text.chars().any(char::is_control) {
            problems.add(self.path.as_str(), "Only printable characters are allowed");
            return None;
        }
        Some(text)
    }

    /// Reads an `http` or `https` URL.
    pub(crate) fn url(&self, problems: &mut Problems) -> Option<&'v str> {
        let text = self.any_text(problems)?;
        if is_web_url(text) {
            return Some(text);
        }
        problems.add(self.path.as_str(), "Invalid url");
        None
    }

    /// Reads `true` or `false`.
    pub(crate) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            problems.add(self.path.as_str(), expected("boolean", self.value));
        }
        flag
    }

    /// Reads a whole number in a range.
    pub(crate) fn integer(
        &self,
        range: RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<u32> {
        let range = i64::from(*range.start())..=i64::from(*range.end());
        self.signed(range, problems).map(|number| number as u32)
    }

    /// Reads a whole number in a range of at most 53 bits.
    pub(crate) fn signed(
        &self,
        range: RangeInclusive<i64>,
        problems: &mut Problems,
    ) -> Option<i64> {
        let number = self.number(problems)?;
        let message = if number.fract() != 0.0 {
            "Expected integer, received float".to_owned()
        } else if number < *range.start() as f64 {
            format!("Number must be greater than or equal to {}", range.start())
        } else if number > *range.end() as f64 {
            format!("Number must be less than or equal to {}", range.end())
        } else {
            return Some(number as i64);
        };
        problems.add(self.path.as_str(), message);
        None
    }

    /// Reads one of a few numbers.
    pub(crate) fn one_of(&self, allowed: &[u32], problems: &mut Problems) -> Option<u32> {
        let number = self.number(problems)?;
        // Casts saturate, so only a whole number in range survives the way there and back.
        let whole =
            Some(number as u32).filter(|whole| f64::from(*whole).to_bits() == number.to_bits());
        let found = whole.filter(|whole| allowed.contains(whole));
        if found.is_none() {
            let received = self.value.to_string();
            problems.add(self.path.as_str(), not_one_of(allowed, &received));
        }
        found
    }

    fn number(&self, problems: &mut Problems) -> Option<f64> {
        let number = self.value.as_f64();
        if number.is_none() {
            problems.add(self.path.as_str(), expected("number", self.value));
        }
        number
    }
}

/// Message for a value of another type, such as `Expected number, received string`.
fn expected(wanted: &str, value: &Value) -> String {
    let received = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("Expected {wanted}, received {received}")
}

/// Message for a number that is none of a few.
pub(crate) fn not_one_of(allowed: &[u32], received: &str) -> String {
    let allowed: Vec<_> = allowed.iter().map(u32::to_string).collect();
    format!(
        "Invalid enum value. Expected {}, received {}",
        allowed.join(" | "),
        echo(received)
    )
}

/// Message for a word that is none of a few.
pub(crate) fn not_a_word_of(allowed: &[&str], received: &str) -> String {
    let allowed: Vec<_> = allowed.iter().map(|word| format!("'{word}'")).collect();
    format!(
        "Invalid enum value. Expected {}, received '{}'",
        allowed.join(" | "),
        echo(received)
    )
}

/// The caller's own text, short enough for a message.
fn echo(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_ECHO_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What is wrong with a text, if anything.
pub(crate) fn text_problem(text: &str, chars: RangeInclusive<usize>) -> Option<String> {
    let count = text.chars().count();
    if count < *chars.start() {
        return Some(format!(
            "String must contain at least {} character(s)",
            chars.start()
        ));
    }
    if count > *chars.end() {
        return Some(format!(
            "String must contain at most {} character(s)",
            chars.end()
        ));
    }
    // Not every database can store it.
    text.contains('\0')
        .then(|| "String must not contain NUL characters".to_owned())
}

fn is_web_url(text: &str) -> bool {
    let is_clean = !text.contains(|char: char| char.is_control() || char.is_whitespace());
    is_clean
        && text.chars().count() <= MAX_URL_CHARS
        && url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Runs a reader over one value and returns what it noted.
    fn noted<T>(value: &Value, read: impl FnOnce(Field<'_>, &mut Problems) -> Option<T>) -> String {
        let mut problems = Problems::default();
        let field = Field {
            value,
            path: "x".to_owned(),
        };
        let result = read(field, &mut problems);
        assert_eq!(result.is_some(), problems.found.is_empty());
        problems
            .found
            .into_iter()
            .map(|problem| problem.detail.message)
            .collect()
    }

    #[test]
    fn wrong_types_are_named() {
        for (value, name) in [
            (json!(1), "number"),
            (json!(true), "boolean"),
            (json!([]), "array"),
            (json!({}), "object"),
            (json!(null), "null"),
        ] {
            assert_eq!(
                noted(&value, |field, problems| field
                    .any_text(problems)
                    .map(str::to_owned)),
                format!("Expected string, received {name}")
            );
        }
        assert_eq!(
            noted(&json!("1"), |field, problems| field
                .integer(1..=2, problems)),
            "Expected number, received string"
        );
        assert_eq!(
            noted(&json!("true"), |field, problems| field.flag(problems)),
            "Expected boolean, received string"
        );
        assert_eq!(
            noted(&json!("a"), |field, problems| field
                .object(problems)
                .map(drop)),
            "Expected object, received string"
        );
        assert_eq!(
            noted(&json!({}), |field, problems| field.list(problems).map(drop)),
            "Expected array, received object"
        );
    }

    #[test]
    fn numbers_have_ranges() {
        let integer =
            |value: Value| noted(&value, |field, problems| field.integer(1..=365, problems));
        assert_eq!(integer(json!(1)), "");
        assert_eq!(integer(json!(365.0)), "");
        assert_eq!(
            integer(json!(0)),
            "Number must be greater than or equal to 1"
        );
        assert_eq!(
            integer(json!(-1e300)),
            "Number must be greater than or equal to 1"
        );
        assert_eq!(
            integer(json!(366)),
            "Number must be less than or equal to 365"
        );
        assert_eq!(
            integer(json!(u64::MAX)),
            "Number must be less than or equal to 365"
        );
        assert_eq!(integer(json!(1.5)), "Expected integer, received float");
        let days =
            |value: Value| noted(&value, |field, problems| field.one_of(&[1, 3, 7], problems));
        assert_eq!(days(json!(7)), "");
        assert_eq!(days(json!(7.0)), "");
        assert_eq!(
            days(json!(5)),
            "Invalid enum value. Expected 1 | 3 | 7, received 5"
        );
    }

    #[test]
    fn texts_are_counted_in_characters() {
        let text = |value: &str| {
            noted(&json!(value), |field, problems| {
                field.text(1..=3, problems).map(str::to_owned)
            })
        };
        assert_eq!(text("ñño"), "");
        assert_eq!(text(""), "String must contain at least 1 character(s)");
        assert_eq!(text("abcd"), "String must contain at most 3 character(s)");
        assert_eq!(text("a\0"), "String must not contain NUL characters");
        assert_eq!(text("a\nb"), "");
        assert_eq!(
            noted(&json!("a\nb"), |field, problems| field
                .printable(1..=3, problems)
                .map(str::to_owned)),
            "Only printable characters are allowed"
        );
    }

    #[test]
    fn urls_are_of_the_web() {
        let long = format!("https://shop.example/{}", "a".repeat(2_048));
        for bad in [
            "",
            "shop.example/a.jpg",
            "/a.jpg",
            "ftp://shop.example/a.jpg",
            "file:///etc/passwd",
            "data:image/png;base64,AA",
            "http://",
            "https://shop.example/a b.jpg",
            " https://shop.example/a.jpg",
            "http://[::1",
            long.as_str(),
        ] {
            assert!(!is_web_url(bad), "{bad}");
        }
        for good in [
            "http://shop.example/a.jpg",
            "HTTPS://SHOP.EXAMPLE",
            "https://shop.example/ä.jpg?x=1#y",
            "http://127.0.0.1:8080/a",
        ] {
            assert!(is_web_url(good), "{good}");
        }
    }

    #[test]
    fn a_special_code_counts_only_alone() {
        let special = |problems: &mut Problems| {
            problems.add_special(Code::CustomerImageRequired, "customer", "Required", "Who?");
        };
        let mut problems = Problems::default();
        special(&mut problems);
        let error = problems.into_result().unwrap_err();
        assert_eq!(error.code(), Code::CustomerImageRequired);
        assert_eq!(error.message(), "Who?");
        assert!(error.details().is_empty());

        let mut problems = Problems::default();
        special(&mut problems);
        problems.add("product", "Required");
        let error = problems.into_result().unwrap_err();
        assert_eq!(error.code(), Code::ValidationFailed);
        assert_eq!(error.details().len(), 2);
    }

    #[test]
    fn the_list_of_problems_is_bounded_and_so_is_what_it_repeats() {
        let mut problems = Problems::default();
        for _ in 0..10_000 {
            problems.add("x", "Required");
        }
        let error = problems.into_result().unwrap_err();
        assert_eq!(error.details().len(), MAX_PROBLEMS);
        let message = not_a_word_of(&["a", "b"], &"é".repeat(1_000));
        assert!(message.starts_with("Invalid enum value. Expected 'a' | 'b', received 'ééé"));
        assert!(message.chars().count() < 120);
    }
}
