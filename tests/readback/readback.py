#!/usr/bin/env python3
"""Reads a lake back with DuckDB and pyarrow, and compares it, value by value and type by type, with what the simulated
bank says it served.

    readback.py --lake DIR --truth FILE --schemas DIR

Prints one line a table and exits 0 when everything agrees; prints every kind of difference (ids, never values) and exits 1
otherwise.
"""

import argparse
import json
import sys
from collections import Counter
from decimal import Decimal, getcontext
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expect import DAY_MICROS, EPOCH, TABLES, Expectation, parse

problems = []


# Python rounds sums to 28 digits unless told otherwise; sums of 28-digit amounts have more.
getcontext().prec = 80

def problem(text):
    problems.append(text)


# Parquet, by pyarrow --------------------------------------------------------------------------------------------------


def arrow_type(kind, decimal):
    return {
        "id": pa.int64(), "integer": pa.int64(), "decimal": pa.decimal128(*decimal), "boolean": pa.bool_(),
        "date": pa.date32(), "datetime": pa.timestamp("us"), "instant": pa.timestamp("us", tz="UTC"),
        "text": pa.string(), "json": pa.string(), "extra": pa.string(),
    }[kind]


def comparable(table):
    """Dates and times as numbers: Python's own types end at the year 9999 and know no microsecond of a null zone."""
    for place, field in enumerate(table.schema):
        if pa.types.is_date32(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.int32()))
        elif pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.int64()))
    return table


def read_parquet(folder, name, schema, decimal, manifest_files):
    """All rows of a table, each file's own schema checked, in the order of its files."""
    columns = [(column["name"], arrow_type(column["type"], decimal)) for column in schema["columns"]]
    files = sorted((folder / "parquet" / name).rglob("*"))
    files = [file for file in files if file.is_file()]
    batches = []
    for file in files:
        relative = file.relative_to(folder).as_posix()
        if relative not in manifest_files:
            problem(f"{relative}: not in the manifest")
        part = pq.ParquetFile(file)
        found = [(field.name, field.type) for field in part.schema_arrow]
        if found != columns:
            odd = [pair for pair in found if pair not in columns] + [pair for pair in columns if pair not in found]
            problem(f"{relative}: other columns or types: {odd[:4]}")
            continue
        rows = part.read()
        if rows.num_rows != manifest_files.get(relative, {}).get("rows"):
            problem(f"{relative}: {rows.num_rows} rows, the manifest says otherwise")
        check_partition(schema, file, rows, relative)
        batches.append(rows)
    if not batches:
        problem(f"{name}: no file")
        return pa.schema(columns).empty_table()
    return pa.concat_tables(batches)


def check_partition(schema, file, rows, relative):
    partition = schema.get("partition")
    if not partition:
        return
    expected = file.parent.name
    days = rows.column(partition["of"]).cast(pa.int32()).to_pylist()
    months = {f"{partition['column']}={month_of(day)}" for day in days}
    if months != {expected}:
        problem(f"{relative}: holds rows of {sorted(months)[:3]}")


def month_of(day):
    import datetime

    if day is None:
        return "__HIVE_DEFAULT_PARTITION__"
    return (EPOCH + datetime.timedelta(days=day)).strftime("%Y-%m").zfill(7)


# Rows against expectation ---------------------------------------------------------------------------------------------


def compare(name, schema, actual, expected, skip=()):
    """Row by row, value by value, by key."""
    key = schema["key"]
    kinds = {column["name"]: column["type"] for column in schema["columns"]}
    wanted = Counter()
    by_key = {}
    for row in expected:
        identity = tuple(row.get(part) for part in key if part in row)
        if identity in by_key:
            problem(f"{name}: the bank has {identity} twice")
        by_key[identity] = row
    key = [part for part in key if not expected or part in expected[0]]
    seen = set()
    for row in actual:
        identity = tuple(row[part] for part in key)
        if identity in seen:
            problem(f"{name}: {identity} is there twice")
        seen.add(identity)
        other = by_key.get(identity)
        if other is None:
            wanted["not at the bank"] += 1
            if wanted["not at the bank"] <= 3:
                problem(f"{name}: {identity} is not at the bank")
            continue
        for column, value in other.items():
            if column in skip:
                continue
            have = row[column]
            if kinds[column] in ("json", "extra") and have is not None:
                have = parse(have)
                if value is None:
                    wanted[column] += 1
                    continue
            if not same(have, value):
                wanted[column] += 1
                if wanted[column] <= 3:
                    problem(f"{name}: column {column} of {identity} differs ({type(have).__name__}, {type(value).__name__})")
    missing = [identity for identity in by_key if identity not in seen]
    if missing:
        problem(f"{name}: {len(missing)} rows are missing, for instance {missing[:3]}")
    more = {column: count for column, count in wanted.items() if count > 3}
    if more:
        problem(f"{name}: differences in all, by column: {more}")


def same(have, want):
    if isinstance(want, Decimal) and isinstance(have, Decimal):
        return have == want
    return type(have) is type(want) and have == want if isinstance(want, bool) else have == want


def check_order(name, schema, actual):
    """Rows of each file are sorted; files of a table follow each other by partition, so months break the order."""
    order = schema["order"]
    partition = schema.get("partition")
    last, month = None, None
    for row in actual:
        place = tuple((row[part] is not None, row[part]) for part in order)
        now = month_of(row[partition["of"]]) if partition else None
        if last is not None and now == month and place < last:
            problem(f"{name}: out of order at {tuple(row[part] for part in schema['key'])}")
            return
        last, month = place, now


# DuckDB ---------------------------------------------------------------------------------------------------------------

DUCKDB_TYPES = {
    "id": "BIGINT", "integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP",
    "instant": "TIMESTAMP WITH TIME ZONE", "text": "VARCHAR", "json": "VARCHAR", "extra": "VARCHAR",
}


def check_duckdb(connection, folder, name, schema, decimal, arrow_rows):
    """DuckDB sees the same types and, value by value, the same rows as pyarrow."""
    files = f"{folder}/parquet/{name}/**/*.parquet"
    source = f"read_parquet('{files}', hive_partitioning = true)"
    described = {row[0]: row[1] for row in connection.sql(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    for column in schema["columns"]:
        kind = column["type"]
        expected = f"DECIMAL({decimal[0]},{decimal[1]})" if kind == "decimal" else DUCKDB_TYPES[kind]
        if described.get(column["name"]) != expected:
            problem(f"{name}: DuckDB sees {column['name']} as {described.get(column['name'])}, not {expected}")
    if schema.get("partition") and described.get(schema["partition"]["column"]) != "VARCHAR":
        problem(f"{name}: DuckDB re-types the partition column")
    names = ", ".join('"%s"' % column["name"] for column in schema["columns"])
    key = ", ".join('"%s"' % part for part in schema["key"])
    result = connection.sql(f"SELECT {names} FROM {source} ORDER BY {key}")
    # Its name has changed between versions.
    found = result.to_arrow_table() if hasattr(result, "to_arrow_table") else result.arrow()
    if isinstance(found, pa.RecordBatchReader):
        found = found.read_all()
    theirs = comparable(found)
    ours = comparable(arrow_rows).sort_by([(part, "ascending") for part in schema["key"]])
    theirs = theirs.cast(ours.schema)
    if not theirs.equals(ours):
        odd = [name for name in ours.schema.names if not theirs.column(name).equals(ours.column(name))]
        problem(f"{name}: DuckDB and pyarrow read different values in {odd[:5]}")


# CSV ------------------------------------------------------------------------------------------------------------------


def records(text):
    """RFC 4180, with null (nothing) and the empty text (`""`) told apart, which Python's own reader cannot."""
    place, end, record = 0, len(text), []
    while place < end:
        if text[place] == '"':
            start, parts = place + 1, []
            while True:
                quote = text.index('"', start)
                parts.append(text[start:quote])
                place = quote + 1
                if place < end and text[place] == '"':
                    parts.append('"')
                    start = place + 1
                else:
                    break
            record.append("".join(parts))
        else:
            stop = min(at for at in (text.find(",", place), text.find("\n", place), end) if at >= 0)
            record.append(text[place:stop] or None)
            place = stop
        if place >= end or text[place] == "\n":
            yield record
            record, place = [], place + 1
        else:
            assert text[place] == ",", "a quote inside an unquoted cell"
            place += 1
            if place >= end or text[place] == "\n":
                record.append(None)
                yield record
                record, place = [], place + 1


def cell(kind, value):
    """How a value is written in the profile `iso`."""
    import datetime

    if value is None:
        return None
    if kind in ("id", "integer"):
        return str(value)
    if kind == "decimal":
        sign, digits, exponent = value.normalize().as_tuple()
        if exponent > -2:
            value = value.quantize(Decimal("0.01")) if value else Decimal("0.00")
        else:
            value = value.normalize()
        return format(value, "f")
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "date":
        return (EPOCH + datetime.timedelta(days=value)).isoformat()
    if kind in ("datetime", "instant"):
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
        text = moment.strftime("%Y-%m-%d %H:%M:%S").zfill(19)
        if moment.microsecond:
            text += (".%06d" % moment.microsecond).rstrip("0")
        return text.replace(" ", "T") + "Z" if kind == "instant" else text
    return value.replace("\0", "\ufffd")


def check_csv(folder, name, schema, actual, connection):
    files = sorted(file for file in (folder / "csv" / name).rglob("*") if file.is_file())
    names = [column["name"] for column in schema["columns"]]
    kinds = [column["type"] for column in schema["columns"]]
    rows = iter(actual)
    total = 0
    for file in files:
        relative = file.relative_to(folder).as_posix()
        parsed = records(file.read_bytes().decode("utf-8"))
        if next(parsed, None) != names:
            problem(f"{relative}: another heading")
            continue
        for record in parsed:
            row = next(rows, None)
            total += 1
            if row is None:
                problem(f"{relative}: more rows than in Parquet")
                break
            expected = [cell(kind, row[column]) for column, kind in zip(names, kinds)]
            if record != expected:
                odd = [column for column, a, b in zip(names, record, expected) if a != b] or ["(their number)"]
                problem(f"{relative}: row {total} differs from Parquet in {odd[:4]}")
                break
    if total != len(actual):
        problem(f"{name}: {total} rows in CSV, {len(actual)} in Parquet")
    if total:
        source = f"read_csv('{folder}/csv/{name}/**/*.csv', header = true, all_varchar = true, delim = ',', quote = '\"', " \
                 f"escape = '\"', new_line = '\\n', max_line_size = 20000000, strict_mode = true)"
        counted = connection.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0]
        if counted != total:
            problem(f"{name}: DuckDB counts {counted} rows in CSV, there are {total}")


# The whole ------------------------------------------------------------------------------------------------------------


def left_out(folder):
    """Users that the run did not ask on purpose, as its own facts say."""
    units = pq.read_table(folder / "state" / "units.parquet", columns=["id_user", "outcome"]).to_pylist()
    return {unit["id_user"] for unit in units if unit["outcome"] == "skipped"}


def check_totals(manifest, tables):
    """The manifest's control totals are the sums of the rows."""
    for entry in manifest["tables"]:
        rows = tables.get(entry["name"], [])
        if entry["rows"] != len(rows):
            problem(f"{entry['name']}: the manifest says {entry['rows']} rows, there are {len(rows)}")
        for total in entry["control_totals"]:
            values = [row[total["column"]] for row in rows
                      if row.get("currency") == total["currency"] and row[total["column"]] is not None]
            if len(values) != total["count"] or sum(values, Decimal(0)) != Decimal(total["sum"]):
                problem(f"{entry['name']}: control total of {total['currency']} differs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--schemas", type=Path, required=True)
    arguments = parser.parse_args()

    latest = json.loads((arguments.lake / "LATEST").read_text())
    folder = (arguments.lake / "snapshots" / latest["run_id"]).resolve()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest_files = {file["path"]: file for file in manifest["files"]}
    decimal = (manifest["decimal"]["precision"], manifest["decimal"]["scale"])
    truth = parse(arguments.truth.read_text(encoding="utf-8"))
    expected = Expectation(truth, arguments.schemas, decimal, left_out(folder))
    formats = {file["format"] for file in manifest["files"] if not file["path"].startswith("state/")}
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")

    tables = {}
    for name in TABLES:
        schema = expected.schemas[name]
        before = len(problems)
        rows = read_parquet(folder, name, schema, decimal, manifest_files)
        actual = tables[name] = comparable(rows).to_pylist()
        # Days depend on the night, proofs on the walk: both are checked for being there, not for their value.
        compare(name, schema, actual, expected.tables[name])
        check_order(name, schema, actual)
        check_duckdb(connection, folder, name, schema, decimal, rows)
        if "csv" in formats:
            check_csv(folder, name, schema, actual, connection)
        print(f"{name}: {len(actual)} rows, {len(problems) - before} problems")
    for row in tables["balances"]:
        if row["day"] is None or not 0 < row["day"] * DAY_MICROS:
            problem("balances: a row without a day")
    check_totals(manifest, tables)
    for text in problems:
        print(text, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
