"""``make bench``: measure, print the table, write it into README.md."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def table(blocks: dict[str, list], about: str) -> str:
    """The measured lines as Markdown."""
    words = {True: "met", False: "**missed**", None: ""}
    rows = [about, ""]
    for title, lines in blocks.items():
        rows += [f"**{title}**", "", "| what | measured | target | |", "|---|---|---|---|"]
        rows += [f"| {x.what} | {x.value} | {x.target} | {words[x.met]} |" for x in lines]
        rows.append("")
    return "\n".join(rows)


def put(page: Path, text: str) -> None:
    """Replace what stands between the two markers of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{text.strip()}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure what is asked for."""
    import measures

    parts = {
        "The compiled engine against the Mesa engine, one thread": measures.against_mesa,
        "Many runs": measures.batches,
        "Common random numbers": measures.common_numbers,
        "From small to large": measures.sizes,
        "Memory": measures.memory,
        "Waiting": measures.cold_start,
    }
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--only", help="parts whose title contains this; the files stay as they are")
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
        put(README, text)


if __name__ == "__main__":
    main()
