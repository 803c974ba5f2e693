"""The options that commands share: RUNNING (how runs are made) and OUTPUT (where results go)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

EXITS = (
    "Exit codes: 0 done, 2 the input cannot be used, 1 a failure of codose itself, 130 interrupted "
    "(Ctrl-C), "
    "143 by SIGTERM."
)
CHECK_EXITS = (
    "Exit codes: 0 the same, 1 not the same (or a failure of codose), 2 the folder cannot be used, "
    "130 interrupted (Ctrl-C), 143 by SIGTERM."
)

Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the runs that an interruption has kept.")
]
ShardOf = Annotated[
    str | None,
    typer.Option(metavar="I/N", help="Make only part I of N of the runs; 'codose merge' joins."),
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Run on a Dask cluster, such as tcp://host:8786."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1, show_default="all processors", help="Number of threads; it changes no result."
    ),
]
Out = Annotated[
    Path | None, typer.Option(show_default="results/...", help="Folder for the results.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace results, and kept runs, in that folder.")
]
Figures = Annotated[str, typer.Option(metavar="png|svg|both|none", help="Format of the figures.")]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")]
Csv = Annotated[bool, typer.Option("--csv", help="Write long tables as CSV, too.")]
Xlsx = Annotated[bool, typer.Option("--xlsx", help="Write an Excel workbook, too (report.xlsx).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no progress and no remarks on stderr.")
]

TimeLimit = Annotated[
    float | None,
    typer.Option(metavar="MINUTES", show_default="none", help="Refuse work that takes longer."),
]
MemoryLimit = Annotated[
    float | None,
    typer.Option(metavar="GB", show_default="this machine's", help="Refuse work that takes more."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Begin long work without asking.")]

RUNNING: Mapping[str, Any] = {
    "resume": Resume, "shard": ShardOf, "cluster": Cluster, "threads": Threads,
    "time_limit": TimeLimit, "memory_limit": MemoryLimit, "yes": Yes,
}  # fmt: skip
OUTPUT: Mapping[str, Any] = {
    "out": Out, "force": Force, "figures": Figures, "no_figures": NoFigures, "csv": Csv,
    "xlsx": Xlsx,
    "as_json": AsJson, "quiet": Quiet,
}  # fmt: skip
DEFAULTS: Mapping[str, Any] = {"figures": "png"}
"""Defaults of options that take a word; all others are off, or not given."""
