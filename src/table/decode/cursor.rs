//! Strict JSON (RFC 8259), token by token, over text already known to be UTF-8.

/// Objects and arrays inside one another; the API's own answers nest six deep.
const MAX_DEPTH: u32 = 64;

/// Why a body is not a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// The text is not JSON, or ends early.
    #[error("not JSON, or cut short (byte {0})")]
    NotJson(usize),
    /// Something follows the object.
    #[error("something follows the object (byte {0})")]
    Trailing(usize),
    /// Nested deeper than anything the API sends.
    #[error("nested deeper than 64 (byte {0})")]
    TooDeep(usize),
    /// More rows than any page has.
    #[error("more than 100000 rows in one page")]
    TooManyRows,
    /// The object lacks the list that was asked for, or it is no list.
    #[error("no list of {0} in the answer")]
    MissingList(&'static str),
    /// `_links.next` is neither null nor an address.
    #[error("a next link that is no address")]
    BadLink,
    /// The columns could not be put together (a bug).
    #[error("columns of unequal length")]
    Columns,
}

/// A value's text, classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    /// A number's own text, valid by the JSON grammar.
    Number(&'a str),
    /// What stands between the quotes.
    Text(Raw<'a>),
    /// A whole object or array.
    Composite,
}

/// What stands between two quotes, escapes and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    pub(super) escapes: Escapes,
}

/// Whether a text has escapes. As wide as a word: with the seven bytes of padding behind a `bool`, each copy of a
/// [`Value`] on its way from the cursor to the cell waited for the one before, a fifth of the time of all decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Escapes {
    None,
    Some,
}

#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn fail<T>(&self) -> Result<T, DecodeError> {
        Err(DecodeError::NotJson(self.at))
    }

    /// Where the cursor stands, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from an earlier position to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// The text between two positions.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    /// Goes on at another position, between two characters.
    #[inline]
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Another cursor over the same text, at another position between two characters.
    pub(super) fn beginning_at(&self, at: usize) -> Self {
        Self { text: self.text, at }
    }

    /// Takes exactly these bytes, if they come next.
    #[inline]
    pub(super) fn take_bytes(&mut self, expected: &[u8]) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes the byte if it comes next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), DecodeError> {
        if self.take(byte) { Ok(()) } else { self.fail() }
    }

    /// After `{` or a member: the next key with its colon taken, or `None` at the closing brace.
    #[inline]
    pub(super) fn next_key(&mut self, first: &mut bool) -> Result<Option<Raw<'a>>, DecodeError> {
        if !self.next_element(first, b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// After `[` or an element: whether another one follows; the closing bracket is taken when none does.
    #[inline]
    pub(super) fn next_element(&mut self, first: &mut bool, close: u8) -> Result<bool, DecodeError> {
        if *first {
            *first = false;
            return Ok(!self.take(close));
        }
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => self.fail(),
        }
    }

    /// Takes one whole value. For an object or array, [`Self::since`] has its text.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Value<'a>, DecodeError> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'n') => self.literal("null", Value::Null),
            Some(b't') => self.literal("true", Value::Boolean(true)),
            Some(b'f') => self.literal("false", Value::Boolean(false)),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'{' | b'[') => self.skip_composite(1).map(|()| Value::Composite),
            _ => self.fail(),
        }
    }

    fn literal(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, DecodeError> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        self.fail()
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let bytes = &self.text.as_bytes()[self.at..];
        let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn number(&mut self) -> Result<&'a str, DecodeError> {
        let start = self.at;
        let byte = |cursor: &Self| cursor.text.as_bytes().get(cursor.at).copied();
        if byte(self) == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = byte(self) == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return self.fail();
        }
        if byte(self) == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.fail();
            }
        }
        if matches!(byte(self), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(byte(self), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.fail();
            }
        }
        Ok(self.since(start))
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<Raw<'a>, DecodeError> {
        self.expect(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escapes = Escapes::None;
        loop {
            self.at += plain_length(&bytes[self.at..]);
            match bytes.get(self.at) {
                Some(b'"') => {
                    let text = self.since(start);
                    self.at += 1;
                    return Ok(Raw { text, escapes });
                }
                Some(b'\\') => {
                    escapes = Escapes::Some;
                    self.escape()?;
                }
                // A control character, or the end.
                _ => return self.fail(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), DecodeError> {
        let bytes = &self.text.as_bytes()[self.at..];
        let length = match bytes.get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if bytes.len() >= 6 && bytes[2..6].iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return self.fail(),
        };
        self.at += length;
        Ok(())
    }

    fn skip_composite(&mut self, depth: u32) -> Result<(), DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep(self.at));
        }
        let mut first = true;
        if self.take(b'{') {
            while self.next_key(&mut first)?.is_some() {
                self.skip_inside(depth)?;
            }
        } else {
            self.expect(b'[')?;
            while self.next_element(&mut first, b']')? {
                self.skip_inside(depth)?;
            }
        }
        Ok(())
    }

    fn skip_inside(&mut self, depth: u32) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_composite(depth + 1),
            _ => self.value().map(|_| ()),
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(DecodeError::Trailing(self.at)),
        }
    }
}

/// How many bytes from the start are neither a quote, a backslash nor a control character: eight at a time.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let quote = zero_bytes(word ^ (ONES * b'"' as u64));
        let backslash = zero_bytes(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = quote | backslash | control;
        if found != 0 {
            // The lowest mark is exact; only marks above a true one can be false.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes[at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f));
    at + rest.count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Result<(), DecodeError> {
        let mut cursor = Cursor::new(text);
        cursor.value()?;
        cursor.end()
    }

    #[test]
    fn refuses_what_is_not_json() {
        for bad in [
            "",
            "{",
            "{\"a\":1",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            "-",
            "NaN",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\ud8\"",
            "tru",
            "[1 2]",
            "{} {}",
            "\u{feff}{}",
        ] {
            assert!(whole(bad).is_err(), "{bad:?}");
        }
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert!(matches!(whole(&deep), Err(DecodeError::TooDeep(_))));
    }

    proptest! {
        #[test]
        fn plain_length_is_what_a_loop_finds(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let slow = bytes.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            prop_assert_eq!(plain_length(&bytes), slow);
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9a-c\\u.eE+ntrulfs -]{0,24}"#) {
            prop_assert_eq!(whole(&text).is_ok(), serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{}", text);
        }
    }
}
