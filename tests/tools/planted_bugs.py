#!/usr/bin/env python3
"""Plants the bugs of planted_bugs*.toml and says which test notices each of them.

The tree is copied, all bugs are built into the copy, asleep, and the tests are built once. Then one bug at a time is
woken and the tests that ought to notice it run. First they run with all asleep: then nothing may turn red.
`--check` only looks whether each bug still has its place. Exit 1 when one has none, or goes unnoticed.
"""

import argparse
import collections
import filecmp
import json
import os
import re
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
# A feature of the copy alone. Cargo does not tell two trees of one package apart when they share a target folder: without
# it, the next test of the real tree would run what was built from the copy.
FEATURE = ("[features]\n", "[features]\nplanted = []\n")
# What the simulation prints of a schedule that breaks a promise.
BROKEN = re.compile(r"^seed (\d+);", re.MULTILINE)


def read_bugs():
    """All bugs, and what is wrong with their names."""
    bugs = [bug for file in sorted(HERE.glob("planted_bugs*.toml")) for bug in tomllib.loads(file.read_text())["bug"]]
    names = collections.Counter(bug["name"] for bug in bugs)
    return bugs, [f"{name}: {n} bugs have this name" for name, n in names.items() if n > 1]


def places(bug):
    """Every (file, old, new) of a bug. A text that begins with a newline does so to be readable."""
    switch = f"crate::planted({json.dumps(bug['name'])})"
    for place in [bug, *bug.get("also", [])]:
        new = place["new"].removeprefix("\n").replace("PLANTED", switch)
        yield place["file"], place["old"].removeprefix("\n"), new


def plant(bugs):
    """The text of every file with all bugs in it, and those that have no place any more."""
    texts, homeless = {}, []
    for bug in bugs:
        for file, old, new in places(bug):
            text = texts.get(file) or (ROOT / file).read_text()
            if (n := text.count(old)) == 1:
                text = text.replace(old, new)
            else:
                homeless.append(f"{bug['name']}: its old text stands {n} times in {file}")
            texts[file] = text
    return texts, homeless


def lay_out(texts, copy):
    """Makes the copy. A file that is there already keeps its age: cargo builds nothing twice."""
    skipped = {ROOT / "target", ROOT / ".git", copy}
    wanted = set()
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if Path(folder, name) not in skipped]
        wanted |= {Path(folder, name).relative_to(ROOT) for name in files}
    for path in wanted:
        to = copy / path
        to.parent.mkdir(parents=True, exist_ok=True)
        if (text := texts.get(str(path))) is None:
            if not to.is_file() or not filecmp.cmp(ROOT / path, to, shallow=False):
                shutil.copy(ROOT / path, to)
        elif not to.is_file() or to.read_text() != text:
            to.write_text(text)
    for path in copy.rglob("*"):
        if path.is_file() and path.relative_to(copy) not in wanted:
            path.unlink()


def build(options, which):
    """Builds tests of the copy; returns the program that runs them."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(options.target)}
    command = ["cargo", "test", "--locked", "--no-run", "--features", "planted", "--message-format", "json", *which]
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
        """How to run tests: those of a module of tests/it are in one program, all others are the library's."""
        module = ROOT / "tests" / "it" / test.split("::")[0]
        outside = module.is_dir() or module.with_suffix(".rs").is_file()
        which = ("--test", "it") if outside else ("--lib",)
        if which not in self.built:
            self.built[which] = build(self.options, which)
        return [self.built[which], "simulation::whatever" if test == "simulation" else test]


def run(bug, test, programs, options):
    """Runs tests with a bug awake: "missed", or begins with "caught"."""
    command = programs.command(test)
    environment = os.environ | {
        "POWENS_EXPORT_PLANTED": bug,
        "POWENS_EXPORT_SIMULATION_SEEDS": options.seeds,
        # One schedule that breaks a promise is enough.
        "POWENS_EXPORT_SIMULATION_ENOUGH": "1",
        "CARGO_MANIFEST_DIR": str(options.copy),
    }
    try:
        ran = subprocess.run(
            command, cwd=options.copy, env=environment, capture_output=True, text=True, timeout=options.patience
        )
    except subprocess.TimeoutExpired:
        return "caught, it never ended"
    if "running 0 tests" in ran.stdout:
        sys.exit(f"{bug}: {test} names no test")
    if ran.returncode == 0:
        return "missed"
    broken = BROKEN.search(ran.stdout)
    return f"caught, seed {broken[1]}" if broken else "caught"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only look whether each bug still has its place")
    parser.add_argument("--only", default="", help="bugs whose name this expression finds")
    parser.add_argument("--by", help="run this test with each bug awake, instead of those that the bug names")
    parser.add_argument("--seeds", default="0..500", help="schedules of the simulation that each bug gets")
    parser.add_argument("--patience", type=float, default=900, help="seconds before a test counts as endless")
    parser.add_argument("--target", type=Path, default=ROOT / "target", help="cargo's target folder")
    parser.add_argument("--copy", type=Path, default=ROOT / "target" / "planted", help="where the copy of the tree lies")
    options = parser.parse_args()
    options.copy, options.target = options.copy.resolve(), options.target.resolve()

    bugs, wrong = read_bugs()
    texts, homeless = plant(bugs)
    if options.check or wrong or homeless:
        print("\n".join(wrong + homeless) or f"{len(bugs)} planted bugs have their place")
        return 1 if wrong or homeless else 0
    texts["src/lib.rs"] = (texts.get("src/lib.rs") or (ROOT / "src" / "lib.rs").read_text()) + SWITCH
    texts["Cargo.toml"] = (ROOT / "Cargo.toml").read_text().replace(*FEATURE)
    lay_out(texts, options.copy)

    programs, unnoticed, sound = Programs(options), 0, set()
    bugs = [bug for bug in bugs if re.search(options.only, bug["name"])]
    for bug in bugs:
        began, verdict = time.monotonic(), "NOT CAUGHT"
        for test in [options.by] if options.by else bug["tests"]:
            # With all bugs asleep nothing may turn red.
            if test not in sound and (outcome := run(ASLEEP, test, programs, options)) != "missed":
                sys.exit(f"with all bugs asleep, {test}: {outcome}")
            sound.add(test)
            if (outcome := run(bug["name"], test, programs, options)) != "missed":
                verdict = outcome.replace("caught", test, 1)
                break
        unnoticed += verdict == "NOT CAUGHT"
        print(f"{bug['name']:<66} {time.monotonic() - began:5.0f} s  {verdict}", flush=True)
    print(f"{len(bugs) - unnoticed} of {len(bugs)} planted bugs caught")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
