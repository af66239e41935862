//! A JSON writer that keeps key order and number texts, and lets a test patch any key.

/// What a test changed about how one row is written: raw values for keys, keys left out, keys added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch(Vec<(Box<str>, Option<Box<str>>)>);

impl Patch {
    /// Nothing patched.
    pub(crate) const NONE: Self = Self(Vec::new());

    /// Writes `raw` (any bytes that are a JSON value, or are not) as the value of `key`; an unknown key is added.
    pub fn set(&mut self, key: &str, raw: &str) -> &mut Self {
        self.put(key, Some(raw.into()))
    }

    /// Leaves `key` out.
    pub fn omit(&mut self, key: &str) -> &mut Self {
        self.put(key, None)
    }

    /// Forgets all patches.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// True when the row is written as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn put(&mut self, key: &str, value: Option<Box<str>>) -> &mut Self {
        self.0.retain(|(known, _)| &**known != key);
        self.0.push((key.into(), value));
        self
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| &**known == key)
    }
}

/// How strings are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    /// Escape everything outside ASCII, as Python's default does.
    pub(crate) ascii: bool,
}

/// One object under construction.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    patch: Option<&'a Patch>,
    seen: u64,
    first: bool,
    style: Style,
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>, patch: Option<&'a Patch>, style: Style) -> Self {
        out.push(b'{');
        Self { out, patch: patch.filter(|patch| !patch.is_empty()), seen: 0, first: true, style }
    }

    /// Writes the key; false when a patch took the value's place.
    fn key(&mut self, key: &str) -> bool {
        if let Some((patch, at)) = self.patch.and_then(|patch| patch.find(key).map(|at| (patch, at))) {
            self.seen |= 1 << at.min(63);
            if let Some(raw) = &patch.0[at].1 {
                self.plain_key(key);
                self.out.extend_from_slice(raw.as_bytes());
            }
            return false;
        }
        self.plain_key(key);
        true
    }

    fn plain_key(&mut self, key: &str) {
        if !self.first {
            self.out.extend_from_slice(b", ");
        }
        self.first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\": ");
    }

    pub(crate) fn raw(&mut self, key: &str, raw: &str) {
        if self.key(key) {
            self.out.extend_from_slice(raw.as_bytes());
        }
    }

    pub(crate) fn number(&mut self, key: &str, raw: Option<&str>) {
        self.raw(key, raw.unwrap_or("null"));
    }

    pub(crate) fn text(&mut self, key: &str, text: Option<&str>) {
        if self.key(key) {
            match text {
                Some(text) => string(self.out, text, self.style),
                None => self.out.extend_from_slice(b"null"),
            }
        }
    }

    pub(crate) fn integer(&mut self, key: &str, value: Option<i64>) {
        if self.key(key) {
            match value {
                Some(value) => integer(self.out, value),
                None => self.out.extend_from_slice(b"null"),
            }
        }
    }

    pub(crate) fn boolean(&mut self, key: &str, value: Option<bool>) {
        self.raw(
            key,
            match value {
                Some(true) => "true",
                Some(false) => "false",
                None => "null",
            },
        );
    }

    pub(crate) fn null(&mut self, key: &str) {
        self.raw(key, "null");
    }

    pub(crate) fn texts(&mut self, key: &str, list: &[&str]) {
        if self.key(key) {
            let style = self.style;
            array(self.out, list, |out, text| string(out, text, style));
        }
    }

    /// Writes a value of any shape.
    pub(crate) fn value(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>, Style)) {
        if self.key(key) {
            write(self.out, self.style);
        }
    }

    pub(crate) fn close(mut self) {
        if let Some(patch) = self.patch {
            for (at, (key, raw)) in patch.0.iter().enumerate() {
                if self.seen & (1 << at.min(63)) == 0
                    && let Some(raw) = raw
                {
                    self.plain_key(key);
                    self.out.extend_from_slice(raw.as_bytes());
                }
            }
        }
        self.out.push(b'}');
    }
}

pub(crate) fn array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        write(out, item);
    }
    out.push(b']');
}

pub(crate) fn integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a string with its quotes, escaping what JSON demands.
pub(crate) fn string(out: &mut Vec<u8>, text: &str, style: Style) {
    out.push(b'"');
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && (byte < 0x80 || !style.ascii);
    if text.bytes().all(plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        for character in text.chars() {
            escape(out, character, style);
        }
    }
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, character: char, style: Style) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        other if (other as u32) < 0x20 || (style.ascii && !other.is_ascii()) => {
            let mut units = [0_u16; 2];
            for unit in other.encode_utf16(&mut units) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
        other => {
            let mut bytes = [0_u8; 4];
            out.extend_from_slice(other.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_survive_a_parser() {
        for text in ["", "plain", "é \" \\ \n \u{7} \u{0} 🍣", "\u{202e}abc", "\u{a0}"] {
            for ascii in [false, true] {
                let mut out = Vec::new();
                string(&mut out, text, Style { ascii });
                let back: String = serde_json::from_slice(&out).unwrap();
                assert_eq!(back, text);
                assert!(!ascii || out.is_ascii());
            }
        }
    }

    #[test]
    fn patches_replace_omit_and_add() {
        let mut patch = Patch::default();
        patch.set("id", "1.0").omit("name").set("new", "[1]");
        let mut out = Vec::new();
        let mut object = Object::open(&mut out, Some(&patch), Style::default());
        object.integer("id", Some(1));
        object.text("name", Some("x"));
        object.boolean("on", Some(true));
        object.close();
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"id": 1.0, "on": true, "new": [1]}"#);
    }

    #[test]
    fn integers_are_printed_whole() {
        for value in [0, 7, -7, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            integer(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
