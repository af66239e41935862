#!/usr/bin/env python3
"""Reads packs for accountants back with readers that nobody here wrote, and compares them with the lake's Parquet:
every CSV file with Python's own module, the workbook with openpyxl, OFX with ofxtools, and of each profile a few
well-chosen files, and the workbook, with headless LibreOffice.

    statements.py --lake DIR --packs DIR --month 2026-10 [--soffice PROGRAM --scratch DIR --account ID…]

The packs' names are PROFILE-FORMAT. Prints one line a pack and exits 0 when everything agrees; prints every kind of
difference (ids, never values) and exits 1 otherwise.
"""

import argparse
import calendar
import csv
import datetime
import json
import re
import sys
from collections import Counter, namedtuple
from decimal import Decimal, getcontext
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
from ofxtools.Parser import OFXTree

from office import EMPTY, Office

getcontext().prec = 80
csv.field_size_limit(sys.maxsize)

Dialect = namedtuple("Dialect", "delimiter mark date encoding guard statements summary balances total")
ENGLISH = ("statements", "summary", "balances", "Total")
FRENCH = ("releves", "sommaire", "soldes", "Total")
GERMAN = ("auszuege", "uebersicht", "salden", "Summe")
DIALECTS = {
    "iso": Dialect(",", ".", "%Y-%m-%d", "utf-8", False, *ENGLISH),
    "uk": Dialect(",", ".", "%d/%m/%Y", "utf-8-sig", True, *ENGLISH),
    "us": Dialect(",", ".", "%m/%d/%Y", "utf-8-sig", True, *ENGLISH),
    "fr": Dialect(";", ",", "%d/%m/%Y", "utf-8-sig", True, *FRENCH),
    "fr-legacy": Dialect(";", ",", "%d/%m/%Y", "cp1252", True, *FRENCH),
    "de": Dialect(";", ",", "%d.%m.%Y", "utf-8-sig", True, *GERMAN),
}

# Places of the columns.
DATE, VALUE_DATE, WORDING, COUNTERPARTY, DEBIT, CREDIT, AMOUNT, BALANCE, CATEGORY, COMMENT, KIND, STATUS, REST, ID = range(14)
DATES, AMOUNTS = (DATE, VALUE_DATE), (DEBIT, CREDIT, AMOUNT, BALANCE, REST)
TEXTS = (WORDING, COUNTERPARTY, CATEGORY, COMMENT, KIND, STATUS)
S_ACCOUNT, S_ROWS, S_DEBITS, S_CREDITS, S_OPENING, S_CLOSING, S_COMPLETE, S_MISSING = 1, 8, 11, 12, 13, 14, 17, 18
B_ACCOUNT, B_OPENING, B_DEBITS, B_CREDITS, B_ROWS, B_CLOSING, B_COMPUTED, B_CHECKED, B_DIFFERENCE = 1, 6, 7, 8, 9, 10, 11, 14, 16

problems = Counter()


def problem(text):
    problems[text] += 1


# What the lake says ---------------------------------------------------------------------------------------------------


class Lake:
    """The booked, coming and deleted rows of a month, per account, and what they add up to."""

    def __init__(self, root, month):
        latest = json.loads((root / "LATEST").read_text())
        folder = root / "snapshots" / latest["run_id"] / "parquet"
        year, number = map(int, month.split("-"))
        self.last = datetime.date(year, number, calendar.monthrange(year, number)[1])
        self.accounts = {row["id"]: row for row in pq.read_table(folder / "accounts").to_pylist()}
        self.lines = {account: [] for account in self.accounts}
        files = folder / "transactions" / f"month={month}"
        columns = ["id", "id_account", "date", "vdate", "value", "type", "coming", "deleted", "original_wording", "wording",
                   "simplified_wording", "counterparty_label", "comment"]
        for row in pq.ParquetDataset(files, partitioning=None).read(columns).to_pylist() if files.exists() else []:
            self.lines.setdefault(row["id_account"], []).append(self.line(row))
        for lines in self.lines.values():
            lines.sort(key=lambda line: (line["date"], line["id"]))

    def line(self, row):
        on_card = self.accounts.get(row["id_account"], {}).get("type") == "card"
        aside = row["type"] == "deferred_card" and not on_card
        row["counts"] = not (row["deleted"] or row["coming"] or aside)
        row["wording"] = row["original_wording"] or row["wording"] or row["simplified_wording"]
        return row

    def totals(self, account):
        amounts = [line["value"] for line in self.lines[account] if line["counts"]]
        if None in amounts:
            return None
        return (sum((-amount for amount in amounts if amount < 0), Decimal(0)),
                sum((amount for amount in amounts if amount >= 0), Decimal(0)))

    def cells(self, line):
        """What a statement says of a row; the balance and the category are checked by other means."""
        amount = line["value"] if line["counts"] else None
        return {
            DATE: line["date"], VALUE_DATE: line["vdate"], WORDING: line["wording"],
            COUNTERPARTY: line["counterparty_label"], COMMENT: line["comment"], KIND: line["type"],
            DEBIT: -amount if amount is not None and amount < 0 else None,
            CREDIT: amount if amount is not None and amount >= 0 else None,
            AMOUNT: amount, REST: None if line["counts"] else line["value"], ID: str(line["id"]),
        }


# CSV, by Python -------------------------------------------------------------------------------------------------------


def reader(path, dialect):
    """Records, one after the other. Only LF ends a line for us, so that other separators stay inside their cells."""
    file = open(path, encoding=dialect.encoding, newline="\n")
    return csv.reader(file, delimiter=dialect.delimiter, strict=True)


def records(path, dialect):
    content = path.read_bytes()
    if dialect.guard != (content.endswith(b"\r\n") and content.partition(b"\n")[0].endswith(b"\r")):
        problem(f"{path.name}: lines end otherwise than the profile says")
    return list(reader(path, dialect))


def parse(text, place, dialect):
    """The value of a cell of a statement."""
    if text == "":
        return None
    if place in DATES:
        return datetime.datetime.strptime(text, dialect.date).date()
    if place in AMOUNTS:
        return Decimal(text.replace(dialect.mark, "."))
    return text[1:] if dialect.guard and text.startswith("'") else text


def spelled(value, dialect):
    """A text as the profile can hold it."""
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "\ufffd")
    if dialect.encoding == "cp1252":
        value = value.encode("cp1252", errors="replace").decode("cp1252")
    return value or None


def check_lines(where, lines, found, lake, read):
    """`read(row)` gives the values of a row as it was found."""
    if len(lines) != len(found):
        problem(f"{where}: {len(found)} rows, {len(lines)} in Parquet")
        return
    for line, row in zip(lines, found):
        values = read(row)
        for place, value in lake.cells(line).items():
            if values.get(place) != value:
                problem(f"{where}: column {place} differs, for instance of {line['id']}")
        if bool(values.get(STATUS)) == line["counts"]:
            problem(f"{where}: {line['id']} is not marked as it should be")


def check_running(where, rows, opening, closing):
    """The running balance leads from the opening to the closing one."""
    if opening is None:
        if any(row.get(BALANCE) is not None for row in rows):
            problem(f"{where}: a running balance without an opening one")
        return
    for row in rows:
        opening += row.get(AMOUNT) or 0
        if row.get(AMOUNT) is not None and row.get(BALANCE) != opening:
            problem(f"{where}: the running balance is wrong")
    if opening != closing:
        problem(f"{where}: the running balance does not lead to the closing one")


def list_of(rows, total):
    """The rows of a statement below its head, and the sum."""
    head = next(at for at, row in enumerate(rows) if len(row) == 14)
    body = rows[head + 1:]
    first = body[-1][0] if body else None
    if getattr(first, "text", first) == total:
        return body[:-1], body[-1]
    return body, None


def check_csv(pack, profile, lake):
    dialect = DIALECTS[profile]
    summary = records(pack / f"{dialect.summary}.csv", dialect)
    index = {int(row[S_ACCOUNT]): row for row in summary if len(row) == 22 and row[S_ACCOUNT].isdigit()}
    balances = {int(row[B_ACCOUNT]): row for row in records(pack / f"{dialect.balances}.csv", dialect)[1:]}
    if set(index) != set(balances) or not set(lake.accounts) <= set(index):
        problem(f"{profile}: the summary or the balances name other accounts")
    amount = lambda text: parse(text, AMOUNT, dialect)
    for account, row in index.items():
        where = f"{profile}, account {account}"
        found, total = list_of(records(pack / row[7], dialect), dialect.total)
        read = lambda row: {place: parse(cell, place, dialect) for place, cell in enumerate(row)}
        spelled_lake = Spelled(lake, dialect)
        check_lines(where, lake.lines[account], found, spelled_lake, read)
        totals = lake.totals(account)
        doubtful = row[S_DEBITS] == ""
        if doubtful and not row[S_MISSING]:
            problem(f"{where}: no totals, and no word about it")
        sums = (amount(row[S_DEBITS]), amount(row[S_CREDITS]))
        if not doubtful and (sums != totals or total is None or (amount(total[DEBIT]), amount(total[CREDIT])) != totals):
            problem(f"{where}: other totals than in Parquet")
        if int(row[S_ROWS]) != sum(line["counts"] for line in lake.lines[account]):
            problem(f"{where}: other count than in Parquet")
        opening, closing = amount(row[S_OPENING]), amount(row[S_CLOSING])
        if opening is not None and opening - totals[0] + totals[1] != closing:
            problem(f"{where}: the opening balance and the totals do not lead to the closing one")
        check_running(where, [read(row) for row in found], opening, closing)
        check_balance(where, balances[account], row, amount)


class Spelled:
    """The lake's cells as a profile can hold them."""

    def __init__(self, lake, dialect):
        self.lake, self.dialect = lake, dialect

    def cells(self, line):
        return {place: spelled(value, self.dialect) for place, value in self.lake.cells(line).items()}


def check_balance(where, balance, summary, amount):
    same = [(B_OPENING, S_OPENING), (B_DEBITS, S_DEBITS), (B_CREDITS, S_CREDITS), (B_CLOSING, S_CLOSING), (B_ROWS, S_ROWS)]
    if any(balance[a] != summary[b] for a, b in same):
        problem(f"{where}: the balances file differs from the summary")
    if balance[B_COMPUTED] == "":
        problem(f"{where}: it is not said which balances are computed")
    if bool(balance[B_CHECKED]) != bool(balance[B_DIFFERENCE]):
        problem(f"{where}: a balance is checked without a result")


# CSV, by LibreOffice --------------------------------------------------------------------------------------------------


def lines_as(text):
    return re.sub("\r\n?", "\n", text)


def check_cell(where, cell, place, value):
    """A cell of a list as LibreOffice reads it, against its value (text: as it stands in the file)."""
    kind, found = cell.kind, cell.value
    if cell.formula:
        problem(f"{where}: column {place} holds a formula")
    if value is None:
        if kind:
            problem(f"{where}: column {place} is not empty")
    elif place in DATES:
        if kind != "date" or found != value.isoformat():
            problem(f"{where}: column {place} is no date, or another one")
    elif place in AMOUNTS:
        if kind not in ("float", "currency") or not close(Decimal(found), value):
            problem(f"{where}: column {place} is no number, or another one")
    elif place != ID and (kind != "string" or lines_as(cell.text) != lines_as(value)):
        problem(f"{where}: column {place} is no text, or another one")


def close(found, value):
    """Equal in the fifteen digits that a spreadsheet has."""
    return found == value or abs(found - value) <= abs(value) * Decimal("1e-15")


def check_office_csv(office, pack, profile, lake, accounts):
    dialect = DIALECTS[profile]
    summary = [row for row in records(pack / f"{dialect.summary}.csv", dialect) if len(row) == 22 and row[1].isdigit()]
    places = {int(row[S_ACCOUNT]): pack / row[7] for row in summary}
    index = [pack / f"{dialect.summary}.csv", pack / f"{dialect.balances}.csv"]
    opened = office.open_csv(index + [places[account] for account in accounts], profile, dialect)
    formulas = {stem for stem, rows in opened.items() if any(cell.formula for row in rows for cell in row)}
    if not dialect.guard:
        # For programs: nothing is guarded. That something runs there shows that this reading would notice it elsewhere.
        if not formulas:
            problem(f"{profile}: LibreOffice calculates nothing, so that the guard is not tried")
        return
    for stem in formulas:
        problem(f"{profile}, {stem}: a formula")
    for account in accounts:
        where = f"LibreOffice, {profile}, account {account}"
        written, _ = list_of(records(places[account], dialect), dialect.total)
        found, total = list_of(opened[places[account].stem], dialect.total)
        if len(written) != len(found):
            problem(f"{where}: {len(found)} rows of {len(written)}")
        for line, cells, row in zip(lake.lines[account], found, written):
            expected = {place: parse(row[place], place, dialect) for place in DATES + AMOUNTS}
            expected |= {place: row[place] or None for place in TEXTS}
            for place, value in expected.items():
                check_cell(where, cells[place], place, value)
            if cells[ID].text.removeprefix("'") != str(line["id"]):
                problem(f"{where}: another id")
        check_sums(where, found, lake, account)
    check_summary(f"LibreOffice, {profile}, summary", opened[dialect.summary], summary, dialect)


def check_summary(where, rows, written, dialect):
    lines = [row + [EMPTY] * 22 for row in rows if len(row) > S_COMPLETE and row[S_ACCOUNT].kind == "float"]
    if len(lines) != len(written):
        problem(f"{where}: {len(lines)} accounts of {len(written)}")
    for cells, row in zip(lines, written):
        for place in (S_DEBITS, S_CREDITS, S_OPENING, S_CLOSING):
            check_cell(where, cells[place], AMOUNT, parse(row[place], AMOUNT, dialect))


def check_sums(where, found, lake, account):
    """What a spreadsheet's own SUM and COUNT of the columns would say."""
    totals = lake.totals(account)
    if totals is None:
        return
    for place, wanted in ((DEBIT, totals[0]), (CREDIT, totals[1])):
        numbers = [Decimal(row[place].value) for row in found if row[place].kind in ("float", "currency")]
        if not close(sum(numbers, Decimal(0)), wanted):
            problem(f"{where}: the sum of column {place} differs")
    counted = sum(row[AMOUNT].kind in ("float", "currency") for row in found)
    if counted != sum(line["counts"] for line in lake.lines[account]):
        problem(f"{where}: the number of amounts differs")


# The workbook ---------------------------------------------------------------------------------------------------------


def check_workbook(pack, lake):
    """With openpyxl: types, values, formats, and no formula anywhere."""
    sheets = {}
    for path in sorted(pack.glob("*.xlsx")):
        for sheet in openpyxl.load_workbook(path).worksheets:
            if any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row):
                problem(f"workbook, {sheet.title}: a formula")
            sheets.setdefault(sheet.title, sheet)
    for account, lines in lake.lines.items():
        currency = lake.accounts.get(account, {}).get("currency")
        where = f"workbook, account {account}"
        sheet = sheets.get(f"{account} {currency}" if currency else str(account))
        if sheet is None:
            problem(f"{where}: no sheet")
            continue
        if not sheet.auto_filter.ref or not sheet.freeze_panes:
            problem(f"{where}: no filter, or no head that stays")
        rows = [row[:14] for row in sheet.iter_rows(min_row=sheet.auto_filter.ref and head_of(sheet) + 1)]
        found = [row for row in rows if row[ID].value]
        check_lines(where, lines, found, Sheeted(lake), lambda row: {place: typed(where, cell, place) for place, cell in enumerate(row)})
        for row in found:
            if currency and row[AMOUNT].data_type == "n" and row[AMOUNT].value is not None and currency not in row[AMOUNT].number_format:
                problem(f"{where}: an amount without its currency")


def head_of(sheet):
    return int(re.match(r"[A-Z]+(\d+)", sheet.auto_filter.ref).group(1))


class Sheeted:
    """The lake's cells as a spreadsheet can hold them: other line ends, and fifteen digits."""

    def __init__(self, lake):
        self.lake = lake

    def cells(self, line):
        return {place: sheeted(value) for place, value in self.lake.cells(line).items()}


def sheeted(value):
    return lines_as(value).strip(" ") or None if isinstance(value, str) else value


def typed(where, cell, place):
    value = cell.value
    if value is None:
        return None
    if place in DATES:
        if cell.is_date:
            return value.date()
        problem(f"{where}: column {place} is no date")
    elif place in AMOUNTS:
        # More than fifteen digits stand as text.
        return Decimal(repr(value)) if cell.data_type == "n" else Decimal(value)
    elif cell.data_type != "s":
        problem(f"{where}: column {place} is no text")
    else:
        return sheeted(re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found.group(1), 16)), value))
    return value


def check_office_workbook(office, pack, lake, accounts):
    for path, sheets in office.open(sorted(pack.glob("*.xlsx"))).items():
        if any(cell.formula for rows in sheets.values() for row in rows for cell in row):
            problem(f"LibreOffice, {path}: a formula")
        for account in accounts:
            where = f"LibreOffice, workbook, account {account}"
            rows = sheets[f"{account} {lake.accounts[account]['currency']}"]
            found, _ = list_of(rows, "Total")
            if len(found) != len(lake.lines[account]):
                problem(f"{where}: {len(found)} rows of {len(lake.lines[account])}")
            for line, cells in zip(lake.lines[account], found):
                for place, value in lake.cells(line).items():
                    text = lines_as(value).replace("\0", "\ufffd") if isinstance(value, str) else value
                    check_cell(where, cells[place], place, text if text != "" else None)
                if cells[ID].kind != "string" or cells[ID].text != str(line["id"]):
                    problem(f"{where}: an id is no text")
            check_sums(where, found, lake, account)


# OFX ------------------------------------------------------------------------------------------------------------------


def check_ofx(pack, lake, scale=2):
    read = 0
    for path in sorted((pack / "releves").glob("*.ofx")):
        account = int(path.name.split("_")[1])
        where = f"OFX, account {account}"
        tree = OFXTree()
        tree.parse(str(path))
        statement = tree.convert().statements[0]
        row = lake.accounts[account]
        if statement.curdef != row["currency"]:
            problem(f"{where}: another currency")
        if statement.ledgerbal.balamt != row["balance"]:
            problem(f"{where}: another balance")
        as_of = row["last_update_utc"].replace(microsecond=0)
        if statement.ledgerbal.dtasof != as_of:
            problem(f"{where}: another date of the balance")
        lines = [line for line in lake.lines[account] if line["counts"] and line["value"] is not None]
        found = {entry.fitid: entry for entry in statement.transactions}
        if len(found) != len(statement.transactions) or set(found) != {str(line["id"]) for line in lines}:
            problem(f"{where}: other transactions, or one twice")
            continue
        for line in lines:
            entry = found[str(line["id"])]
            if entry.trnamt != line["value"] or entry.dtposted.date() != line["date"]:
                problem(f"{where}: another amount or date, for instance of {line['id']}")
            wording = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", line["wording"] or "").split())
            legacy = wording.encode("cp1252", errors="replace").decode("cp1252")
            if " ".join((entry.memo or "").split()) != legacy[:255].strip() and len(legacy) < 200:
                problem(f"{where}: another wording, for instance of {line['id']}")
        read += 1
    if read == 0:
        problem("OFX: no file")


# The whole ------------------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--packs", type=Path, required=True)
    parser.add_argument("--month", required=True)
    parser.add_argument("--soffice")
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--account", type=int, action="append", default=[])
    arguments = parser.parse_args()
    lake = Lake(arguments.lake, arguments.month)
    office = Office(arguments.soffice, arguments.scratch) if arguments.soffice else None
    for pack in sorted(arguments.packs.iterdir()):
        before = sum(problems.values())
        profile, format = pack.name.rsplit("-", 1)
        if format == "csv":
            check_csv(pack, profile, lake)
            if office:
                check_office_csv(office, pack, profile, lake, arguments.account)
        elif format == "xlsx":
            check_workbook(pack, lake)
            if office:
                check_office_workbook(office, pack, lake, arguments.account)
        else:
            check_ofx(pack, lake)
        print(f"{pack.name}: {sum(problems.values()) - before} problems")
    for text, times in problems.items():
        print(f"{text} ({times})", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
