#!/usr/bin/env python3
"""The same as a dlt pipeline: a resource of pages, run in parallel, loaded as Parquet into a folder.

    dlt_pipeline.py BASE_URL DEST
"""

import os
import sys

import dlt
from dlt.sources.helpers import requests


def main(base, dest):
    os.environ["DESTINATION__FILESYSTEM__BUCKET_URL"] = f"file://{os.path.abspath(dest)}"
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

    @dlt.resource
    def users():
        for user in requests.get(f"{base}/users").json()["users"]:
            yield user

    @dlt.transformer(data_from=users, primary_key="id", write_disposition="replace", parallelized=True, max_table_nesting=0)
    def transactions(user):
        url = f"{base}/users/{user['id']}/transactions?all&limit=1000&filter=date&min_date=1900-01-01"
        while url:
            page = requests.get(url).json()
            yield [row | {"id_user": user["id"]} for row in page["transactions"]]
            following = page["_links"]["next"]
            url = following and following["href"]

    pipeline = dlt.pipeline("bank", destination="filesystem", dataset_name="bank", pipelines_dir=f"{dest}/state")
    pipeline.run([transactions], loader_file_format="parquet")


if __name__ == "__main__":
    main(*sys.argv[1:])
