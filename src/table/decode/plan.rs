//! Which key of a row's object goes to which columns.

use std::collections::HashMap;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::SchemaRef;

use crate::model::DecimalType;
use crate::table::{Source, Table, TableSchema};

/// Rows of a page of usual length: the API's own limit.
const PAGE_ROWS: usize = 1000;

/// What to do with one key of an object.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// The key.
    pub(super) key: String,
    /// The keys that lead to it, as `extra` names it: `counterparty.label`.
    pub(super) path: String,
    /// A comma, the key and its colon as servers write them: with spaces and without.
    tokens: [String; 2],
    /// A number of its own among all fields of the table.
    pub(super) slot: usize,
    /// The columns that a value fills.
    pub(super) columns: Vec<usize>,
    /// What to do with an object's own keys; `None`: the object is a value like any other.
    pub(super) object: Option<ObjectPlan>,
    /// Left out on purpose.
    pub(super) ignored: bool,
    /// The list of children.
    pub(super) children: bool,
    /// Whether a value that comes again needs no second look: it goes nowhere, or to columns that nothing else fills and
    /// that a row can do without.
    pub(super) repeats: bool,
}

impl Field {
    /// A comma, the key and its colon, in one of the two [`Spacing`]s.
    #[inline]
    pub(super) fn token(&self, spacing: Spacing) -> &[u8] {
        self.tokens[spacing as usize].as_bytes()
    }

    /// What to do with the keys of its object.
    fn object(&mut self, slots: &mut usize) -> &mut ObjectPlan {
        let prefix = format!("{}.", self.path);
        self.object.get_or_insert_with(|| {
            *slots += 1;
            ObjectPlan { prefix, entry: *slots, ..ObjectPlan::default() }
        })
    }

    /// Settles [`Field::repeats`], here and inside.
    fn settle(&mut self, schema: &TableSchema) {
        let may_wait = |column: &usize| {
            let column = &schema.columns[*column];
            column.sources.len() == 1 && !schema.required.contains(&column.name)
        };
        self.repeats =
            !self.children && (self.ignored || !self.columns.is_empty()) && self.columns.iter().all(may_wait);
        self.object.iter_mut().flat_map(|object| &mut object.fields).for_each(|field| field.settle(schema));
    }
}

/// How a server spaces its JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spacing {
    /// A space after each comma and colon.
    #[default]
    Wide,
    /// None.
    Tight,
}

impl Spacing {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Wide => Self::Tight,
            Self::Tight => Self::Wide,
        }
    }
}

/// What to do with the keys of an object.
#[derive(Debug, Default)]
pub(super) struct ObjectPlan {
    /// What stands before the keys in `extra`: nothing, or `counterparty.`.
    pub(super) prefix: String,
    /// Index into `Rows::follows` of what the object's first key was in the row before.
    pub(super) entry: usize,
    pub(super) fields: Vec<Field>,
    by_key: HashMap<String, usize>,
    /// Keys that are not named here are left out on purpose.
    pub(super) ignore_rest: bool,
}

impl ObjectPlan {
    /// The field of a key. `guess` is the field expected next; most rows repeat the order of the row before.
    #[inline]
    pub(super) fn find(&self, key: &str, guess: usize) -> Option<usize> {
        match self.fields.get(guess) {
            Some(field) if field.key == key => Some(guess),
            _ => self.by_key.get(key).copied(),
        }
    }

    fn field(&mut self, key: &str, slots: &mut usize) -> &mut Field {
        let at = *self.by_key.entry(key.to_owned()).or_insert_with(|| {
            self.fields.push(Field {
                key: key.to_owned(),
                path: format!("{}{key}", self.prefix),
                tokens: [format!(", \"{key}\": "), format!(",\"{key}\":")],
                slot: *slots,
                ..Field::default()
            });
            *slots += 1;
            self.fields.len() - 1
        });
        &mut self.fields[at]
    }
}

/// How the rows of a table are read.
#[derive(Debug)]
pub(super) struct TablePlan {
    pub(super) schema: &'static TableSchema,
    /// The columns' types in a lake of some decimal type.
    pub(super) arrow: SchemaRef,
    pub(super) decimal: DecimalType,
    /// Nothing but nulls, column by column: what the columns that no row of a page fills share.
    pub(super) nulls: Vec<ArrayRef>,
    pub(super) object: ObjectPlan,
    /// Number of fields in all objects together.
    pub(super) slots: usize,
    /// Columns filled from the request: the user.
    pub(super) user_columns: Vec<usize>,
    /// Columns filled from the enclosing row where the row itself says nothing.
    pub(super) parent_columns: Vec<usize>,
    /// Columns without which a row cannot be stored.
    pub(super) required: Vec<usize>,
    /// The column that names a row.
    pub(super) id: usize,
    /// The column of what has no column.
    pub(super) extra: Option<usize>,
}

impl TablePlan {
    pub(super) fn new(table: Table, decimal: DecimalType) -> Self {
        let schema = table.schema();
        let mut object = ObjectPlan::default();
        let mut slots = 0;
        let (mut user_columns, mut parent_columns) = (Vec::new(), Vec::new());
        for (column, definition) in schema.columns.iter().enumerate() {
            for source in &definition.sources {
                match source {
                    Source::Derived => {}
                    Source::User => user_columns.push(column),
                    Source::Parent(_) => parent_columns.push(column),
                    Source::Path(path) => place(&mut object, path, &mut slots).columns.push(column),
                }
            }
        }
        for path in &schema.ignored {
            match path.split_last() {
                Some((last, parents)) if last == "*" => {
                    place(&mut object, parents, &mut slots).object(&mut slots).ignore_rest = true;
                }
                _ => place(&mut object, path, &mut slots).ignored = true,
            }
        }
        if let Some(children) = &schema.children {
            object.field(&children.field, &mut slots).children = true;
        }
        object.fields.iter_mut().for_each(|field| field.settle(schema));
        let required = schema.required.iter().filter_map(|name| schema.index_of(name)).collect();
        let arrow = schema.arrow(decimal);
        let nulls = arrow.fields().iter().map(|field| new_null_array(field.data_type(), PAGE_ROWS)).collect();
        Self {
            schema,
            arrow,
            decimal,
            nulls,
            object,
            slots,
            user_columns,
            parent_columns,
            required,
            id: schema.index_of("id").unwrap_or_default(),
            extra: schema.index_of("extra"),
        }
    }
}

/// The field at a path, made where it is missing.
fn place<'p>(object: &'p mut ObjectPlan, path: &[String], slots: &mut usize) -> &'p mut Field {
    match path {
        [] => object.field("", slots),
        [last] => object.field(last, slots),
        [first, rest @ ..] => place(object.field(first, slots).object(slots), rest, slots),
    }
}
