"""``make bench``: measure, print the table, write it into README.md, watch the ratio to C.

Exits with 1 when the engine has lost more than 40 % of its recorded speed relative to C: a loop
that the compiler no longer vectorises gives no other sign.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import between

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
RECORDED = HERE / "recorded.json"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
LEAST = 0.6
"""The share of the recorded speed relative to C below which `make bench` fails."""


def table(blocks: dict[str, list], about: str) -> str:
    """The measured lines as Markdown."""
    words = {True: "met", False: "**missed**", None: ""}
    rows = [about, ""]
    for title, lines in blocks.items():
        rows += [f"**{title}**", "", "| what | measured | target | |", "|---|---|---|---|"]
        rows += [f"| {x.what} | {x.value} | {x.target} | {words[x.met]} |" for x in lines]
        rows.append("")
    return "\n".join(rows)


def lost(ratios: dict[str, float], recorded: dict[str, float]) -> list[str]:
    """The comparisons in which the engine's speed relative to C fell below the allowed share."""
    return [
        f"{name}: {ratio} of C's time, recorded {recorded[name]}"
        for name, ratio in ratios.items()
        if name in recorded and recorded[name] / ratio < LEAST
    ]


def record_for(processor: str, records: list[dict[str, Any]]) -> tuple[dict[str, float], str]:
    """The recorded ratios to compare with, and a remark.

    What the compilers make of a loop differs between processors: those of this one count. Without,
    the largest of all do.
    """
    for one in records:
        if one["processor"] == processor:
            return one["engine_over_c"], ""
    names = {name for one in records for name in one["engine_over_c"]}
    largest = {
        name: max(one["engine_over_c"].get(name, 0.0) for one in records) for name in sorted(names)
    }
    return largest, (
        f"no record of this processor ({processor}): compared with the largest ratio of any other; "
        "make bench RECORD=--record makes one"
    )


def with_record(
    records: list[dict[str, Any]], processor: str, machine: str, ratios: dict[str, float]
) -> list[dict[str, Any]]:
    """The records with new ratios of a processor; those that were not measured stay."""
    before = [one["engine_over_c"] for one in records if one["processor"] == processor]
    others = [one for one in records if one["processor"] != processor]
    merged = {**(before[0] if before else {}), **ratios}
    return [*others, {"processor": processor, "machine": machine, "engine_over_c": merged}]


def main() -> int:
    """Measure what is asked for."""
    import measures

    ratios: dict[str, float] = {}
    parts = {
        "The compiled engine against the Mesa engine, one thread": measures.against_mesa,
        "All weeks of a run against a plain C loop": lambda: measures.against_c(ratios),
        "Many runs": measures.batches,
        "Common random numbers": measures.common_numbers,
        "From small to large": measures.sizes,
        "Memory": measures.memory,
        "Waiting": measures.cold_start,
    }
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--only", help="parts whose title contains this; the files stay as they are")
    ask.add_argument("--record", action="store_true", help="take the ratios to C as the new record")
    asked = ask.parse_args()
    blocks = {}
    busy = os.getloadavg()[0]
    begun = time.perf_counter()
    for title, part in parts.items():
        if asked.only and asked.only.lower() not in title.lower():
            continue
        sys.stderr.write(f"{title} ...\n")
        blocks[title] = part()
    load = f"{busy:.1f} when it began, {os.getloadavg()[0]:.1f} when it ended"
    about = (
        f"{measures.machine()}. {datetime.date.today()}, in {time.perf_counter() - begun:.0f} s; "
        f"load average of the machine {load} (one thread of this benchmark is 1)."
    )
    text = table(blocks, about)
    sys.stdout.write(text + "\n")
    if not asked.only:
        between.put(README, BEGIN, END, text)
    records = json.loads(RECORDED.read_text(encoding="utf-8"))
    if asked.record and ratios:
        records = with_record(records, measures.processor(), measures.machine(), ratios)
        RECORDED.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    recorded, remark = record_for(measures.processor(), records)
    if remark and ratios:
        sys.stderr.write(f"{remark}\n")
    slower = lost(ratios, recorded)
    for line in slower:
        sys.stderr.write(f"slower than {LEAST:.0%} of the recorded speed: {line}\n")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
