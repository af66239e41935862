//! A line of a statement, and its bytes in the scratch file between the two passes over the transactions.

/// A transaction as its statement shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) date: Option<i32>,
    pub(super) value_date: Option<i32>,
    /// Unscaled.
    pub(super) amount: Option<i128>,
    pub(super) standing: Standing,
    pub(super) kind: Option<String>,
    pub(super) wording: Option<String>,
    pub(super) counterparty: Option<String>,
    pub(super) category: Option<String>,
    pub(super) comment: Option<String>,
}

/// Whether a line counts, and why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Booked: it counts.
    #[default]
    Booked,
    /// Not yet booked.
    Coming,
    /// Taken back by the bank.
    Deleted,
    /// The other record of the same card payment counts.
    SetAside,
}

impl Line {
    /// Appends the line's bytes.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.id.to_le_bytes());
        let standing = match self.standing {
            Standing::Booked => 0,
            Standing::Coming => 1,
            Standing::Deleted => 2,
            Standing::SetAside => 3,
        };
        out.push(standing);
        push(out, self.date.map(i32::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
        push(out, self.value_date.map(i32::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
        push(out, self.amount.map(i128::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
        for text in [&self.kind, &self.wording, &self.counterparty, &self.category, &self.comment] {
            push(out, text.as_ref().map(String::as_bytes));
        }
    }

    /// Takes a line off the front of the bytes; `None` when they are no lines of ours.
    pub(super) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let id = i64::from_le_bytes(bytes.split_off(..8)?.try_into().ok()?);
        let standing = match bytes.split_off_first()? {
            0 => Standing::Booked,
            1 => Standing::Coming,
            2 => Standing::Deleted,
            3 => Standing::SetAside,
            _ => return None,
        };
        Some(Self {
            id,
            standing,
            date: pop_array(bytes)?.map(i32::from_le_bytes),
            value_date: pop_array(bytes)?.map(i32::from_le_bytes),
            amount: pop_array(bytes)?.map(i128::from_le_bytes),
            kind: pop_text(bytes)?,
            wording: pop_text(bytes)?,
            counterparty: pop_text(bytes)?,
            category: pop_text(bytes)?,
            comment: pop_text(bytes)?,
        })
    }
}

/// A length, one more than the bytes' so that zero is none, and the bytes.
fn push(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let length = bytes.map_or(0, |bytes| bytes.len() as u64 + 1);
    out.extend(length.to_le_bytes());
    out.extend(bytes.unwrap_or_default());
}

/// `Some(None)` for none, `None` when the bytes end too early.
fn pop<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match u64::from_le_bytes(bytes.split_off(..8)?.try_into().ok()?) {
        0 => Some(None),
        length => Some(Some(bytes.split_off(..usize::try_from(length - 1).ok()?)?)),
    }
}

fn pop_array<const N: usize>(bytes: &mut &[u8]) -> Option<Option<[u8; N]>> {
    match pop(bytes)? {
        None => Some(None),
        Some(bytes) => Some(Some(bytes.try_into().ok()?)),
    }
}

fn pop_text(bytes: &mut &[u8]) -> Option<Option<String>> {
    match pop(bytes)? {
        None => Some(None),
        Some(bytes) => Some(Some(std::str::from_utf8(bytes).ok()?.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_survives_the_scratch_file(
            id in any::<i64>(), date in any::<Option<i32>>(), amount in any::<Option<i128>>(),
            texts in prop::array::uniform4(any::<Option<String>>()), standing in 0..4,
        ) {
            let [wording, counterparty, category, comment] = texts;
            let standing = [Standing::Booked, Standing::Coming, Standing::Deleted, Standing::SetAside][standing as usize];
            let kind = Some("card".to_owned());
            let line =
                Line { id, date, value_date: date, amount, standing, kind, wording, counterparty, category, comment };
            let mut bytes = Vec::new();
            line.encode(&mut bytes);
            line.encode(&mut bytes);
            let mut rest = &bytes[..];
            prop_assert_eq!(Line::decode(&mut rest), Some(line.clone()));
            prop_assert_eq!(Line::decode(&mut rest), Some(line));
            prop_assert_eq!(rest.len(), 0);
            prop_assert_eq!(Line::decode(&mut rest), None);
        }
    }
}
