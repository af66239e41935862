#!/usr/bin/env python3
"""Plants the bugs of planted_bugs.toml, one at a time, and says which test noticed.

A copy of the tree is made once; each bug is put in, the tests that ought to notice run, the bug is taken out again.
`--check` only looks whether each bug still has its place. Exit 1 when a bug has no place any more or goes unnoticed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COPIED = ["Cargo.toml", "Cargo.lock", "src", "schemas", "tests", "examples", "README.md", "clippy.toml"]
SIMULATION = ["--test", "it", "simulation::whatever"]


def places(bug):
    """Every (file, old, new) of a bug. A text that begins with a newline does so to be readable."""
    for place in [bug, *bug.get("also", [])]:
        yield place["file"], place["old"].removeprefix("\n"), place["new"].removeprefix("\n")


def misplaced(bug, root):
    return [
        f"{bug['name']}: its old text stands {n} times in {file}"
        for file, old, _ in places(bug)
        if (n := (root / file).read_text().count(old)) != 1
    ]


def planted(bug, root):
    before = {file: (root / file).read_text() for file, _, _ in places(bug)}
    for file, old, new in places(bug):
        path = root / file
        path.write_text(path.read_text().replace(old, new))
    return before


def run(test, root, options):
    """One cargo run: ("caught" | "missed" | "does not compile", seconds)."""
    which = SIMULATION if test == "simulation" else ["--lib", test]
    command = ["cargo", "test", "--locked", "--quiet", *which]
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(options.target),
        "POWENS_EXPORT_SIMULATION_SEEDS": options.seeds,
        "RUSTFLAGS": os.environ.get("RUSTFLAGS", ""),
    }
    began = time.monotonic()
    try:
        built = subprocess.run([*command, "--no-run"], cwd=root, env=environment, capture_output=True, text=True)
        if built.returncode != 0:
            print(built.stderr[-2000:], file=sys.stderr)
            return "does not compile", time.monotonic() - began
        ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=options.patience)
        if "running 0 tests" in ran.stdout and "passed; 0 failed" in ran.stdout and " 0 passed" in ran.stdout:
            return "names no test", time.monotonic() - began
        outcome = "missed" if ran.returncode == 0 else "caught"
    except subprocess.TimeoutExpired:
        outcome = "caught (it never ended)"
    return outcome, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only look whether each bug still has its place")
    parser.add_argument("--only", default="", help="bugs whose name contains this")
    parser.add_argument("--seeds", default="0..300", help="schedules of the simulation that each bug gets")
    parser.add_argument("--patience", type=float, default=600, help="seconds before a test counts as endless")
    parser.add_argument("--target", type=Path, default=ROOT / "target", help="cargo's target folder")
    parser.add_argument("--copy", type=Path, default=ROOT / "target" / "planted", help="where the copy of the tree lies")
    options = parser.parse_args()

    bugs = tomllib.loads((HERE / "planted_bugs.toml").read_text())["bug"]
    bugs = [bug for bug in bugs if options.only in bug["name"]]
    homeless = [problem for bug in bugs for problem in misplaced(bug, ROOT)]
    if homeless or options.check:
        print("\n".join(homeless) or f"{len(bugs)} bugs have their place")
        return 1 if homeless else 0

    shutil.rmtree(options.copy, ignore_errors=True)
    options.copy.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, options.copy / name)

    unnoticed = 0
    for bug in bugs:
        before = planted(bug, options.copy)
        caught_by, seconds = None, 0.0
        for test in bug["tests"]:
            outcome, took = run(test, options.copy, options)
            seconds += took
            if outcome.startswith("caught"):
                caught_by = f"{outcome} by {test}"
                break
            if outcome != "missed":
                caught_by = None
                print(f"    {test}: {outcome}", flush=True)
        for file, text in before.items():
            (options.copy / file).write_text(text)
        unnoticed += caught_by is None
        print(f"{caught_by or 'NOT CAUGHT':<48} {seconds:6.0f} s  {bug['name']}", flush=True)
    print(f"{len(bugs) - unnoticed} of {len(bugs)} planted bugs caught")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
