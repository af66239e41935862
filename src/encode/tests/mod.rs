//! What the files promise: bytes that depend on rows alone, and values that come back.
//!
//! | file | noun |
//! |---|---|
//! | `sample` | a table of every type, rows for it, and files of them made on the spot |
//! | `bytes` | files of any format: their bytes, and the rows that they give back |
//! | `csv` | texts, and what each profile makes of them |
//! | `parquet` | row groups, statistics, columns alone |

mod bytes;
mod csv;
mod parquet;
mod sample;
