//! The JSON Schema of the manifest, generated from its types and checked in as `schemas/manifest.schema.json`.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::table::Table;

use super::Manifest;

impl JsonSchema for Table {
    fn schema_name() -> Cow<'static, str> {
        "Table".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = Table::ALL.map(Table::name);
        json_schema!({ "description": "A table of the lake.", "type": "string", "enum": names })
    }
}

/// The JSON Schema (draft 2020-12) of `manifest.json`, as text.
///
/// # Errors
/// Never for a schema that fits in memory.
pub fn json_schema() -> Result<String, serde_json::Error> {
    // As it is written, not as it might be read: every key is required.
    let schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Manifest>();
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// With POWENS_EXPORT_WRITE_SCHEMAS set (`make schemas`) the file is written, otherwise compared.
    #[test]
    fn the_schema_is_checked_in() {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/manifest.schema.json");
        let generated = json_schema().unwrap();
        if std::env::var_os("POWENS_EXPORT_WRITE_SCHEMAS").is_some() {
            std::fs::write(&place, &generated).unwrap();
        }
        let checked_in = std::fs::read_to_string(&place).unwrap_or_default();
        assert!(generated == checked_in, "schemas/manifest.schema.json is out of date: run `make schemas`");
    }
}
