//! Rows that an older program wrote, under today's columns: a column that is new since is filled from `extra`, where
//! its value was kept, exactly as if it had been decoded today.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringBuilder, new_null_array};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::error::ArrowError;

use crate::model::DecimalType;
use crate::table::{Source, Table};

use super::cursor::{Cursor, DecodeError};
use super::plan::TablePlan;
use super::rows::{Rows, Surroundings, push_json_text, write_object};
use super::text::plain;

/// Brings a table's older rows under today's columns.
#[derive(Debug)]
pub struct Refill {
    plan: TablePlan,
    schema: SchemaRef,
}

/// What a row keeps in `extra`: keys and JSON texts, in order.
type Kept<'a> = Vec<(String, &'a str)>;

impl Refill {
    /// For a table of a lake with that decimal type.
    #[must_use]
    pub fn new(table: Table, decimal: DecimalType) -> Self {
        let plan = TablePlan::new(table, decimal);
        Self { schema: plan.arrow.clone(), plan }
    }

    /// The rows under today's schema: columns by name, new ones from `extra`, null where it does not have them. What a
    /// new column cannot hold stays in `extra`.
    ///
    /// # Errors
    /// When the columns cannot be put together, or `extra` is not what this program writes.
    pub fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if batch.schema_ref().fields() == self.schema.fields() {
            return RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec());
        }
        let found = |name: &str| batch.column_by_name(name);
        let column = |field: &arrow::datatypes::FieldRef| -> ArrayRef {
            let found = found(field.name()).filter(|values| values.data_type() == field.data_type());
            found.cloned().unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
        };
        let mut columns: Vec<ArrayRef> = self.schema.fields().iter().map(column).collect();
        let new = self.new_columns(batch);
        if let (Some(extra), false) = (self.plan.extra, new.is_empty()) {
            let kept = columns[extra].clone();
            let filled = self.decode(&columns, kept.as_string::<i32>(), &new);
            let (rows, left) = filled.map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
            for (column, _) in &new {
                columns[*column] = rows.column(*column).clone();
            }
            columns[extra] = left;
        }
        RecordBatch::try_new(self.schema.clone(), columns)
    }

    /// The columns that the batch does not have, each with the paths that its values come from.
    fn new_columns(&self, batch: &RecordBatch) -> Vec<(usize, Vec<&[String]>)> {
        let definitions = self.plan.schema.columns.iter().enumerate();
        let new = definitions.filter(|(_, column)| batch.column_by_name(&column.name).is_none());
        let paths = |sources: &'static [Source]| -> Vec<&[String]> {
            let path = |source: &'static Source| match source {
                Source::Path(path) => Some(path.as_slice()),
                Source::Derived | Source::User | Source::Parent(_) => None,
            };
            sources.iter().filter_map(path).collect()
        };
        new.map(|(at, column)| (at, paths(&column.sources))).filter(|(_, paths)| !paths.is_empty()).collect()
    }

    /// Decodes once more what `extra` kept for these columns. Gives all columns, of which only these are meant, and what
    /// `extra` keeps now.
    fn decode(
        &self,
        columns: &[ArrayRef],
        extra: &arrow::array::StringArray,
        new: &[(usize, Vec<&[String]>)],
    ) -> Result<(RecordBatch, ArrayRef), DecodeError> {
        let mut rows = Rows::new(&self.plan, extra.len());
        let mut others: Vec<Option<Kept<'_>>> = Vec::with_capacity(extra.len());
        for row in 0..extra.len() {
            let mut object = Object::default();
            for column in &self.plan.required {
                object.put(&self.path_of(*column), &integer(&columns[*column], row));
            }
            let kept = if extra.is_valid(row) { read(extra.value(row))? } else { Kept::new() };
            let (ours, rest): (Kept<'_>, Kept<'_>) =
                kept.into_iter().partition(|(key, _)| path_in(new, key).is_some());
            for (key, json) in &ours {
                // A key that leads into a new column, or an object around one.
                object.put(&path_in(new, key).unwrap_or_default(), json);
            }
            others.push((!ours.is_empty()).then_some(rest));
            let mut text = String::new();
            object.write(&mut text);
            rows.row(&mut Cursor::new(&text), Surroundings::default())?;
        }
        let decoded = rows.finish()?.rows;
        if decoded.num_rows() != extra.len() {
            return Err(DecodeError::Columns);
        }
        let again = self.plan.extra.map(|at| decoded.column(at).as_string::<i32>().clone());
        let mut left = StringBuilder::new();
        for (row, rest) in others.into_iter().enumerate() {
            match rest {
                // Nothing was taken from it: it stays, to the byte.
                None => left.append_option(extra.is_valid(row).then(|| extra.value(row))),
                Some(mut rest) => {
                    let again = again.as_ref().filter(|again| again.is_valid(row));
                    if let Some(text) = again.map(|again| again.value(row)) {
                        rest.extend(read(text)?);
                    }
                    rest.sort();
                    left.append_option((!rest.is_empty()).then(|| write_object(&rest)));
                }
            }
        }
        Ok((decoded, std::sync::Arc::new(left.finish())))
    }

    /// Where a column's value stands in a row's object.
    fn path_of(&self, column: usize) -> Vec<String> {
        let column = &self.plan.schema.columns[column];
        let path = column.sources.iter().find_map(|source| match source {
            Source::Path(path) => Some(path.clone()),
            _ => None,
        });
        path.unwrap_or_else(|| vec![column.name.clone()])
    }
}

/// The path of a key of `extra` that leads into, or to an object around, one of these columns.
fn path_in(new: &[(usize, Vec<&[String]>)], key: &str) -> Option<Vec<String>> {
    new.iter().flat_map(|(_, paths)| paths).find_map(|path| {
        (1..=path.len())
            .map(|length| &path[..length])
            .find(|part| part.join(".") == key)
            .map(<[String]>::to_vec)
    })
}

/// The whole number of a row, as JSON.
fn integer(column: &ArrayRef, row: usize) -> String {
    match column.as_primitive_opt::<Int64Type>() {
        Some(numbers) if numbers.is_valid(row) => numbers.value(row).to_string(),
        _ => "null".to_owned(),
    }
}

/// The keys and values of an object.
fn read(text: &str) -> Result<Kept<'_>, DecodeError> {
    let mut cursor = Cursor::new(text);
    let (mut kept, mut first) = (Kept::new(), true);
    cursor.expect(b'{')?;
    while let Some(key) = cursor.next_key(&mut first)? {
        cursor.peek();
        let start = cursor.at();
        cursor.value()?;
        kept.push((plain(key), cursor.since(start)));
    }
    cursor.end()?;
    Ok(kept)
}

/// An object to be decoded: texts, and objects of texts.
#[derive(Debug, Default)]
struct Object {
    texts: BTreeMap<String, String>,
    objects: BTreeMap<String, Object>,
}

impl Object {
    fn put(&mut self, path: &[String], json: &str) {
        match path {
            [] => {}
            [last] => drop(self.texts.insert(last.clone(), json.to_owned())),
            [first, rest @ ..] => self.objects.entry(first.clone()).or_default().put(rest, json),
        }
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        let mut first = true;
        let mut key = |out: &mut String, key: &str| {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            push_json_text(out, key);
            out.push(':');
        };
        for (name, json) in &self.texts {
            key(out, name);
            out.push_str(json);
        }
        for (name, object) in &self.objects {
            key(out, name);
            object.write(out);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UserId;
    use crate::table::{Context, Decoder, List};

    const ROWS: &str = r#"{"transactions":[
        {"id":1,"id_account":10,"value":1.5,"country":"FR","wording":"é \"x\"","counterparty":{"label":"A","type":"debtor","rank":3},
         "odd":[1,{"a":"\u00e9"}]},
        {"id":2,"id_account":10,"country":{"code":"DE"}},
        {"id":3,"id_account":10},
        {"id":4,"id_account":10,"other":1}]}"#;

    fn today() -> RecordBatch {
        let decoder = Decoder::new(DecimalType::default());
        let context = Context { user: UserId::new(7) };
        decoder.decode(List::Transactions, ROWS.as_bytes(), context).unwrap().rows
    }

    /// The rows as a program wrote them that did not have some columns: their values stand in `extra`.
    fn older(extra: [Option<&str>; 4], lacking: &[&str]) -> RecordBatch {
        let rows = today();
        let columns = rows.schema_ref().fields().iter().zip(rows.columns());
        let columns = columns.filter(|(field, _)| !lacking.contains(&field.name().as_str()));
        RecordBatch::try_from_iter_with_nullable(columns.map(|(field, values)| {
            let values = match field.name().as_str() {
                "extra" => std::sync::Arc::new(arrow::array::StringArray::from(extra.to_vec())) as ArrayRef,
                _ => values.clone(),
            };
            (field.name().clone(), values, true)
        }))
        .unwrap()
    }

    fn refilled(batch: &RecordBatch) -> RecordBatch {
        Refill::new(Table::Transactions, DecimalType::default()).rows(batch).unwrap()
    }

    #[test]
    fn a_new_column_is_filled_as_if_it_had_been_decoded_today() {
        let extra = [
            Some(r#"{"country":"FR","counterparty.rank":3,"odd":[1,{"a":"\u00e9"}]}"#),
            Some(r#"{"country":{"code":"DE"}}"#),
            None,
            Some(r#"{"other":1}"#),
        ];
        assert_eq!(refilled(&older(extra, &["country"])), today());
    }

    #[test]
    fn an_object_that_was_kept_whole_is_taken_apart() {
        let extra = [
            Some(r#"{"counterparty":{"label":"A","type":"debtor","rank":3},"odd":[1,{"a":"\u00e9"}]}"#),
            Some(r#"{"country":{"code":"DE"}}"#),
            None,
            Some(r#"{"other":1}"#),
        ];
        let lacking = [
            "counterparty_label",
            "counterparty_type",
            "counterparty_account_scheme_name",
            "counterparty_account_identification",
        ];
        assert_eq!(refilled(&older(extra, &lacking)), today());
        // The same where an older program knew a part of it.
        let extra = [
            Some(r#"{"counterparty.rank":3,"counterparty.type":"debtor","odd":[1,{"a":"\u00e9"}]}"#),
            extra[1],
            None,
            extra[3],
        ];
        assert_eq!(refilled(&older(extra, &["counterparty_type"])), today());
    }

    #[test]
    fn rows_of_today_and_rows_without_extra_stay_as_they_are() {
        assert_eq!(refilled(&today()), today());
        let rows = refilled(&older([None; 4], &["country", "wording"]));
        assert_eq!(rows.num_rows(), 4);
        assert!(
            ["country", "wording", "extra"]
                .iter()
                .all(|name| { rows.column_by_name(name).unwrap().null_count() == 4 })
        );
        assert_eq!(rows.column_by_name("value"), today().column_by_name("value"));
    }
}
