#!/usr/bin/env python3
"""Asks each file below examples/deploy/ what its own format's judge thinks of it: `make check-deploy`.

Besides: every exit code of the README has a place in each file that sorts them, and the alerts and the dashboard name metrics that
the program writes. A judge that is not installed is named and passed over.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "examples" / "deploy"
PUBLISHED, AGAIN = {0, 3}, {69, 74, 75}

failures = []


def report(name, problems):
    print(f"{'FAILED ' if problems else 'ok     '} {name}")
    for problem in problems:
        print(f"        {problem}")
    failures.extend(problems)


def judge(name, *command, cwd=DEPLOY, complains_by_printing=False):
    """Runs a judge; its first word may be installed beside this Python."""
    tool = shutil.which(command[0]) or shutil.which(command[0], path=str(Path(sys.executable).parent))
    if tool is None:
        print(f"skipped {name}: {command[0]} is not installed")
        return
    done = subprocess.run([tool, *command[1:]], cwd=cwd, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip()
    bad = done.returncode != 0 or (complains_by_printing and said)
    report(name, [said or f"exit code {done.returncode}"] if bad else [])


def text(path):
    return (DEPLOY / path).read_text(encoding="utf-8")


def numbers(words):
    return {int(word) for word in re.findall(r"\d+", words)}


def exit_codes():
    """The codes that the README promises."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("\n## Exit codes\n")[1].split("\n## ")[0]
    return {code for row in re.findall(r"^\| ([\d, ]+) \|", table, re.M) for code in numbers(row)}


def cron():
    problems = []
    for number, line in enumerate(text("cron/powens-export").splitlines(), 1):
        if not line or line.startswith("#") or re.match(r"^[A-Z]+=", line):
            continue
        found = re.match(r"^(?:[\d*,/-]+ +){5}([a-z-]+) +(.+)$", line)
        if not found:
            problems.append(f"line {number}: not five fields, a user and a command")
        elif "%" in found.group(2):
            problems.append(f"line {number}: cron turns % into a line break")
        elif subprocess.run(["sh", "-n", "-c", found.group(2)]).returncode != 0:
            problems.append(f"line {number}: not a command of sh")
    report("cron: lines and their commands", problems)


def systemd():
    """The program is not installed where this runs: another one that exists stands in for it."""
    with tempfile.TemporaryDirectory() as folder:
        for unit in ("powens-export.service", "powens-export.timer"):
            units = text(f"systemd/{unit}").replace("/usr/local/bin/powens-export", "/bin/true")
            Path(folder, unit).write_text(units, encoding="utf-8")
        judge("systemd: service and timer", "systemd-analyze", "verify", "./powens-export.timer", "./powens-export.service",
              cwd=folder, complains_by_printing=True)
        judge("systemd: exposure at most 1.5 of 10", "systemd-analyze", "security", "--offline=yes", "--threshold=15",
              "./powens-export.service", cwd=folder)


def sorted_exit_codes(codes):
    """Each file that sorts exit codes sorts all of them, and as the README means them."""
    unit = text("systemd/powens-export.service")
    fine = numbers(re.search(r"^SuccessExitStatus=(.*)$", unit, re.M).group(1)) | {0}
    never = numbers(re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.M).group(1))
    report("systemd: every exit code", differences(codes, {0, 3, 143}, fine, codes - fine - never))

    rules = re.findall(r"action: (\w+)\s+onExitCodes:.*?values: \[([\d, ]+)\]", text("kubernetes/cronjob.yaml"), re.S)
    rules = {action: numbers(values) for action, values in rules}
    unsorted = codes - rules["FailJob"] - rules["Count"] - {0}
    problems = [f"no rule for exit code {code}" for code in sorted(unsorted)]
    problems += [f"exit code {code} is not tried again" for code in sorted(AGAIN - rules["Count"])]
    report("kubernetes: every exit code", problems)

    dag = {}
    for node in ast.parse(text("airflow/powens_export.py")).body:
        if isinstance(node, ast.Assign):
            names = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
            dag.update({name.id: node.value for name in names if isinstance(name, ast.Name)})
    again = set(ast.literal_eval(dag["AGAIN"]))
    look = set(ast.literal_eval(dag["SOMEBODY_MUST_LOOK"]))
    problems = [f"no place for exit code {code}" for code in sorted(codes - again - look - PUBLISHED)]
    problems += [f"exit code {code} is not tried again" for code in sorted(AGAIN - again)]
    report("airflow: every exit code", problems)

    alert = text("prometheus/powens-export.rules.yml").split("PowensExportNeedsSomebody")[1].split("labels:")[0]
    silent = numbers(" ".join(re.findall(r"!= (\d+)", alert)))
    wanted = PUBLISHED | AGAIN | {130, 143}
    report("prometheus: every exit code", [f"exit codes {silent ^ wanted} are on the wrong side"] if silent != wanted else [])


def differences(codes, wanted_fine, fine, again):
    problems = [f"exit code {code} counts as success" for code in sorted(fine - wanted_fine)]
    problems += [f"exit code {code} counts as failure" for code in sorted(wanted_fine - fine)]
    problems += [f"exit code {code} is not tried again" for code in sorted((AGAIN & codes) - again)]
    problems += [f"exit code {code} is tried again" for code in sorted(again - AGAIN)]
    return problems


def metrics():
    """The names that the dashboard and the alerts use are written by the program."""
    source = (ROOT / "src" / "cli" / "metrics.rs").read_text(encoding="utf-8")
    written = set(re.findall(r"page\.gauge(?:_of)?\(\s*\"(\w+)\"", source))
    for path in ("prometheus/powens-export.rules.yml", "grafana/powens-export.json"):
        used = set(re.findall(r"powens_export_(\w+)", text(path)))
        problems = [f"powens_export_{name} is written by nobody" for name in sorted(used - written)]
        report(f"metrics of {path}", problems or ([] if used else ["none is used"]))


def grafana():
    board = json.loads(text("grafana/powens-export.json"))
    ids = [panel["id"] for panel in board["panels"]]
    problems = [] if len(ids) == len(set(ids)) else ["two panels have one id"]
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            problems.append(f"panel {panel['id']} leaves the grid")
        if not panel["description"] or not panel["targets"]:
            problems.append(f"panel {panel['id']} lacks a description or a query")
    report("grafana: the dashboard", problems)


def main():
    codes = exit_codes()
    if not codes >= PUBLISHED | AGAIN:
        print(f"the README's table of exit codes was not understood: {sorted(codes)}", file=sys.stderr)
        return 1
    cron()
    systemd()
    sorted_exit_codes(codes)
    metrics()
    grafana()
    judge("docker: hadolint", "hadolint", "docker/Dockerfile")
    judge("kubernetes: the schemas", "kubernetes-validate", "--strict", "--quiet", "kubernetes/cronjob.yaml")
    compile(text("airflow/powens_export.py"), "powens_export.py", "exec")
    report("airflow: compiles", [])
    judge("prometheus: rules", "promtool", "check", "rules", "prometheus/powens-export.rules.yml")
    judge("prometheus: tests of the rules", "promtool", "test", "rules", "prometheus/powens-export.rules.test.yml")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
