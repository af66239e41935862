#!/usr/bin/env python3
"""Plants the bugs of planted_bugs.toml and says which test notices each of them.

The tree is copied, all bugs are built into the copy, asleep, and the tests are built once. Then one bug at a time is
woken and the tests that ought to notice it run. First they run with all asleep: then nothing may turn red.
`--check` only looks whether each bug still has its place. Exit 1 when one has none, or goes unnoticed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ASLEEP = "(none)"
# What the copy gets besides: whether a bug is awake.
SWITCH = """
/// Whether a planted bug is awake.
pub(crate) fn planted(bug: &str) -> bool {
    static AWAKE: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| std::env::var("POWENS_EXPORT_PLANTED").unwrap_or_default());
    *AWAKE == bug
}
"""


def places(bug):
    """Every (file, old, new) of a bug. A text that begins with a newline does so to be readable."""
    switch = f"crate::planted({json.dumps(bug['name'])})"
    for place in [bug, *bug.get("also", [])]:
        new = place["new"].removeprefix("\n").replace("PLANTED", switch)
        yield place["file"], place["old"].removeprefix("\n"), new


def plant(bugs, root):
    """Puts all bugs in; returns those that have no place any more."""
    homeless = []
    for bug in bugs:
        for file, old, new in places(bug):
            path = root / file
            text = path.read_text()
            if (n := text.count(old)) != 1:
                homeless.append(f"{bug['name']}: its old text stands {n} times in {file}")
                continue
            path.write_text(text.replace(old, new))
    return homeless


def copied(options):
    shutil.rmtree(options.copy, ignore_errors=True)
    shutil.copytree(ROOT, options.copy, ignore=shutil.ignore_patterns("target", ".git"))


def build(options, *which):
    """Builds tests of the copy; returns the program that runs them."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(options.target)}
    command = ["cargo", "test", "--locked", "--no-run", "--message-format", "json", *which]
    built = subprocess.run(command, cwd=options.copy, env=environment, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    if built.returncode != 0:
        for message in (m["message"] for m in messages if m.get("message")):
            if message["level"] == "error":
                print(message["rendered"], file=sys.stderr)
        sys.exit("the copy with the bugs does not compile")
    tests = [m["executable"] for m in messages if m.get("executable") and m["profile"]["test"]]
    return tests[-1]


class Programs:
    """The test programs, each built when it is first needed."""

    def __init__(self, options):
        self.options, self.built = options, {}

    def command(self, test):
        which = ("--test", "it") if test == "simulation" else ("--lib",)
        if which not in self.built:
            self.built[which] = build(self.options, *which)
        return [self.built[which], "simulation::whatever" if test == "simulation" else test]


def run(bug, test, programs, options):
    """Runs tests with a bug awake: "caught", "missed", …"""
    command = programs.command(test)
    environment = os.environ | {
        "POWENS_EXPORT_PLANTED": bug,
        "POWENS_EXPORT_SIMULATION_SEEDS": options.seeds,
        "CARGO_MANIFEST_DIR": str(options.copy),
    }
    try:
        ran = subprocess.run(
            command, cwd=options.copy, env=environment, capture_output=True, text=True, timeout=options.patience
        )
    except subprocess.TimeoutExpired:
        return "caught (it never ended)"
    if "running 0 tests" in ran.stdout:
        return "names no test"
    return "missed" if ran.returncode == 0 else "caught"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only look whether each bug still has its place")
    parser.add_argument("--only", default="", help="bugs whose name contains this")
    parser.add_argument("--seeds", default="0..200", help="schedules of the simulation that each bug gets")
    parser.add_argument("--patience", type=float, default=900, help="seconds before a test counts as endless")
    parser.add_argument("--target", type=Path, default=ROOT / "target", help="cargo's target folder")
    parser.add_argument("--copy", type=Path, default=ROOT / "target" / "planted", help="where the copy of the tree lies")
    options = parser.parse_args()
    options.copy, options.target = options.copy.resolve(), options.target.resolve()

    bugs = tomllib.loads((HERE / "planted_bugs.toml").read_text())["bug"]
    copied(options)
    homeless = plant(bugs, options.copy)
    if homeless or options.check:
        print("\n".join(homeless) or f"{len(bugs)} bugs have their place")
        return 1 if homeless else 0
    lib = options.copy / "src" / "lib.rs"
    lib.write_text(lib.read_text() + SWITCH)

    programs, unnoticed, sound = Programs(options), 0, set()
    bugs = [bug for bug in bugs if options.only in bug["name"]]
    bugs.sort(key=lambda bug: bug["tests"][0] != "simulation")
    for bug in bugs:
        began, verdict = time.monotonic(), "NOT CAUGHT"
        for test in bug["tests"]:
            # With all bugs asleep nothing may turn red.
            if test not in sound and (outcome := run(ASLEEP, test, programs, options)) != "missed":
                sys.exit(f"with all bugs asleep, {test}: {outcome}")
            sound.add(test)
            outcome = run(bug["name"], test, programs, options)
            if outcome.startswith("caught"):
                verdict = f"{outcome} by {test}"
                break
            if outcome != "missed":
                print(f"    {test} {outcome}", flush=True)
        unnoticed += verdict == "NOT CAUGHT"
        print(f"{verdict:<44} {time.monotonic() - began:5.0f} s  {bug['name']}", flush=True)
    print(f"{len(bugs) - unnoticed} of {len(bugs)} planted bugs caught")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
