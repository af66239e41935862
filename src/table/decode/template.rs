//! What the rows of a page share: the text of a row with holes in it.
//!
//! Servers serialize row after row with the same keys in the same order, and most values come again. So a row that was
//! read key by key becomes the template of those behind it: its text, with a hole for each value that is known to
//! change. A row that is the template's text around other values has, in JSON too, the template's structure: its
//! values are those in the holes, and all others are those of the template's own row.

use std::ops::Range;
use std::rc::Rc;

use super::cursor::{Cursor, Escapes, Raw, Value};
use super::plan::Field;

/// A value of a row that was read key by key.
#[derive(Clone, Debug)]
pub(super) struct Leaf<'p> {
    pub(super) target: Target<'p>,
    /// Where it stands, in bytes from the row's start.
    pub(super) text: Range<usize>,
    /// How many of the leaves that follow lie inside this one: 0 unless it is an object that was read key by key.
    pub(super) inner: usize,
    /// Whether it needs no second look when it comes again.
    pub(super) steady: bool,
}

/// Where a value goes.
#[derive(Clone, Debug)]
pub(super) enum Target<'p> {
    /// To what the plan says of its key.
    Field(&'p Field),
    /// To `extra`, under this name.
    Unknown(Rc<str>),
    /// Nowhere.
    Nowhere,
}

/// A value that was found in a hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Null,
    Boolean(bool),
    Number,
    Text(Escapes),
    Composite,
}

impl Found {
    #[inline]
    fn new(value: Value<'_>, start: usize, end: usize) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Boolean(value) => Kind::Boolean(value),
            Value::Number(_) => Kind::Number,
            Value::Text(raw) => Kind::Text(raw.escapes),
            Value::Composite => Kind::Composite,
        };
        Self { start, end, kind }
    }

    /// Where it begins in the whole text.
    pub(super) fn start(self) -> usize {
        self.start
    }

    /// The value and its text.
    #[inline]
    pub(super) fn value<'a>(self, cursor: &Cursor<'a>) -> (Value<'a>, &'a str) {
        let text = cursor.between(self.start, self.end);
        let value = match self.kind {
            Kind::Null => Value::Null,
            Kind::Boolean(value) => Value::Boolean(value),
            Kind::Number => Value::Number(text),
            Kind::Text(escapes) => {
                Value::Text(Raw { text: cursor.between(self.start + 1, self.end - 1), escapes })
            }
            Kind::Composite => Value::Composite,
        };
        (value, text)
    }
}

/// A hole: the leaf in whose place it is, and where the text before it ends.
#[derive(Clone, Copy, Debug)]
struct Hole {
    leaf: usize,
    before: usize,
    after: usize,
}

/// The template of a page's rows.
#[derive(Debug)]
pub(super) struct Template<'p> {
    /// The text of the row that it was made of; empty where there is none.
    text: String,
    leaves: Vec<Leaf<'p>>,
    holes: Vec<Hole>,
    /// Of each field's slot, its leaf plus one.
    leaf_of: Vec<usize>,
    /// The slots whose values have been seen to change.
    changes: Vec<bool>,
}

impl<'p> Template<'p> {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            text: String::new(),
            leaves: Vec::new(),
            holes: Vec::new(),
            leaf_of: vec![0; slots],
            changes: vec![false; slots],
        }
    }

    /// Takes a row that fits, and finds what stands in its holes; or takes nothing.
    #[inline]
    pub(super) fn take(&self, cursor: &mut Cursor<'_>, found: &mut Vec<Found>) -> bool {
        found.clear();
        let start = cursor.at();
        let taken = !self.text.is_empty() && self.take_whole(cursor, found);
        if !taken {
            cursor.go_to(start);
        }
        taken
    }

    #[inline]
    fn take_whole(&self, cursor: &mut Cursor<'_>, found: &mut Vec<Found>) -> bool {
        let text = self.text.as_bytes();
        let mut from = 0;
        for hole in &self.holes {
            if !cursor.take_bytes(&text[from..hole.before]) {
                return false;
            }
            let start = cursor.at();
            // Whoever reads the row key by key says what is wrong with it.
            let Ok(value) = cursor.value() else { return false };
            found.push(Found::new(value, start, cursor.at()));
            from = hole.after;
        }
        cursor.take_bytes(&text[from..])
    }

    /// Where the value in a hole goes.
    #[inline]
    pub(super) fn target(&self, hole: usize) -> Option<&Target<'p>> {
        self.leaves.get(self.holes.get(hole)?.leaf).map(|leaf| &leaf.target)
    }

    /// The fields outside the holes, each with its value's text. An object that was read key by key is represented by the
    /// fields inside it.
    pub(super) fn steady(&self) -> impl Iterator<Item = (&'p Field, &str)> {
        let mut holes = self.holes.iter().peekable();
        let mut hidden = 0;
        self.leaves.iter().enumerate().filter_map(move |(at, leaf)| {
            if holes.next_if(|hole| hole.leaf == at).is_some() {
                hidden = at + 1 + leaf.inner;
            }
            let Target::Field(field) = leaf.target else { return None };
            let json = &self.text[leaf.text.clone()];
            let read_by_key = field.object.is_some() && json.starts_with('{');
            (at >= hidden && !read_by_key).then_some((field, json))
        })
    }

    /// Forgets the row: what was learned of its values stays.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.holes.clear();
        self.leaves.clear();
        self.leaf_of.fill(0);
    }

    /// Makes the template anew of a row and its leaves, in the order of its text. The vector comes back empty.
    pub(super) fn learn(&mut self, row: &str, leaves: &mut Vec<Leaf<'p>>) {
        for at in 0..leaves.len() {
            let Target::Field(field) = leaves[at].target else { continue };
            if let Some(known) = self.leaf_of[field.slot].checked_sub(1)
                && self.differs(known, row, leaves, at)
            {
                self.changes[field.slot] = true;
            }
        }
        self.clear();
        self.text.push_str(row);
        std::mem::swap(&mut self.leaves, leaves);
        let mut end = 0;
        for (at, leaf) in self.leaves.iter().enumerate() {
            let mut steady = leaf.steady;
            if let Target::Field(field) = leaf.target {
                self.leaf_of[field.slot] = at + 1;
                steady &= !self.changes[field.slot];
            }
            // Inside of a hole there are none.
            if !steady && leaf.text.start >= end {
                end = leaf.text.end;
                self.holes.push(Hole { leaf: at, before: leaf.text.start, after: end });
            }
        }
    }

    /// Whether a field's value is another than in the row before: for an object that was read key by key, whether it has
    /// other keys.
    fn differs(&self, known: usize, row: &str, leaves: &[Leaf<'p>], at: usize) -> bool {
        let (before, now) = (&self.leaves[known], &leaves[at]);
        if before.inner == 0 && now.inner == 0 {
            return self.text[before.text.clone()] != row[now.text.clone()];
        }
        let inside = |leaves: &[Leaf<'p>], at: usize| -> Option<Vec<usize>> {
            let inner = &leaves[at + 1..=at + leaves[at].inner];
            let slot = |leaf: &Leaf<'p>| match leaf.target {
                Target::Field(field) => Some(field.slot),
                Target::Unknown(_) | Target::Nowhere => None,
            };
            inner.iter().map(slot).collect()
        };
        let (before, now) = (inside(&self.leaves, known), inside(leaves, at));
        before.is_none() || before != now
    }
}
