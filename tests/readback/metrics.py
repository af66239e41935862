#!/usr/bin/env python3
"""Reads a Prometheus text file with Prometheus' own client and prints its samples as one JSON object.

    python3 tests/readback/metrics.py powens.prom

Besides what the client refuses, a family must say its type and what it is, once, before its samples; a sample must be
there once, and a number.
"""

import json
import math
import sys

from prometheus_client.parser import text_string_to_metric_families


def main():
    text = open(sys.argv[1], encoding="utf-8", newline="").read()
    assert text.endswith("\n") and "\r" not in text, "the last line has no end, or lines end otherwise"
    samples = {}
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(set(names)) == len(names), "a family comes twice"
    for family in families:
        assert family.name.startswith("powens_export_"), family.name
        assert family.type == "gauge" and family.documentation, family.name
        assert text.count(f"# TYPE {family.name} ") == text.count(f"# HELP {family.name} ") == 1, family.name
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in samples, f"{key} comes twice"
            assert math.isfinite(sample.value) and sample.timestamp is None, key
            samples[key.removeprefix("powens_export_")] = sample.value
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == len(samples), "lines that the client did not see"
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()
