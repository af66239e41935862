//! JSON as text: escapes, and objects written.

use super::cursor::Raw;

/// Appends the text that a JSON string stands for. Returns whether a lone surrogate had to become U+FFFD.
pub(super) fn unescape(raw: Raw<'_>, out: &mut String) -> bool {
    let mut lone = false;
    let mut rest = raw.text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied();
        rest = &rest[at + 2..];
        match escape {
            Some(b'u') => {
                let (character, used) = unicode(rest);
                lone |= character.is_none();
                out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = &rest[used..];
            }
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'n') => out.push('\n'),
            Some(b'r') => out.push('\r'),
            Some(b't') => out.push('\t'),
            // A quote, a slash or a backslash: the cursor has let nothing else through.
            Some(byte) => out.push(char::from(byte)),
            None => {}
        }
    }
    out.push_str(rest);
    lone
}

/// The text that a JSON string stands for.
pub(super) fn plain(raw: Raw<'_>) -> String {
    let mut text = String::new();
    unescape(raw, &mut text);
    text
}

/// The character of `XXXX` (and of a second half `\uXXXX`), and how many bytes it took.
fn unicode(text: &str) -> (Option<char>, usize) {
    let hex = |at: usize| text.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(first) = hex(0) else { return (None, 0) };
    if !(0xd800..0xdc00).contains(&first) {
        return (char::from_u32(first), 4);
    }
    let second = text.get(4..6).filter(|mark| *mark == "\\u").and_then(|_| hex(6));
    match second {
        Some(second @ 0xdc00..=0xdfff) => {
            (char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)), 10)
        }
        _ => (None, 4),
    }
}

/// A JSON object of these keys and JSON texts.
pub(super) fn write_object(entries: &[(String, impl AsRef<str>)]) -> String {
    let mut json = String::from("{");
    for (place, (key, value)) in entries.iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        push_json_text(&mut json, key);
        json.push(':');
        json.push_str(value.as_ref());
    }
    json.push('}');
    json
}

/// Appends a JSON string.
pub(super) fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => {
                use std::fmt::Write as _;
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cursor::Escapes;

    use super::*;

    fn of(text: &str) -> (String, bool) {
        let mut out = String::new();
        let lone = unescape(Raw { text, escapes: Escapes::Some }, &mut out);
        (out, lone)
    }

    #[test]
    fn lone_surrogates_are_replaced_and_reported() {
        assert_eq!(of(r"a\u00e9\n\/\ud83d\ude00"), ("aé\n/😀".to_owned(), false));
        assert_eq!(of(r"\ud83dx"), ("\u{fffd}x".to_owned(), true));
        assert_eq!(of(r"\ude00"), ("\u{fffd}".to_owned(), true));
        assert_eq!(of(r"\ud83d\u0041"), ("\u{fffd}A".to_owned(), true));
        assert_eq!(of(r"\u0000"), ("\0".to_owned(), false));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let (out, lone) = of(&json[1..json.len() - 1]);
            prop_assert_eq!(out, text);
            prop_assert!(!lone);
        }
    }
}
