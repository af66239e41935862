#!/usr/bin/env python3
"""Measures whole runs of powens-export against the bank of `benches/bank/`, each in a process of its own.

A run's figures are the operating system's own accounting of the finished child: user and system CPU seconds, wall
clock, peak resident memory. The bank's cost is not in them. Prints a table and writes it, with the machine's kind,
to benches/results/<date>-<what>.json.

    benches/run.py [--what quick|all|NAME,NAME…] [--dest DIR] [--binary FILE] [--bank FILE] [--repeat N]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Bank:
    """The bank, serving until the block ends."""

    def __init__(self, program, **world):
        arguments = [text for name, value in world.items() for text in (f"--{name}", str(value))]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
        lines = (self.process.stdout.readline().strip().split("=", 1) for _ in range(4))
        self.settings = dict(lines)
        self.port = int(self.settings["POWENS_BASE_URL"].rsplit(":", 1)[1].split("/")[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        """CPU seconds that the bank has taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def first_request(self):
        """When the first request came, in seconds since the epoch."""
        return float(self.process.stdout.readline().strip().split("=")[1])


def measure(command, settings=None, log=None):
    """Runs a command to its end and returns what the operating system says of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POWENS_")}
    environment.update(settings or {})
    started = time.time()
    with open(log or os.devnull, "ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}; see {log}")
    return {
        "started": started,
        "wall_s": round(time.time() - started, 3),
        "user_s": round(usage.ru_utime, 3),
        "system_s": round(usage.ru_stime, 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mib": round(usage.ru_maxrss / 1024, 1),
    }


def manifest(lake):
    latest = json.loads((lake / "LATEST").read_text())
    return json.loads((lake / "snapshots" / latest["run_id"] / "manifest.json").read_text())


def shape(lake):
    """What was published: rows of transactions, bytes of files, bytes received, requests."""
    made = manifest(lake)
    rows = next(table["rows"] for table in made["tables"] if table["name"] == "transactions")
    fresh = [file for file in made["files"] if file["since"] == made["run_id"]]
    return {
        "rows": rows,
        "files": len(made["files"]),
        "file_bytes": sum(file["bytes"] for file in made["files"]),
        "new_files": len(fresh),
        "new_bytes": sum(file["bytes"] for file in fresh),
        "json_bytes": made["requests"]["bytes_received"],
        "requests": made["requests"]["total"],
        "status": made["status"],
    }


class Bench:
    """Where runs are measured."""

    def __init__(self, options):
        self.options = options
        self.table = []

    def run(self, name, lake, bank, *flags):
        """One export, into a lake that may exist."""
        log = lake.parent / "log.txt"
        command = [self.options.binary, "run", "--dest", lake, "--quiet", "--rate", "100000/s", *flags]
        figures = measure(command, bank.settings, log)
        # Wall clock says little of the program where the bank keeps a core busy.
        figures["bank_cpu_s"] = round(bank.cpu(), 2)
        figures["cores_busy"] = round((figures["cpu_s"] + figures["bank_cpu_s"]) / figures["wall_s"], 2)
        figures["to_first_request_ms"] = round((bank.first_request() - figures.pop("started")) * 1000, 1)
        figures.update(shape(lake))
        self.add(name, figures)
        return figures

    def add(self, name, figures):
        if "rows" in figures and figures["cpu_s"] > 0:
            figures["rows_per_cpu_s"] = round(figures["rows"] / figures["cpu_s"])
        self.table.append({"name": name, **figures})
        show(self.table[-1])

    def bank(self, **world):
        return Bank(self.options.bank, **world)

    def folder(self, dest=None):
        return tempfile.TemporaryDirectory(prefix="powens-bench-", dir=dest or self.options.dest)

    # Each scenario is a method; its first line says what it shows.

    def full(self, name, users, rows):
        for turn in range(self.options.repeat):
            with self.folder() as folder, self.bank(users=users, rows=rows) as bank:
                self.run(name, Path(folder) / "lake", bank)

    def full_10k(self):
        """The fixed cost: 10 users × 1,000 rows."""
        self.full("full, 10 k rows", 10, 1000)

    def full_100k(self):
        """100 users × 1,000 rows."""
        self.full("full, 100 k rows", 100, 1000)

    def full_1m(self):
        """1,000 users × 1,000 rows."""
        self.full("full, 1 M rows", 1000, 1000)

    def one_user(self):
        """A single user of 1,000,000 rows, in 1,000 pages."""
        self.full("full, one user of 1 M rows", 1, 1_000_000)

    def nights(self, users, rows, label):
        with self.folder() as folder:
            lake = Path(folder) / "lake"
            with self.bank(users=users, rows=rows) as bank:
                full = self.run(f"full, {label} rows", lake, bank)
            with self.bank(users=users, rows=rows, night=1) as bank:
                self.run(f"night of 0.1 %, {label} rows", lake, bank, "--mode", "incremental")
            with self.bank(users=users, rows=rows, night=2) as bank:
                self.run(f"night, all walks full, {label} rows", lake, bank, "--mode", "full")
            figures = measure([self.options.binary, "verify", lake], log=Path(folder) / "log.txt")
            figures.pop("started")
            made = shape(lake)
            figures.update(rows=made["rows"], file_bytes=made["file_bytes"])
            figures["mb_per_cpu_s"] = round(made["file_bytes"] / 1e6 / figures["cpu_s"], 1)
            self.add(f"verify, {label} rows", figures)
        return full

    def nights_1m(self):
        """A first run, a night of changes, a night of full walks, verify: 1,000 users × 1,000 rows."""
        self.nights(1000, 1000, "1 M")

    def nights_10m(self):
        """The same with 10,000 users × 1,000 rows."""
        self.nights(10_000, 1000, "10 M")

    def peers(self):
        """The same bank of 100 users × 1,000 rows: this program, a Python script, a dlt pipeline."""
        users, rows = 100, 1000
        with self.folder() as folder, self.bank(users=users, rows=rows) as bank:
            ours = self.run("powens-export", Path(folder) / "lake", bank)
            for name in ("script", "dlt_pipeline"):
                command = [self.options.python, HERE / "peers" / f"{name}.py"]
                dest = Path(folder) / name
                log = Path(folder) / "log.txt"
                figures = measure([*command, bank.settings["POWENS_BASE_URL"], dest], log=log)
                figures.pop("started")
                figures.update(rows=users * rows)
                self.add(f"{name}.py", figures)
                ratio = ours["rows_per_cpu_s"] / self.table[-1]["rows_per_cpu_s"]
                self.table[-1]["times_slower"] = round(ratio, 1)
                print(f"{'':34}{ratio:.0f} times the CPU of powens-export")

    def waiting(self):
        """100 ms latency, 32 at a time, 320 users of one page: how near to the ideal."""
        latency, concurrency, users = 0.1, 32, 320
        with self.folder() as folder, self.bank(users=users, rows=100, latency=100) as bank:
            lake = Path(folder) / "lake"
            figures = self.run("waiting: 100 ms, 32 at a time", lake, bank, "--concurrency", str(concurrency))
            # The lists of users and connectors come one after the other; then five requests a user.
            ideal = 2 * latency + users / concurrency * 5 * latency
            self.table[-1]["of_ideal"] = round(ideal / figures["wall_s"], 3)
            print(f"{'':34}{100 * ideal / figures['wall_s']:.1f} % of the ideal {ideal:.1f} s")

    def small(self):
        """10 users on a memory file system, where there is one: what a run costs before rows count."""
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        for turn in range(3):
            with self.folder(memory) as folder, self.bank(users=10, rows=100) as bank:
                self.run("10 users × 100 rows, in memory", Path(folder) / "lake", bank)


ALL = ["small", "full_10k", "full_100k", "full_1m", "one_user", "nights_10m", "waiting"]
QUICK = ["small", "full_100k", "full_1m", "one_user"]


def show(row):
    """One line of the table."""
    if not show.begun:
        print(f"{'what':34}{'CPU s':>8}{'wall s':>8}{'MiB':>7}{'rows':>11}{'rows/CPU s':>12}{'JSON MB':>9}{'files MB':>9}{'first ms':>9}{'bank CPU':>9}")
        show.begun = True
    number = lambda key, scale=1, digits=0: f"{row[key] / scale:,.{digits}f}" if key in row else ""
    print(
        f"{row['name']:34}{row['cpu_s']:8.2f}{row['wall_s']:8.2f}{row['peak_mib']:7.0f}{number('rows'):>11}"
        f"{number('rows_per_cpu_s'):>12}{number('json_bytes', 1e6):>9}{number('file_bytes', 1e6, 1):>9}"
        f"{number('to_first_request_ms', 1, 1):>9}{number('bank_cpu_s', 1, 2):>9}",
        flush=True,
    )


show.begun = False


def machine():
    """The machine's kind, and nothing that names it."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "processor": model}


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", default="quick", help=f"quick, all, or names of: {', '.join(ALL)}, nights_1m, peers")
    parser.add_argument("--dest", help="where lakes are written and removed again [the system's temporary folder]")
    parser.add_argument("--binary", type=Path, default=target / "release" / "powens-export")
    parser.add_argument("--bank", type=Path, default=target / "release" / "examples" / "bank")
    parser.add_argument("--python", help="an interpreter with benches/peers/requirements.txt, for --what peers")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="write the table to benches/results/")
    options = parser.parse_args()
    bench = Bench(options)
    names = {"quick": QUICK, "all": ALL}.get(options.what, options.what.split(","))
    for name in names:
        getattr(bench, name)()
    if options.save:
        path = HERE / "results" / f"{date.today()}-{options.what.replace(',', '+')}.json"
        path.write_text(json.dumps({"machine": machine(), "date": str(date.today()), "runs": bench.table}, indent=1) + "\n")
        print(f"written to {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
