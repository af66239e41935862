//! Windows-1252: ASCII and Latin-1 but for 27 places. The five bytes that it leaves open stand for the control characters
//! of the same number, as browsers have it.

/// The characters of the bytes 0x80 to 0x9F.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// What stands where a character is lacking.
pub(super) const SUBSTITUTE: char = '?';

/// The byte of a character; `None` when there is none.
pub(super) fn byte_of(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0..=0x7F | 0xA0..=0xFF) => u8::try_from(code).ok(),
        _ => HIGH.iter().position(|high| *high == c).and_then(|at| u8::try_from(0x80 + at).ok()),
    }
}

/// The character of a byte.
fn char_of(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

/// Appends the text's bytes; returns how many characters became `?`.
pub(crate) fn encode(text: &str, out: &mut Vec<u8>) -> u64 {
    let mut lacking = 0;
    out.extend(text.chars().map(|c| {
        byte_of(c).unwrap_or_else(|| {
            lacking += 1;
            SUBSTITUTE as u8
        })
    }));
    lacking
}

/// Appends the text of the bytes.
pub(super) fn decode(bytes: &[u8], out: &mut String) {
    out.extend(bytes.iter().map(|byte| char_of(*byte)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_leads_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of(char_of(byte)), Some(byte));
        }
        let mut out = Vec::new();
        assert_eq!(encode("Œuvre à 5 € — ≠ ★", &mut out), 2);
        assert_eq!(out, b"\x8Cuvre \xE0 5 \x80 \x97 ? ?");
        let mut back = String::new();
        decode(&out, &mut back);
        assert_eq!(back, "Œuvre à 5 € — ? ?");
    }
}
