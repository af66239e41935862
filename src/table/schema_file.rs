//! A file below `schemas/`, and what its short forms stand for.

use serde::Deserialize;

use super::Table;
use super::schema::{Children, Clock, Column, ColumnType, Partition, Privacy, Source, TableSchema};

/// Reads the file of a table.
pub(super) fn parse(table: Table) -> Result<TableSchema, toml::de::Error> {
    let file: SchemaFile = toml::from_str(table.text())?;
    Ok(TableSchema {
        table: file.name,
        meaning: file.meaning,
        required: file.required.unwrap_or_else(|| file.key.clone()),
        key: file.key,
        order: file.order,
        partition: file.partition,
        children: file.children,
        ignored: file.ignored.iter().map(|path| path_of(path)).collect(),
        columns: file.columns.into_iter().map(ColumnLine::into_column).collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaFile {
    name: Table,
    meaning: String,
    key: Vec<String>,
    required: Option<Vec<String>>,
    order: Vec<String>,
    partition: Option<Partition>,
    children: Option<Children>,
    #[serde(default)]
    ignored: Vec<String>,
    columns: Vec<ColumnLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnLine {
    name: String,
    #[serde(rename = "type")]
    kind: ColumnType,
    source: Option<Vec<String>>,
    #[serde(default)]
    derived: bool,
    #[serde(default)]
    clock: Clock,
    #[serde(default)]
    privacy: Privacy,
    meaning: String,
}

fn path_of(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

impl ColumnLine {
    fn into_column(self) -> Column {
        let sources = match self.source {
            _ if self.derived || self.kind == ColumnType::Extra => vec![Source::Derived],
            None => vec![Source::Path(path_of(&self.name))],
            Some(texts) => texts
                .iter()
                .map(|text| match text.strip_prefix('^') {
                    Some(column) => Source::Parent(column.to_owned()),
                    None if text == "@user" => Source::User,
                    None => Source::Path(path_of(text)),
                })
                .collect(),
        };
        Column {
            name: self.name,
            kind: self.kind,
            clock: self.clock,
            sources,
            privacy: self.privacy,
            meaning: self.meaning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_file_is_valid_and_consistent() {
        for table in Table::ALL {
            let schema = parse(table).unwrap_or_else(|error| panic!("{}: {error}", table.name()));
            assert_eq!(schema.table, table);
            let named = schema
                .key
                .iter()
                .chain(&schema.required)
                .chain(&schema.order)
                .chain(schema.partition.as_ref().map(|p| &p.of));
            for column in named {
                assert!(schema.index_of(column).is_some(), "{}: no column {column}", table.name());
            }
            let mut names: Vec<_> = schema.columns.iter().map(|column| &column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), schema.columns.len(), "{}: a column twice", table.name());
            assert_eq!(Table::from_name(table.name()), Some(table));
        }
    }
}
