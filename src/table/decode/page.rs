//! A whole answer: the envelope, the rows, their children.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use crate::model::{DecimalType, UserId};
use crate::table::column::number;
use crate::table::derive::fill_health;
use crate::table::{Issue, Table};

use super::cursor::{Cursor, DecodeError, Raw, Value};
use super::plan::TablePlan;
use super::rows::{Finished, Rows, Surroundings};
use super::text::plain;

/// A list that the API serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// `GET /users`.
    Users,
    /// `GET /connectors?expand=sources`.
    Connectors,
    /// `GET /users/{id}/connections?expand=connector,sources`.
    Connections,
    /// `GET /users/{id}/accounts?all`.
    Accounts,
    /// `GET /users/{id}/transactions?…`.
    Transactions,
}

impl List {
    /// The table of the list's rows.
    #[must_use]
    pub const fn table(self) -> Table {
        match self {
            Self::Users => Table::Users,
            Self::Connectors => Table::Connectors,
            Self::Connections => Table::Connections,
            Self::Accounts => Table::Accounts,
            Self::Transactions => Table::Transactions,
        }
    }

    /// The key of the list in the answer.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.table().name()
    }

    const ALL: [Self; 5] =
        [Self::Users, Self::Connectors, Self::Connections, Self::Accounts, Self::Transactions];
}

/// Whose list was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The user in the request's path; `None` for lists of the domain.
    pub user: Option<UserId>,
}

/// What `_links` says of the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Links {
    /// There is no `_links` object.
    Absent,
    /// There is one, and no next page.
    End,
    /// The next page's address, as served.
    Next(String),
}

/// What stands around the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `total`, where it is a whole number.
    pub total: Option<i64>,
    /// The next page.
    pub links: Links,
    /// `first_date`, as served.
    pub first_date: Option<String>,
    /// `last_date`, as served.
    pub last_date: Option<String>,
    /// `result_min_date`, as served.
    pub result_min_date: Option<String>,
    /// `result_max_date`, as served.
    pub result_max_date: Option<String>,
    /// Rows in the list, storable or not.
    pub received: usize,
}

/// One answer, decoded.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows, every column of the table's schema.
    pub rows: RecordBatch,
    /// Rows of the table inside: `connection_sources` of connections, `connector_sources` of connectors.
    pub children: Option<RecordBatch>,
    /// What stands around the rows.
    pub envelope: Envelope,
    /// What did not fit.
    pub issues: Vec<Issue>,
    /// Keys that no schema knows, and how often.
    pub unknown_fields: BTreeMap<(Table, String), u64>,
    /// Rows that cannot be stored, for want of an id or of an account.
    pub rows_without_key: u64,
    /// The first other user that a row names as its owner: another user's data.
    pub foreign_user: Option<i64>,
}

/// Decodes answers into the columns of the tables. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Decoder {
    plans: Arc<BTreeMap<List, (TablePlan, Option<TablePlan>)>>,
}

impl Decoder {
    /// A decoder for a lake with that decimal type.
    #[must_use]
    pub fn new(decimal: DecimalType) -> Self {
        let plan = |list: List| {
            let children = list.table().schema().children.as_ref();
            let children = children.map(|children| TablePlan::new(children.table, decimal));
            (list, (TablePlan::new(list.table(), decimal), children))
        };
        Self { plans: Arc::new(List::ALL.into_iter().map(plan).collect()) }
    }

    /// Decodes a whole body.
    ///
    /// # Errors
    /// When the body is not one whole JSON object with the list in it. What single rows and cells hold is never an
    /// error.
    pub fn decode(&self, list: List, body: &[u8], context: Context) -> Result<Page, DecodeError> {
        let text =
            simdutf8::compat::from_utf8(body).map_err(|error| DecodeError::NotUtf8(error.valid_up_to()))?;
        let (plan, child_plan) = self.plans.get(&list).ok_or(DecodeError::MissingList(list.key()))?;
        // A row of a transaction takes some 900 bytes; the guess only sizes the first buffers.
        let mut rows = Rows::new(plan, text.len() / 800 + 1);
        let mut children = child_plan.as_ref().map(|plan| Rows::new(plan, 0));
        let mut envelope = Envelope::EMPTY;
        let mut cursor = Cursor::new(text);
        let (mut first, mut found) = (true, false);
        cursor.expect(b'{')?;
        while let Some(key) = cursor.next_key(&mut first)? {
            if key.text == list.key() {
                if found {
                    return cursor.fail();
                }
                found = true;
                read_list(&mut cursor, list, &mut rows, children.as_mut(), context)?;
            } else {
                envelope.read(&mut cursor, key.text)?;
            }
        }
        cursor.end()?;
        if !found {
            return Err(DecodeError::MissingList(list.key()));
        }
        envelope.received = rows.count();
        assemble(list, envelope, rows.finish()?, children.map(Rows::finish).transpose()?, context)
    }
}

fn read_list(
    cursor: &mut Cursor<'_>,
    list: List,
    rows: &mut Rows<'_>,
    mut children: Option<&mut Rows<'_>>,
    context: Context,
) -> Result<(), DecodeError> {
    let mut first = true;
    if !cursor.take(b'[') {
        // An empty list may come as null.
        return if cursor.value()? == Value::Null {
            Ok(())
        } else {
            Err(DecodeError::MissingList(list.key()))
        };
    }
    let around = Surroundings { user: context.user, parent: None };
    while cursor.next_element(&mut first, b']')? {
        let (id, inner) = rows.row(cursor, around)?;
        if let (Some(children), Some(inner), Some(_)) = (children.as_deref_mut(), inner, id) {
            let mut inner = Cursor::new(inner);
            let mut first = true;
            if inner.take(b'[') {
                while inner.next_element(&mut first, b']')? {
                    children.row(&mut inner, Surroundings { user: context.user, parent: id })?;
                }
            }
        }
    }
    Ok(())
}

fn assemble(
    list: List,
    envelope: Envelope,
    rows: Finished,
    children: Option<Finished>,
    context: Context,
) -> Result<Page, DecodeError> {
    let table = list.table();
    let mut page = Page {
        foreign_user: foreign_user(&rows.rows, context),
        rows: fill_health(table, rows.rows).map_err(|_| DecodeError::Columns)?,
        children: None,
        envelope,
        issues: rows.issues,
        unknown_fields: rows.unknown.into_iter().map(|(name, n)| ((table, name), n)).collect(),
        rows_without_key: rows.without_key,
    };
    if let (Some(children), Some(definition)) = (children, &table.schema().children) {
        page.children = Some(fill_health(definition.table, children.rows).map_err(|_| DecodeError::Columns)?);
        page.issues.extend(children.issues);
        page.unknown_fields
            .extend(children.unknown.into_iter().map(|(name, n)| ((definition.table, name), n)));
        page.rows_without_key += children.without_key;
    }
    Ok(page)
}

/// The first user in the rows who is not the one asked for.
fn foreign_user(rows: &RecordBatch, context: Context) -> Option<i64> {
    let asked = context.user?.get();
    let users = number(rows, "id_user")?;
    users.iter().flatten().find(|user| *user != asked)
}

impl Envelope {
    const EMPTY: Self = Self {
        total: None,
        links: Links::Absent,
        first_date: None,
        last_date: None,
        result_min_date: None,
        result_max_date: None,
        received: 0,
    };

    fn read(&mut self, cursor: &mut Cursor<'_>, key: &str) -> Result<(), DecodeError> {
        let text = |value| match value {
            Value::Text(raw) => Some(plain(raw)),
            _ => None,
        };
        match key {
            "total" => {
                self.total = match cursor.value()? {
                    Value::Number(text) | Value::Text(Raw { text, .. }) => text.parse().ok(),
                    _ => None,
                }
            }
            "_links" => self.links = read_links(cursor)?,
            "first_date" => self.first_date = text(cursor.value()?),
            "last_date" => self.last_date = text(cursor.value()?),
            "result_min_date" => self.result_min_date = text(cursor.value()?),
            "result_max_date" => self.result_max_date = text(cursor.value()?),
            _ => {
                cursor.value()?;
            }
        }
        Ok(())
    }
}

/// `_links`: `{"next": {"href": …}}`; a bare address in place of the object is tolerated.
fn read_links(cursor: &mut Cursor<'_>) -> Result<Links, DecodeError> {
    if cursor.peek() != Some(b'{') {
        return if cursor.value()? == Value::Null { Ok(Links::Absent) } else { Err(DecodeError::BadLink) };
    }
    cursor.expect(b'{')?;
    let (mut links, mut first) = (Links::End, true);
    while let Some(key) = cursor.next_key(&mut first)? {
        if key.text != "next" {
            cursor.value()?;
            continue;
        }
        links = match cursor.peek() {
            Some(b'{') => Links::Next(read_href(cursor)?),
            _ => match cursor.value()? {
                Value::Null => Links::End,
                Value::Text(raw) => Links::Next(plain(raw)),
                _ => return Err(DecodeError::BadLink),
            },
        };
    }
    Ok(links)
}

fn read_href(cursor: &mut Cursor<'_>) -> Result<String, DecodeError> {
    cursor.expect(b'{')?;
    let (mut href, mut first) = (None, true);
    while let Some(key) = cursor.next_key(&mut first)? {
        let value = cursor.value()?;
        if let ("href", Value::Text(raw)) = (key.text, value) {
            href = Some(plain(raw));
        }
    }
    href.ok_or(DecodeError::BadLink)
}
