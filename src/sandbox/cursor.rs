//! The opaque cursor inside `_links`: base64 of `[{"op":"lt","value":"2020-03-08"},{"op":"gt","value":980787}]`,
//! the place (date, id) after which the next page starts; newest date first, then by id.

use crate::sandbox::calendar::day_text;
use crate::sandbox::world::ledger::{Place, rank};

/// The digits of base64.
pub(crate) const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The cursor of a place, percent-encoded as it stands in a link.
pub(crate) fn write(place: Place) -> String {
    let date = if place.0 == i32::MAX { "null".to_owned() } else { format!("\"{}\"", day_text(-place.0)) };
    escaped(&format!(r#"[{{"op":"lt","value":{date}}},{{"op":"gt","value":{}}}]"#, place.1))
}

/// The cursor of an API that counts rows and does not show it.
pub(crate) fn write_count(rows: usize) -> String {
    escaped(&format!(r#"[{{"op":"skip","value":{rows}}}]"#))
}

/// How many rows a cursor skips; `None` for one that names a place.
pub(crate) fn read_count(cursor: &str) -> Option<usize> {
    let skip = json(cursor)?.get(0).filter(|part| part["op"] == "skip")?.get("value")?.as_u64()?;
    usize::try_from(skip).ok()
}

fn escaped(text: &str) -> String {
    encode(text.as_bytes()).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

fn json(cursor: &str) -> Option<serde_json::Value> {
    // A `+` that was not percent-encoded has become a space.
    serde_json::from_slice(&decode(&cursor.replace(' ', "+"))?).ok()
}

/// The place of a cursor (already percent-decoded); `None` for what no server wrote.
pub(crate) fn read(cursor: &str) -> Option<Place> {
    let value = json(cursor)?;
    let id = value.get(1)?.get("value")?.as_i64()?;
    let date = value.get(0)?.get("value")?;
    let place = rank(date.as_str());
    (date.is_null() || place != i32::MAX).then_some((place, id))
}

/// The bytes in base64, padded.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            if at <= group.len() {
                out.push(char::from(ALPHABET[(word >> (18 - 6 * at)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// The bytes of a base64 text, padded or not; `None` for another character.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        word = word << 6 | u32::try_from(digit).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(word >> bits & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::request;

    #[test]
    fn cursors_come_back() {
        for place in [(rank(Some("2026-11-22")), 10_000_077), (rank(None), 5), (rank(Some("2999-12-31")), 1)]
        {
            assert_eq!(read(&request::decode(&write(place))), Some(place));
        }
        let counted = request::decode(&write_count(40));
        assert_eq!((read(&counted), read_count(&counted)), (None, Some(40)));
        assert_eq!(read_count(&request::decode(&write((rank(None), 5)))), None);
        assert_eq!(read("W3sib3AiOi4uLn1d"), None);
        assert_eq!(read("%%%"), None);
    }

    #[test]
    fn the_documented_sample_is_understood() {
        let sample = encode(br#"[{"op":"lt","value":"2020-03-08"},{"op":"gt","value":980787}]"#);
        assert_eq!(read(&sample), Some((rank(Some("2020-03-08")), 980_787)));
    }
}
