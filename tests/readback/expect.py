"""What each table must hold, computed from the bank's own JSON and the files under schemas/, by code that shares
nothing with the program: the second opinion.

Values are kept in forms that compare exactly: whole numbers, `Decimal`, days and microseconds since 1970-01-01, text.
JSON columns are compared as parsed values whose numbers are their own digits.
"""

import datetime
import json
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib

EPOCH = datetime.date(1970, 1, 1)
PARIS = ZoneInfo("Europe/Paris")
DAY_MICROS = 86_400_000_000

TABLES = [
    "users", "connectors", "connector_sources", "connections", "connection_sources",
    "accounts", "transactions", "balances", "coverage", "issues",
]


class Number(str):
    """A JSON number, as its own text."""


class Misfit(Exception):
    """A value that does not fit its column; `value` is what stands there instead, if anything."""

    def __init__(self, kind, value=None):
        super().__init__(kind)
        self.kind, self.value = kind, value


def parse(text):
    """JSON with numbers as text."""
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)


def schema_of(folder, table):
    with open(folder / f"{table}.toml", "rb") as file:
        return tomllib.load(file)


# One value -> what its column holds -----------------------------------------------------------------------------------


def text_of(value):
    if type(value) is not str:
        raise Misfit("wrong_type")
    return value


def days_of(text):
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return (datetime.date.fromisoformat(text) - EPOCH).days
    except ValueError:
        return None


def micros_of(text):
    """(microseconds of the written digits, offset in seconds or None), or a Misfit."""
    found = re.fullmatch(
        r"(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))? ?(Z|[+-]\d{2}(?::?\d{2})?)?", text, re.ASCII
    )
    days = days_of(text[:10])
    if not found or days is None:
        if days is not None and len(text) == 10:
            raise Misfit("date_only", (days * DAY_MICROS, None))
        raise Misfit("not_a_datetime")
    hours, minutes, seconds = (int(found[place]) for place in (2, 3, 4))
    fraction = found[5] or ""
    if hours > 23 or minutes > 59 or seconds > 59 or fraction[6:].strip("0"):
        raise Misfit("not_a_datetime")
    micros = days * DAY_MICROS + (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    offset = None
    if found[6] == "Z":
        offset = 0
    elif found[6]:
        digits = found[6][1:].replace(":", "").ljust(4, "0")
        if int(digits[:2]) > 23 or int(digits[2:]) > 59:
            raise Misfit("not_a_datetime")
        offset = (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if found[6][0] == "-" else 1)
    return micros, offset


def utc_of(micros, offset, clock):
    if offset is not None:
        return micros - offset * 1_000_000
    if clock != "paris":
        return micros
    # The first of two readings in autumn; the offset before the gap in spring: both are what fold=0 says.
    naive = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
    shift = naive.replace(tzinfo=PARIS, fold=0).utcoffset()
    return micros - shift // datetime.timedelta(microseconds=1)


def amount(value, scale, precision):
    text = str(value) if isinstance(value, Number) else text_of(value)
    if not re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text, re.ASCII):
        raise Misfit("not_a_number")
    exact = Decimal(text)
    sign, digits, exponent = exact.as_tuple()
    digits = list(digits)
    while len(digits) > 1 and digits[-1] == 0:
        digits.pop()
        exponent += 1
    if digits == [0]:
        return Decimal(0)
    if exponent < -scale:
        raise Misfit("too_precise")
    if len(digits) + exponent > precision - scale:
        raise Misfit("too_large")
    return exact


def whole(value, least):
    text = str(value) if isinstance(value, Number) else text_of(value)
    if not re.fullmatch(r"-?\d+", text, re.ASCII) or not least <= int(text) < 2**63:
        raise Misfit("not_an_integer")
    return int(text)


def boolean(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, Number) and value in ("0", "1"):
        return value == "1"
    raise Misfit("wrong_type")


def words(value):
    text = str(value) if isinstance(value, Number) else text_of(value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Misfit("lone_surrogate", re.sub("[\ud800-\udfff]", "\ufffd", text))
    return text


def convert(column, value, decimal):
    """What the column holds of a JSON value that is not null."""
    kind = column["type"]
    if kind == "id":
        return whole(value, 1)
    if kind == "integer":
        return whole(value, -(2**63))
    if kind == "decimal":
        return amount(value, decimal[1], decimal[0])
    if kind == "boolean":
        return boolean(value)
    if kind == "date":
        text = text_of(value)
        days = days_of(text[:10]) if text[10:] in ("", " 00:00:00", "T00:00:00", "T00:00:00Z") else None
        if days is None:
            raise Misfit("not_a_date")
        return days
    if kind in ("datetime", "instant"):
        text, late = text_of(value), None
        try:
            micros, offset = micros_of(text)
        except Misfit as misfit:
            if misfit.value is None:
                raise
            (micros, offset), late = misfit.value, misfit.kind
        result = micros if kind == "datetime" else utc_of(micros, offset, column.get("clock", "utc"))
        if late:
            raise Misfit(late, result)
        return result
    if kind == "text":
        return words(value)
    return value  # json: compared as a parsed value


# One object -> one row ------------------------------------------------------------------------------------------------


class Reader:
    """Reads the rows of one table out of JSON objects."""

    def __init__(self, schema, decimal):
        self.schema, self.decimal = schema, decimal
        self.columns = schema["columns"]
        self.by_path, self.objects, self.rest_ignored, self.ignored = {}, set(), set(), set()
        for column in self.columns:
            if column.get("derived") or column["type"] == "extra":
                continue
            for source in column.get("source", [column["name"]]):
                if source[0] not in "@^":
                    self.by_path.setdefault(source, []).append(column)
                    if "." in source:
                        self.objects.add(source.rsplit(".", 1)[0])
        for path in schema.get("ignored", []):
            if path.endswith(".*"):
                self.rest_ignored.add(path[:-2])
                self.objects.add(path[:-2])
            else:
                self.ignored.add(path)
        children = schema.get("children")
        self.children = children["field"] if children else None

    def read(self, item, user=None, parent=None):
        """(row, issues as (column, kind) pairs)"""
        self.row, self.extra, self.issues = {}, {}, []
        self.walk(item, "")
        for column in self.columns:
            for source in column.get("source", []):
                around = {"@": user, "^": parent}.get(source[0])
                if around is not None and self.row.get(column["name"]) is None and source[0] in "@^":
                    self.row[column["name"]] = around
        row = {column["name"]: self.row.get(column["name"]) for column in self.columns}
        if "extra" in row:
            row["extra"] = self.extra or None
        return row, self.issues

    def walk(self, item, prefix):
        for key, value in item.items():
            path = prefix + key
            if isinstance(value, dict) and path in self.objects:
                self.walk(value, path + ".")
            elif path in self.by_path:
                if value is not None:
                    self.put(self.by_path[path], value)
            elif path == self.children or path in self.ignored or path in self.objects:
                # An object's place that holds something else is known, and has no column.
                if path in self.objects and value is not None and path != self.children:
                    self.extra[path] = value
            elif prefix[:-1] not in self.rest_ignored:
                self.extra[path] = value

    def put(self, columns, value):
        first = None
        for column in columns:
            if self.row.get(column["name"]) is not None:
                continue
            try:
                self.row[column["name"]] = convert(column, value, self.decimal)
            except Misfit as misfit:
                self.row[column["name"]] = misfit.value
                first = first or (column["name"], misfit.kind)
        if first:
            self.issues.append(first)
            self.extra[first[0]] = value


# The tables -----------------------------------------------------------------------------------------------------------

NEEDS_USER = {"scarequired", "webauthrequired", "additionalinformationneeded", "decoupled", "actionneeded",
              "passwordexpired", "wrongpass"}
WAITING = {"validating", "ratelimiting", "websiteunavailable"}


def health(row):
    if row.get("disabled") is not None:
        return "disabled"
    state = (row.get("state") if row.get("state") is not None else row.get("error")) or None
    if state is None:
        if row.get("active") is False:
            return "inactive"
        return "healthy" if row["last_update"] is not None else "never_synced"
    state = state.lower()
    if state in NEEDS_USER:
        return "action_needed"
    if state in WAITING:
        return "waiting"
    return {"bug": "stale", "notsupported": "unsupported"}.get(state, "unknown")


class Expectation:
    """Every table of a fresh export of the bank whose truth is given. `left_out`: users that were not asked on purpose."""

    def __init__(self, truth, schemas, decimal, left_out=frozenset()):
        self.decimal = decimal
        self.schemas = {table: schema_of(schemas, table) for table in TABLES}
        self.tables = {table: [] for table in TABLES}
        self.without_key = 0
        readers = {table: Reader(self.schemas[table], decimal) for table in TABLES}
        self.readers = readers
        for user in truth["users"]:
            self.add("users", *readers["users"].read(user))
        for connector in truth["connectors"]:
            row = self.add("connectors", *readers["connectors"].read(connector))
            for source in connector.get("sources") or []:
                self.add("connector_sources", *readers["connector_sources"].read(source, parent=row["id"]))
        for connection in truth["connections"]:
            user = int(connection["id_user"])
            if user in left_out:
                continue
            row, issues = readers["connections"].read(connection, user=user)
            row["health"] = health(row)
            self.add("connections", row, issues, user)
            for source in connection.get("sources") or []:
                child, issues = readers["connection_sources"].read(source, user=user, parent=row["id"])
                child["health"] = health(child)
                self.add("connection_sources", child, issues, user)
        owners = {}
        for account in truth["accounts"]:
            user = int(account["id_user"])
            owners[account["id"]] = user
            if user not in left_out:
                self.add("accounts", *readers["accounts"].read(account, user=user), user)
        accounts = {row["id"]: row for row in self.tables["accounts"]}
        for transaction in truth["transactions"]:
            user = owners.get(transaction.get("id_account"))
            if user in left_out:
                continue
            row, issues = readers["transactions"].read(transaction, user=user)
            if row["id"] is None or row["id_account"] is None:
                self.without_key += 1
                continue
            account = accounts.get(row["id_account"], {})
            row["id_connection"], row["currency"] = account.get("id_connection"), account.get("currency")
            self.add("transactions", row, issues, user)
        self.derive(accounts)

    def add(self, table, row, issues, user=None):
        self.tables[table].append(row)
        counted = {}
        for issue in issues:
            counted[issue] = counted.get(issue, 0) + 1
        for (column, kind), n in counted.items():
            self.tables["issues"].append(
                {"table": table, "id_user": user, "id": row["id"], "column": column, "kind": kind, "n": n}
            )
        return row

    def derive(self, accounts):
        held = {}
        for row in self.tables["transactions"]:
            held.setdefault(row["id_account"], []).append(row["date"])
        for account in accounts.values():
            names = ("currency", "balance", "coming", "last_update")
            self.tables["balances"].append(
                {"id_account": account["id"], "id_user": account["id_user"], **{name: account[name] for name in names}}
            )
            dates = held.pop(account["id"], [])
            known = [date for date in dates if date is not None]
            self.tables["coverage"].append({
                "id_account": account["id"], "id_user": account["id_user"], "rows": len(dates),
                "first_date": min(known, default=None), "last_date": max(known, default=None),
                "complete": True, "reason": None,
            })
        self.unknown_accounts = set(held)
