#!/usr/bin/env python3
"""Kills the real program at every file system call of stage and publish, and fails every one with an error.

A small C library (failing_disk.c), loaded into the program, counts its calls below the lake over all threads and
strikes at the Nth. After each strike three things must hold: readers see the snapshot before or the one after, whole;
`powens-export verify` finds nothing; the same command again ends with the bytes of an undisturbed run and leaves
nothing behind. After an error, besides: exit 0 means published, and a run that fails says so with 74.

    python3 tests/sweep/sweep.py --program target/debug/powens-export             every point
    python3 tests/sweep/sweep.py --program … --points 24 --day                    some, others each day

Needs a C compiler. `--cross-check` compares the calls that were counted with those that strace sees in the kernel.
"""

import argparse
import concurrent.futures
import dataclasses
import datetime
import errno
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ERRORS = [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EDQUOT]
SCENES = ["cold", "ready"]
KINDS = ["kill", "torn", "short", "error"]
PUBLISHED, DISK = 0, 74
RUN_ID = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


class Failure(Exception):
    """Something that must hold does not."""


def must(holds, what):
    if not holds:
        raise Failure(what)


@dataclasses.dataclass
class Strike:
    """What the library is told to do, and which calls count."""

    at: int
    do: str
    calls: str = "change"
    below: tuple = ("",)

    def environment(self, lake, library, report):
        return {
            "LD_PRELOAD": str(library),
            "SWEEP_ROOT": ":".join(f"{lake}/{part}".rstrip("/") for part in self.below),
            "SWEEP_CALLS": self.calls,
            "SWEEP_AT": str(self.at),
            "SWEEP_DO": self.do,
            "SWEEP_REPORT": str(report),
        }


class Program:
    """The program, a simulated bank that it exports, and the command that the sweep repeats."""

    def __init__(self, program, work):
        self.program = str(program)
        self.library = work / "failing_disk.so"
        source = HERE / "failing_disk.c"
        compiler = os.environ.get("CC", "cc")
        build = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(self.library), str(source), "-ldl"]
        subprocess.run(build, check=True)
        truth = work / "truth.json"
        command = [self.program, "sandbox", "--users", "3", "--seed", "7", "--truth", str(truth)]
        self.bank = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        settings = itertools.islice(self.bank.stdout, 4)
        self.settings = dict(line.rstrip("\n").split("=", 1) for line in settings)
        self.users = [str(user["id"]) for user in json.loads(truth.read_text())["users"]]

    def close(self):
        self.bank.terminate()
        self.bank.wait()

    def call(self, arguments, more=None, tracer=()):
        environment = {**self.settings, **(more or {}), "PATH": os.environ.get("PATH", "")}
        done = subprocess.run([*tracer, self.program, *arguments], env=environment, capture_output=True, text=True)
        return done.returncode, done.stderr

    def run(self, lake, more=None, users=(), tracer=()):
        """The command: two months, in full, one user at a time."""
        chosen = itertools.chain.from_iterable(("--user", user) for user in users)
        flags = ["--mode", "full", "--from", "2026-10-01", "--concurrency", "1", "--rate", "10000/s", "--quiet"]
        return self.call(["run", "--dest", str(lake), *flags, *chosen], more, tracer)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(lake):
    """Reads what is published as any reader would: LATEST, the manifest, the files. Returns their digests."""
    latest = json.loads((lake / "LATEST").read_text())
    folder = lake / "snapshots" / latest["run_id"]
    must(digest(folder / "manifest.json") == latest["sha256"], "the manifest is not the one that LATEST names")
    manifest = json.loads((folder / "manifest.json").read_text())
    must(manifest["sequence"] == latest["sequence"], "the manifest has another sequence than LATEST")
    named = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    must(found == {*named, "manifest.json"}, f"not the files of the manifest: {found ^ set(named)}")
    for path, sha256 in named.items():
        must(digest(folder / path) == sha256, f"{path} has other bytes than its manifest says")
    # Facts of the run itself are never the same twice.
    return latest["sequence"], {path: sha256 for path, sha256 in named.items() if not path.startswith("state/")}


def left_behind(lake):
    """What a finished run should not leave."""
    work = [str(path.relative_to(lake)) for path in (lake / ".work").rglob("*")]
    beside = [path.name for path in lake.iterdir() if path.name not in {".lock", ".work", "LATEST", "latest", "snapshots"}]
    pointer = json.loads((lake / "LATEST").read_text())["run_id"]
    must(os.readlink(lake / "latest") == f"snapshots/{pointer}", "the link for people points elsewhere")
    for path in [*(lake / "snapshots").rglob("*"), lake / "snapshots"]:
        mode, due = path.lstat().st_mode & 0o7777, 0o750 if path.is_dir() else 0o440
        must(mode == due, f"{path.relative_to(lake)} has mode {mode:o}")
    return work + beside


@dataclasses.dataclass
class Scene:
    """A lake before the command, the bytes that the command publishes, and what is done to it on the way."""

    name: str
    template: pathlib.Path
    after: dict
    sequence: int


class Sweep:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.numbers = itertools.count()

    def copy(self, template):
        place = self.work / f"lake-{next(self.numbers)}"
        # Hard links of a lake stay hard links.
        subprocess.run(["cp", "-a", str(template), str(place)], check=True)
        return place

    def scenes(self):
        """A lake of one night, with nothing staged and with everything staged."""
        cold = self.work / "cold"
        code, said = self.program.run(cold, users=self.program.users[:2])
        must(code == PUBLISHED, f"the first night failed: {said}")
        sequence, before = read(cold)
        undisturbed = self.copy(cold)
        trace = self.work / "trace"
        code, said = self.program.run(undisturbed, self.counting(undisturbed, {"SWEEP_TRACE": str(trace)}))
        must(code == PUBLISHED, f"the undisturbed run failed: {said}")
        _, after = read(undisturbed)
        must(left_behind(undisturbed) == [], "the undisturbed run leaves something")
        must(after != before, "the second night publishes nothing new")

        # Killed where the build begins, a run leaves a stage that has everything.
        begins = re.compile(rf"mkdir .*/\.work/{RUN_ID.pattern}$")
        calls = trace.read_text().splitlines()
        building = next(number for number, call in enumerate(calls, 1) if begins.match(call))
        ready = self.copy(cold)
        self.strike(ready, Strike(building, "kill"))
        must([path.name for path in (ready / ".work").iterdir() if RUN_ID.match(path.name)] == [], "killed too late")
        must(any((ready / ".work" / "stage").glob("run-*")), "nothing was staged")
        return Scene("cold", cold, after, sequence), Scene("ready", ready, after, sequence)

    def counting(self, lake, more=None):
        strike = Strike(0, "kill", "change")
        return {**strike.environment(lake, self.program.library, self.work / "counted"), **(more or {})}

    def strike(self, lake, strike):
        """Runs the command with the strike; returns its exit code and the call that was struck, if one was."""
        report = self.work / f"report-{lake.name}"
        code, said = self.program.run(lake, strike.environment(lake, self.program.library, report))
        what, _, rest = report.read_text().strip().partition(" ") if report.exists() else ("", "", "")
        report.unlink(missing_ok=True)
        return code, said, rest if what == "struck" else None

    def calls(self, scene, strike):
        """The calls that an undisturbed run makes, with RUN for its id."""
        lake, trace = self.copy(scene.template), self.work / "calls"
        trace.unlink(missing_ok=True)
        environment = strike.environment(lake, self.program.library, self.work / "counted")
        code, said = self.program.run(lake, {**environment, "SWEEP_TRACE": str(trace)})
        must(code == PUBLISHED, f"a run that is only counted failed: {said}")
        shutil.rmtree(lake)
        lines = trace.read_text().replace(str(lake), "").splitlines()
        return [RUN_ID.sub("RUN", line) for line in lines]

    def point(self, scene, strike):
        """One strike and what must hold after it. `None` when the run ended before the call."""
        lake = self.copy(scene.template)
        try:
            code, said, struck = self.strike(lake, strike)
            if struck is None:
                must(code == PUBLISHED, f"an undisturbed run ended with {code}: {said}")
                return None
            sequence, seen = read(lake)
            new = sequence == scene.sequence + 1
            must(new or sequence == scene.sequence, f"sequence {sequence}")
            must(not new or seen == scene.after, "what was published is not what an undisturbed run publishes")
            if strike.do in ("short", str(errno.EINTR)):
                must(code == PUBLISHED and new, f"exit {code}: {said}")
            elif strike.do.isdigit():
                must(code in (PUBLISHED, DISK), f"exit {code}: {said}")
                must(code != PUBLISHED or new, f"exit 0 and nothing was published: {said}")
                must(code == PUBLISHED or not new or "did not confirm" in said, f"published, and exit {code}: {said}")
                must(code == PUBLISHED or "error: " in said, f"exit {code} without a word about it: {said}")
            else:
                must(code == -9, f"exit {code} of a killed run")
            found, said = self.program.call(["verify", str(lake), "--quiet"])
            must(found == 0, f"verify ends with {found}: {said}")
            code, said = self.program.run(lake)
            must(code == PUBLISHED, f"the same command again ends with {code}: {said}")
            _, again = read(lake)
            must(again == scene.after, "the same command again ends with other bytes")
            must(left_behind(lake) == [], f"left behind: {left_behind(lake)}")
            return "new" if new else "old"
        except Failure as failure:
            name = errno.errorcode.get(int(strike.do)) if strike.do.isdigit() else strike.do
            raise Failure(f"{scene.name}, call {strike.at}, {name} ({struck}): {failure}") from None
        finally:
            shutil.rmtree(lake, ignore_errors=True)


def some_of(points, wanted, day):
    """All points, or about as many as wanted: every so-manieth, others each day."""
    step = max(1, -(-len(points) // wanted)) if wanted else 1
    return points[day % step :: step]


LOOKS = {"open", "read", "pread64", "lseek64", "stat64", "lstat64", "fstat64", "fstatat64", "statx", "readlink"}
LOOKS |= {"opendir", "fdopendir", "readdir64"}


def telling(calls):
    """Every change; and of the many calls that only look, the first and the last of each kind on each kind of file."""
    first, last, changes = {}, {}, []
    for number, call in enumerate(calls, 1):
        if call.partition(" ")[0] not in LOOKS:
            changes.append(number)
            continue
        kind = re.sub(r"(parquet|csv)/\w+", r"\1/TABLE", re.sub(r"\d+", "N", call))
        first.setdefault(kind, number)
        last[kind] = number
    return sorted({*changes, *first.values(), *last.values()})


def perform(sweep, scene, kind, arguments):
    """One line of the table."""
    started = time.monotonic()
    below = (".work/stage", ".work/tokens") if scene.name == "cold" else ("",)
    calls = {"kill": "change", "torn": "write", "short": "write", "error": "all"}[kind]
    made = sweep.calls(scene, Strike(0, "kill", calls, below))
    numbers = telling(made) if kind == "error" else list(range(1, len(made) + 1))
    numbers = some_of(numbers, arguments.points, arguments.day)
    # A write that is interrupted or does less than asked is no error, and the run is as if nothing had been.
    dos = {"kill": ["kill"], "torn": ["torn"], "short": ["short", str(errno.EINTR)], "error": [str(number) for number in ERRORS]}[kind]

    def strikes(number):
        chosen = dos if arguments.every_error or len(dos) == 1 else [dos[(number + arguments.day) % len(dos)]]
        return [Strike(number, do, calls, below) for do in chosen]

    outcomes, failures = [], []

    def one(strike):
        try:
            return sweep.point(scene, strike)
        except Failure as failure:
            failures.append(str(failure))
            return "failed"

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        wanted = [strike for number in numbers for strike in strikes(number)]
        outcomes = list(pool.map(one, wanted))
    # Threads and so the number of calls differ between runs: on until there is nothing left to strike.
    if kind == "kill" and not arguments.points:
        for number in itertools.count(len(made) + 1):
            outcome = one(Strike(number, "kill", calls, below))
            if outcome is None:
                break
            outcomes.append(outcome)
    count = outcomes.count
    seconds = time.monotonic() - started
    name = f"{kind} {'while staging' if scene.name == 'cold' else 'from a ready stage'}"
    print(
        f"  {name:26} {len(made):5} calls {len(outcomes) - count(None):5} struck {count('old'):5} old {count('new'):5} new"
        f" {len(failures):5} failures {seconds:7.1f} s",
        flush=True,
    )
    return failures


def cross_check(sweep, scene):
    """Whether the library saw every call that strace sees in the kernel; `None` with a printed reason without strace."""
    if not shutil.which("strace") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "strace"]):
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    if not shutil.which("strace") or subprocess.run(["strace", "-f", "true"], capture_output=True).returncode:
        print("  skipped the comparison with the kernel: strace is missing, or tracing is not permitted here")
        return []
    lake, traced = sweep.copy(scene.template), sweep.work / "strace"
    names = (
        "openat,write,writev,pwrite64,copy_file_range,sendfile,splice,fsync,fdatasync,sync_file_range,ftruncate,"
        "truncate,fallocate,mkdir,mkdirat,rmdir,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,"
        "unlinkat,chmod,fchmod,fchmodat,chown,fchown,fchownat,utimensat,flock,mknod,mknodat,setxattr,"
        "creat,open"
    )
    tracer = ["strace", "-f", "-y", "-qq", "-o", str(traced), "-e", f"trace={names}", "-e", "signal=none"]
    # The library counts in the very run that strace follows: threads make the next one differ by a call or two.
    report = sweep.work / "counted"
    counting = Strike(0, "kill").environment(lake, sweep.program.library, report)
    preload = counting.pop("LD_PRELOAD")
    code, said = sweep.program.run(lake, counting, tracer=[*tracer, "-E", f"LD_PRELOAD={preload}"])
    must(code == PUBLISHED, f"the traced run failed: {said}")
    call = re.compile(r"^\d+\s+(\w+)\((.*)")
    seen = 0
    for line in traced.read_text(errors="replace").splitlines():
        match = call.match(line)
        if not match or str(lake) not in match[2]:
            continue
        opens = match[1] in ("open", "openat", "creat")
        seen += not opens or "O_CREAT" in match[2] or "O_TRUNC" in match[2]
    counted = int(report.read_text().split()[1])
    print(f"  {'calls seen in the kernel':26} {seen:5} by strace, {counted} counted here")
    return [] if seen == counted else [f"strace sees {seen} calls, the library counts {counted}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--points", type=int, default=0, help="about so many of each kind; 0: every one")
    parser.add_argument("--day", action="store_const", default=0, const=datetime.date.today().toordinal(),
                        help="which ones depends on the day")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="of strikes; all, if not given")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=SCENES, help="with nothing staged, or everything")
    parser.add_argument("--every-error", action="store_true", help="every error at every point, not one in turn")
    parser.add_argument("--cross-check", action="store_true", help="compare with what strace sees")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    if not shutil.which(os.environ.get("CC", "cc")):
        print("skipped: no C compiler")
        return 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="powens-sweep-") as folder:
        work = pathlib.Path(folder).resolve()
        program = Program(arguments.program.resolve(), work)
        try:
            sweep = Sweep(program, work)
            scenes = dict(zip(SCENES, sweep.scenes()))
            failures = cross_check(sweep, scenes["cold"]) if arguments.cross_check else []
            for scene, kind in itertools.product(arguments.scenes, arguments.kinds):
                failures += perform(sweep, scenes[scene], kind, arguments)
        finally:
            program.close()
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"  {len(failures)} failures in {time.monotonic() - started:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
