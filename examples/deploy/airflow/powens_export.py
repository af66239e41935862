"""Nightly export of a Powens domain, for Apache Airflow 3.

`export` understands the exit codes: what passes by itself is tried again, what needs a person fails at once, and a partial
export is a success that `partial` reports. Tasks that read the lake go downstream of `export`: it publishes in both cases, and
what was published before stays readable in all others.

The worker has the program on its PATH and the settings in its environment (POWENS_DOMAIN, POWENS_CLIENT_ID, POWENS_EXPORT_DEST,
and POWENS_CLIENT_SECRET_FILE and POWENS_USERS_TOKEN_FILE as paths of files): secrets never pass through Airflow.
"""

from __future__ import annotations

import logging
import os
import subprocess
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

log = logging.getLogger(__name__)

COMPLETE, PARTIAL = 0, 3
# The API, the disk, another run, a stop: the same command again goes on from what was fetched.
AGAIN = {69, 74, 75, 130, 143}
# Another try changes nothing. Any code that is not in this file is treated as these.
SOMEBODY_MUST_LOOK = {
    1: "a bug",
    2: "settings: nothing was requested or written",
    4: "a guard refused to publish: read the log, then decide on --max-failed or --accept-shrink",
    5: "damage in a published snapshot: powens-export verify lists it",
    65: "the API answered something that cannot be right",
    77: "credentials refused",
}


def judge(code: int) -> int:
    """The code of a run that published; raises what Airflow should do about any other."""
    if code in (COMPLETE, PARTIAL):
        return code
    if code in AGAIN or code < 0:  # Negative: killed by a signal.
        raise AirflowException(f"powens-export ended with {code}: the same command goes on from here")
    raise AirflowFailException(f"powens-export ended with {code}: {SOMEBODY_MUST_LOOK.get(code, 'an unknown code')}")


@dag(
    schedule="15 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Paris")),
    catchup=False,  # The API answers the present only: a night that was missed cannot be made up for.
    max_active_runs=1,
    tags=["powens"],
)
def powens_export():
    @task(retries=3, retry_delay=timedelta(minutes=30), execution_timeout=timedelta(hours=10))
    def export() -> int:
        """0: complete; 3: partial, the report in the log says what is missing."""
        return judge(subprocess.run(["powens-export", "run"], check=False).returncode)

    @task
    def partial(code: int) -> None:
        """Is skipped after a complete export; otherwise the place for a message to whoever watches."""
        if code != PARTIAL:
            raise AirflowSkipException("the export is complete")
        dest = os.environ["POWENS_EXPORT_DEST"]
        status = subprocess.run(["powens-export", "status", dest], check=False, capture_output=True, text=True)
        log.warning("the export is partial\n%s", status.stdout)

    partial(export())


powens_export()
