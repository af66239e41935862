#!/usr/bin/env python3
"""Checks what the project depends on, from `cargo metadata` alone:

- every licence is one that deny.toml allows;
- every package comes from the public registry;
- nothing that deny.toml bans is there, and what it wants once is there once;
- every direct dependency stands under a comment that says why;
- the Rust version that Cargo.toml promises is one that every dependency builds with, and is the one in use or older.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def quoted_list(text, key):
    """The strings of `key = [...]` in a TOML text: enough of TOML for deny.toml, and Python 3.8 has no reader of it."""
    found = re.search(r"^%s\s*=\s*\[(.*?)^\]" % re.escape(key), text, re.S | re.M)
    return re.findall(r'"([^"]+)"', found.group(1)) if found else []


def allowed(expression, allow):
    """Whether an SPDX expression can be fulfilled with the allowed licences: OR picks, AND needs all."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def either():
        nonlocal position
        result = both()
        while position < len(tokens) and tokens[position] == "OR":
            position += 1
            result = both() or result
        return result

    def both():
        nonlocal position
        result = one()
        while position < len(tokens) and tokens[position] == "AND":
            position += 1
            result = one() and result
        return result

    def one():
        nonlocal position
        token = tokens[position]
        position += 1
        if token == "(":
            result = either()
            position += 1
            return result
        if position < len(tokens) and tokens[position] == "WITH":
            token = "%s WITH %s" % (token, tokens[position + 1])
            position += 2
        return token in allow

    return either() and position == len(tokens)


def version(text):
    return tuple(int(part) for part in text.split(".")[:2])


def toolchain():
    """The version of the compiler in use."""
    said = subprocess.run(["rustc", "--version"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode()
    return re.search(r"\d+\.\d+", said).group(0)


def rust_version(packages):
    """What is wrong with the Rust version that we promise."""
    [ours] = [package["rust_version"] for package in packages if package["source"] is None]
    if not ours:
        return ["Cargo.toml promises no rust-version"]
    problems = [
        f"{package['name']} {package['version']} needs Rust {package['rust_version']}, Cargo.toml promises {ours}"
        for package in packages
        if package.get("rust_version") and version(package["rust_version"]) > version(ours)
    ]
    if version(toolchain()) < version(ours):
        problems.append(f"Cargo.toml promises Rust {ours}, and this is {toolchain()}: it is not tested here")
    return problems


def uncommented(manifest):
    """Direct dependencies without a comment above them or above their group."""
    missing, section, reason = [], "", False
    for line in manifest.splitlines():
        text = line.strip()
        if text.startswith("["):
            section, reason = text, False
        elif text.startswith("#"):
            reason = True
        elif not text:
            reason = False
        elif section.strip("[]") in ("dependencies", "dev-dependencies", "build-dependencies") and "=" in text:
            if re.match(r"^[A-Za-z0-9_-]+\s*=", text) and not reason:
                missing.append(text.split("=")[0].strip())
    return missing


def main():
    deny = (ROOT / "deny.toml").read_text(encoding="utf-8")
    allow = set(quoted_list(deny, "allow"))
    banned = set(re.findall(r'{ name = "([^"]+)" }', deny))
    once = re.findall(r'{ name = "([^"]+)", deny-multiple-versions = true }', deny)
    packages = metadata()["packages"]
    problems, versions = rust_version(packages), defaultdict(set)
    if not (allow and banned and once):
        problems.append("deny.toml was not understood")
    for package in packages:
        name, version = package["name"], package["version"]
        if package["source"] is None:
            continue
        versions[name].add(version)
        if package["source"] != REGISTRY:
            problems.append(f"{name} {version} comes from {package['source']}, not from the public registry")
        licence = package.get("license")
        if not licence:
            problems.append(f"{name} {version} names no licence")
        elif not allowed(licence, allow):
            problems.append(f"{name} {version} has the licence {licence}, which deny.toml does not allow")
        if name in banned:
            problems.append(f"{name} {version} is banned by deny.toml")
    for name in once:
        if len(versions[name]) > 1:
            problems.append(f"{name} is there in several versions: {', '.join(sorted(versions[name]))}")
    for name in uncommented((ROOT / "Cargo.toml").read_text(encoding="utf-8")):
        problems.append(f"Cargo.toml gives no reason (a comment) for {name}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    print(f"{len(packages)} packages: licences, sources, versions and reasons are in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
