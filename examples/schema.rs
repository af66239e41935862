//! Prints `CREATE TABLE` statements for every table of a lake, from the files under `schemas/`.
//!
//! `cargo run --example schema`

use powens_export::model::DecimalType;
use powens_export::table::{ColumnType, Table};

fn main() {
    let decimal = DecimalType::default();
    for table in Table::ALL {
        let schema = table.schema();
        println!("-- {}", schema.meaning);
        println!("CREATE TABLE {} (", table.name());
        for column in &schema.columns {
            println!("  \"{}\" {}, -- {}", column.name, sql_type(column.kind, decimal), column.meaning);
        }
        println!("  PRIMARY KEY ({})\n);\n", schema.key.join(", "));
    }
}

fn sql_type(kind: ColumnType, decimal: DecimalType) -> String {
    match kind {
        ColumnType::Id | ColumnType::Integer => "BIGINT".to_owned(),
        ColumnType::Decimal => format!("DECIMAL({},{})", decimal.precision(), decimal.scale()),
        ColumnType::Boolean => "BOOLEAN".to_owned(),
        ColumnType::Date => "DATE".to_owned(),
        ColumnType::Datetime => "TIMESTAMP".to_owned(),
        ColumnType::Instant => "TIMESTAMP WITH TIME ZONE".to_owned(),
        ColumnType::Text | ColumnType::Json | ColumnType::Extra => "VARCHAR".to_owned(),
    }
}
