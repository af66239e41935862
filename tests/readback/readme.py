#!/usr/bin/env python3
"""Runs a block of queries of the README, and checks that each finds what is in the lake.

    readme.py sql|python TEXT LAKE
"""

import sys

import duckdb
import pandas as pd
import polars as pl


def expected(lake):
    files = f"{lake}/latest/parquet/transactions/**/*.parquet"
    return duckdb.sql(f"SELECT count(*) FROM read_parquet('{files}', hive_partitioning = true)").fetchall()[0][0]


def sql(text):
    rows = duckdb.sql(text).fetchall()
    assert rows and all(len(row) == 3 for row in rows), rows


def python(text, lake):
    """Paragraphs of one expression each, under a comment that names the reader."""
    asked = []
    for paragraph in text.strip().split("\n\n"):
        heading, code = paragraph.split("\n", 1)
        reader = heading.strip("# ").split(":")[0]
        asked.append(reader)
        if reader == "Spark":
            # Needs Java and half a gigabyte; its reading of the same files was tried by hand.
            continue
        found = eval(code, {"pl": pl, "pd": pd})
        if isinstance(found, pl.LazyFrame):
            found = found.collect()
            assert found.schema["value"] == pl.Decimal(28, 8), found.schema
        else:
            assert str(found.dtypes["id"]) == "int64[pyarrow]", found.dtypes
        assert len(found) == expected(lake) > 0, (reader, len(found))
        assert "month" in list(found.columns), found.columns
    assert asked == ["Polars", "pandas", "Spark"], asked


def main():
    kind, text, lake = sys.argv[1:]
    if kind == "sql":
        sql(text)
    else:
        python(text, lake)


if __name__ == "__main__":
    main()
