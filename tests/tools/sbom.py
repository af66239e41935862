#!/usr/bin/env python3
"""The bill of materials of the program: CycloneDX 1.6 JSON on stdout, from `cargo metadata` and Cargo.lock alone.

What the binary is built from: normal and build dependencies of the default features, on every platform; not what only its tests
use. The same lock file gives the same bytes: no serial number, no date, no name of this machine.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "powens-export"


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def checksums():
    """sha256 of each package, by name and version: `cargo metadata` leaves them out."""
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    pattern = r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = [^\n]+\nchecksum = "([0-9a-f]{64})"'
    return {(name, version): digest for name, version, digest in re.findall(pattern, lock)}


def needed(resolve, root):
    """Ids of what is linked in or runs at build time, and what each of them needs."""
    nodes = {node["id"]: node for node in resolve["nodes"]}
    edges, left = {}, [root]
    while left:
        package = left.pop()
        if package in edges:
            continue
        edges[package] = sorted(
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
        )
        left.extend(edges[package])
    return edges


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, digests, kind="library"):
    found = {"type": kind, "bom-ref": purl(package), "name": package["name"], "version": package["version"]}
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    digest = digests.get((package["name"], package["version"]))
    if digest:
        found["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if package["license"]:
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["source"]:
        found["purl"] = purl(package)
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def bill(data):
    packages = {package["id"]: package for package in data["packages"]}
    root = data["resolve"]["root"]
    edges = needed(data["resolve"], root)
    digests = checksums()
    others = sorted((packages[id] for id in edges if id != root), key=purl)
    missing = [purl(package) for package in others if (package["name"], package["version"]) not in digests]
    if missing:
        sys.exit(f"Cargo.lock has no checksum of {', '.join(missing)}")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(packages[root], digests, "application")},
        "components": [component(package, digests) for package in others],
        "dependencies": [
            {"ref": purl(packages[id]), "dependsOn": sorted(purl(packages[other]) for other in edges[id])}
            for id in sorted(edges, key=lambda id: purl(packages[id]))
        ],
    }


if __name__ == "__main__":
    json.dump(bill(metadata()), sys.stdout, indent=1, ensure_ascii=False)
    print()
