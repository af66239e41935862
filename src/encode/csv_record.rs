//! The records of a CSV file, strictly: what RFC 4180 and our own writer allow, and nothing else.

use std::io::{self, BufRead};

use super::CsvFault;
use super::profile::{Dialect, LineEnd};

/// One record: its fields' bytes, one after the other. The buffers are used again and again.
#[derive(Debug, Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    /// Where each field ends, and whether it was quoted.
    fields: Vec<(usize, bool)>,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The field's bytes, or `None` for null: empty and not quoted.
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let (end, quoted) = *self.fields.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.fields[before].0);
        let bytes = &self.bytes[start..end];
        (quoted || !bytes.is_empty()).then_some(bytes)
    }

    fn end_field(&mut self, quoted: bool) {
        self.fields.push((self.bytes.len(), quoted));
    }
}

/// Why there is no next record.
#[derive(Debug)]
pub(super) enum RecordError {
    Io(io::Error),
    Fault(CsvFault),
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first half of a doubled quote.
    QuoteSeen,
    /// After the CR of a CR LF; whether the field before it was quoted.
    CrSeen(bool),
}

/// Reads one record, up to and with its line end. `false` at the end of the file.
pub(super) fn read_record(
    input: &mut impl BufRead,
    record: &mut Record,
    dialect: &Dialect,
) -> Result<bool, RecordError> {
    let (delimiter, crlf) = (dialect.delimiter, dialect.line_end == LineEnd::CrLf);
    record.bytes.clear();
    record.fields.clear();
    let mut state = State::FieldStart;
    let mut started = false;
    loop {
        let buffer = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            return if started { Err(RecordError::Fault(CsvFault::CutOff)) } else { Ok(false) };
        }
        started = true;
        for (index, &byte) in buffer.iter().enumerate() {
            state = match (state, byte) {
                (State::Quoted, b'"') => State::QuoteSeen,
                (State::QuoteSeen, b'"') | (State::Quoted, _) => {
                    record.bytes.push(byte);
                    State::Quoted
                }
                (State::FieldStart, b'"') => State::Quoted,
                (at @ (State::FieldStart | State::Plain | State::QuoteSeen), _) if byte == delimiter => {
                    record.end_field(matches!(at, State::QuoteSeen));
                    State::FieldStart
                }
                (at @ (State::FieldStart | State::Plain | State::QuoteSeen), b'\r') if crlf => {
                    State::CrSeen(matches!(at, State::QuoteSeen))
                }
                (State::CrSeen(quoted), b'\n') => {
                    record.end_field(quoted);
                    input.consume(index + 1);
                    return Ok(true);
                }
                (at @ (State::FieldStart | State::Plain | State::QuoteSeen), b'\n') if !crlf => {
                    record.end_field(matches!(at, State::QuoteSeen));
                    input.consume(index + 1);
                    return Ok(true);
                }
                (State::FieldStart | State::Plain, b'"' | b'\r' | b'\n' | 0)
                | (State::QuoteSeen | State::CrSeen(_), _) => {
                    return Err(RecordError::Fault(CsvFault::Quote));
                }
                (State::FieldStart | State::Plain, _) => {
                    record.bytes.push(byte);
                    State::Plain
                }
            };
        }
        let read = buffer.len();
        input.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use crate::encode::CsvProfile;

    type Fields = Vec<Option<String>>;

    fn read(text: &str) -> Result<Vec<Fields>, CsvFault> {
        read_as(text, CsvProfile::Iso)
    }

    /// All records, read through a buffer of two bytes so that every state meets a buffer's end.
    fn read_as(text: &str, profile: CsvProfile) -> Result<Vec<Fields>, CsvFault> {
        let mut input = BufReader::with_capacity(2, text.as_bytes());
        let (mut record, mut records) = (Record::default(), Vec::new());
        loop {
            match read_record(&mut input, &mut record, profile.dialect()) {
                Ok(false) => return Ok(records),
                Ok(true) => {
                    let field = |index| record.get(index).map(|f| String::from_utf8(f.to_vec()).unwrap());
                    records.push((0..record.len()).map(field).collect());
                }
                Err(RecordError::Fault(fault)) => return Err(fault),
                Err(RecordError::Io(error)) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn null_and_empty_differ() {
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(
            read("a,,\"\"\n,\"x,\"\"y\"\"\r\n\",z\n"),
            Ok(vec![vec![text("a"), None, text("")], vec![None, text("x,\"y\"\r\n"), text("z")]])
        );
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn what_we_would_not_write_is_refused() {
        for bad in ["a\"b\n", "\"a\"b\n", "a\rb\n"] {
            assert_eq!(read(bad), Err(CsvFault::Quote), "{bad:?}");
        }
        for cut in ["a", "a,", "\"a\n", "\"a\""] {
            assert_eq!(read(cut), Err(CsvFault::CutOff), "{cut:?}");
        }
    }
    #[test]
    fn each_dialect_has_its_line_end_and_delimiter() {
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(
            read_as("a;\"b;\"\r\n;\"\"\r\n", CsvProfile::Fr),
            Ok(vec![vec![text("a"), text("b;")], vec![None, text("")]])
        );
        for bad in ["a\n", "a\rb\r\n", "a\r\r\n"] {
            assert_eq!(read_as(bad, CsvProfile::Fr), Err(CsvFault::Quote), "{bad:?}");
        }
        assert_eq!(read_as("a\r", CsvProfile::Fr), Err(CsvFault::CutOff));
    }
}
