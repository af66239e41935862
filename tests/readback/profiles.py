#!/usr/bin/env python3
"""Compares the same rows in Parquet and in the CSV profiles, cell by cell, with Python's own CSV reader.

    profiles.py DIR PROFILE:GUARDED:REPLACED…

DIR holds `rows.parquet` and a file for each profile. The numbers are those that the writer counted: cells with an
apostrophe in front, characters that became `?`; both are counted again.
"""

import sys
from decimal import Decimal
from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq

from statements import DIALECTS, reader


def expected(path):
    batches = pq.ParquetFile(path).iter_batches(8192)
    return chain.from_iterable(zip(*(batch.column(at).to_pylist() for at in range(4))) for batch in batches)


def check(folder, profile, guarded, replaced):
    dialect = DIALECTS[profile]
    marks = lacking = rows = 0
    found = reader(folder / profile, dialect)
    if next(found) != ["id", "date", "value", "wording"]:
        raise SystemExit(f"{profile}: another heading")
    for row, values in zip(found, expected(folder / "rows.parquet"), strict=True):
        rows += 1
        number, date, amount, text = row
        id, day, value, wording = values
        if dialect.guard:
            marks += number.startswith("'") + text.startswith("'")
            number, text = number.removeprefix("'"), text.removeprefix("'")
        wording = (wording or "").replace("\0", "\ufffd")
        if dialect.encoding == "cp1252":
            spelled = wording.encode("cp1252", errors="replace").decode("cp1252")
            lacking += sum(a != b for a, b in zip(spelled, wording))
            wording = spelled
        if number != str(id) or date != day.strftime(dialect.date) or text != wording:
            raise SystemExit(f"{profile}: row {rows} differs")
        if Decimal(amount.replace(dialect.mark, ".")) != value:
            raise SystemExit(f"{profile}: the amount of row {rows} differs")
    if (marks, lacking) != (guarded, replaced):
        raise SystemExit(f"{profile}: {marks} cells guarded and {lacking} characters replaced, the writer says otherwise")
    print(f"{profile}: {rows} rows, {marks} cells guarded, {lacking} characters replaced")


for argument in sys.argv[2:]:
    profile, guarded, replaced = argument.split(":")
    check(Path(sys.argv[1]), profile, int(guarded), int(replaced))
