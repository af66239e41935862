#!/usr/bin/env python3
"""What one writes in an afternoon: threads, orjson, pyarrow. Amounts are floats, nothing is verified or resumable.

    script.py BASE_URL DEST
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pyarrow
import pyarrow.parquet
import requests

BATCH = 50_000


def main(base, dest):
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=8))
    session.headers["Accept-Encoding"] = "identity"

    def rows_of(user):
        rows, url = [], f"{base}/users/{user}/transactions?all&limit=1000&filter=date&min_date=1900-01-01"
        while url:
            page = orjson.loads(session.get(url).content)
            for row in page["transactions"]:
                row["id_user"] = user
                for nested in ("counterparty", "original_currency", "commission_currency", "categories", "informations"):
                    row[nested] = None if row[nested] is None else orjson.dumps(row[nested]).decode()
            rows += page["transactions"]
            following = page["_links"]["next"]
            url = following and following["href"]
        return rows

    users = [user["id"] for user in orjson.loads(session.get(f"{base}/users").content)["users"]]
    Path(dest).mkdir(parents=True, exist_ok=True)
    waiting, part = [], 0

    def write():
        nonlocal waiting, part
        table = pyarrow.Table.from_pylist(waiting)
        pyarrow.parquet.write_table(table, f"{dest}/part-{part:05}.parquet", compression="zstd")
        waiting, part = [], part + 1

    with ThreadPoolExecutor(8) as pool:
        for rows in pool.map(rows_of, users):
            waiting += rows
            if len(waiting) >= BATCH:
                write()
    if waiting:
        write()


if __name__ == "__main__":
    main(*sys.argv[1:])
