"""A centre's own numbers as a file of observations: its contact log, or its survey.

Two forms of survey are read: a summary (``item, wave, mean, sd, n``) and raw answers (``item, wave,
answer``, a row an answer, perhaps with a column that names the person). ``item`` is best called
after what it asks about (trust, accountability, knowledge, integration); ``wave`` is a week of the
scenario, or start, end_of_ta, year_after, horizon. The result counts as grade A: the same setting.
"""

from __future__ import annotations

import csv
import io
import statistics
from pathlib import Path
from typing import Any

import yaml

from sim.core.errors import InputError, Problem, did_you_mean
from sim.core.units import months_of
from sim.runs.instruments import CONSTRUCTS
from sim.scenario.contact_log import parse_log
from sim.scenario.loading import read_text
from sim.studies.observed import ObservedError
from sim.studies.spec import WEEK_WORDS

SCALE = (1.0, 5.0)
SUMMARY = ("item", "wave", "mean", "sd", "n")
RAW = ("item", "wave", "answer")
LOG = ("region", "mode", "hours")


def imported(path: Path, *, cite: str = "", first_date: str | None = None) -> dict[str, Any]:
    """The content of a file of observations, from a CSV file.

    Raises:
        ObservedError: the columns are of no known form, an answer lies outside the scale, n is 0,
            an SD is missing; with the line.
    """
    text = read_text(path, error=ObservedError)
    reader = csv.DictReader(io.StringIO(text))
    columns = [name.strip() for name in reader.fieldnames or ()]
    rows = list(reader)
    if not rows:
        raise _error(path, 0, "holds no rows")
    if set(SUMMARY) <= set(columns):
        findings = _summary(path, rows)
    elif set(RAW) <= set(columns):
        findings = _raw(path, rows)
    elif set(LOG) <= set(columns):
        findings = _log(path, text, first_date)
    else:
        forms = (SUMMARY, RAW, (*LOG, "week or date"))
        lacks = min((set(form[:3]) - set(columns) for form in forms), key=len)
        name = sorted(lacks)[0]
        raise _error(
            path, 1, f"lacks the column {name!r}", "; ".join(", ".join(form) for form in forms),
            did_you_mean(name, columns),
        )  # fmt: skip
    return {
        "source": {
            "cite": cite or f"own data: {path.name}",
            "setting": "the user's own centre",
            "grade": "A",
        },
        "findings": findings,
    }


def to_yaml(content: dict[str, Any]) -> str:
    """The text of the file."""
    head = (
        "# Written by 'codose observed import'. Survey means pin how leniently people answer, not\n"
        "# what they feel (use: instrument). Check 'measures' and 'use' before calibrating.\n"
    )
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _error(
    path: Path, line: int, message: str, allowed: str = "", suggestion: str = "", field: str = ""
) -> ObservedError:
    return ObservedError(
        Problem(
            message, field=field, file=str(path), line=line, allowed=allowed, suggestion=suggestion
        )
    )


def _number(
    path: Path, line: int, row: dict[str, str], name: str, low: float, high: float
) -> float:
    text = (row.get(name) or "").strip()
    if not text:
        raise _error(path, line, "is missing", f"a number {low:g}..{high:g}", field=name)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        word = "is outside the scale" if (low, high) == SCALE else "is out of range"
        raise _error(path, line, f"{text!r} {word}", f"{low:g}..{high:g}", field=name)
    return value


def _place(path: Path, line: int, row: dict[str, str]) -> tuple[str, str]:
    """Item and wave of a row."""
    item, wave = (row.get("item") or "").strip(), (row.get("wave") or "").strip()
    if not item:
        raise _error(path, line, "is missing", "the name of an item", field="item")
    if not wave.isdigit() and wave not in WEEK_WORDS:
        raise _error(
            path, line, f"{wave!r} is not a week", f"a whole number, {', '.join(WEEK_WORDS)}",
            did_you_mean(wave, WEEK_WORDS), "wave",
        )  # fmt: skip
    return item, wave


def _summary(path: Path, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    found = []
    for line, row in enumerate(rows, 2):
        item, wave = _place(path, line, row)
        n = _number(path, line, row, "n", 1, 1e9)
        if n != int(n):
            raise _error(path, line, f"{n:g} is not a whole number", "1 or more", field="n")
        mean = _number(path, line, row, "mean", *SCALE)
        sd = _number(path, line, row, "sd", 0, SCALE[1] - SCALE[0])
        found.append(_survey_finding(path, line, item, wave, mean, sd, int(n)))
    return _unique(path, found)


def _raw(path: Path, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    answers: dict[tuple[str, str], list[float]] = {}
    lines: dict[tuple[str, str], int] = {}
    for line, row in enumerate(rows, 2):
        place = _place(path, line, row)
        lines.setdefault(place, line)
        answers.setdefault(place, []).append(_number(path, line, row, "answer", *SCALE))
    found = []
    for (item, wave), given in answers.items():
        line = lines[(item, wave)]
        if len(given) < 2:
            raise _error(path, line, f"{item}, {wave}: one answer has no SD", "2 answers or more")
        found.append(
            _survey_finding(
                path, line, item, wave, statistics.fmean(given), statistics.stdev(given), len(given)
            )
        )
    return found


def _survey_finding(
    path: Path, line: int, item: str, wave: str, mean: float, sd: float, n: int
) -> dict[str, Any]:
    construct = item if item in CONSTRUCTS else None
    if sd == 0.0:
        raise _error(
            path, line, f"{item}, {wave}: everybody answered the same, the SD is zero",
            "give low and high by hand in the written file", field="sd",
        )  # fmt: skip
    return {
        "id": f"own_{item}_{wave}".replace(" ", "_"),
        "what": f"survey item {item!r}, wave {wave}",
        "value": round(mean, 6),
        "unit": "1-5",
        "sd": round(sd, 6),
        "n": n,
        "where": f"{path.name}, line {line}",
        "measures": f"survey of {construct} at {wave}" if construct else "not modelled",
        "use": "instrument" if construct else "shown",
        "why": "A survey mean pins the leniency of answers, not the state behind it."
        if construct
        else "The item is called after none of " + ", ".join(CONSTRUCTS) + "; change 'measures'.",
    }


def _unique(path: Path, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: set[str] = set()
    for one in found:
        if one["id"] in seen:
            line = int(str(one["where"]).rpartition(" ")[2])
            raise _error(path, line, f"{one['what']} is given twice")
        seen.add(one["id"])
    return found


def _log(path: Path, text: str, first_date: str | None) -> list[dict[str, Any]]:
    from sim.scenario.checking import ISO_DATE, iso_date
    from sim.scenario.contact_log import MAX_WEEKS

    day = iso_date(first_date) if first_date else None
    if first_date and day is None:
        raise InputError(Problem(f"{first_date!r} is not a date", "--first-date", allowed=ISO_DATE))
    try:
        rows = parse_log(
            text, str(path), horizon_weeks=MAX_WEEKS, region_names=None, first_date=day
        )
    except InputError as error:
        raise ObservedError(error.problems) from None
    held = [row for row in rows if row.status == "held"]
    regions = {row.region for row in rows}
    weeks = max(row.week for row in rows)
    months = len(regions) * months_of(weeks)
    each = months_of(weeks)
    counts = [sum(r.region == name for r in held) / each for name in sorted(regions)]
    spread = statistics.stdev(counts) if len(counts) > 1 else None
    where = f"{path.name}: {len(rows)} rows, {len(regions)} regions, {weeks} weeks"
    found: list[dict[str, Any]] = [
        {
            "id": "own_contacts",
            "what": "contacts held of a region and month",
            "value": round(len(held) / months, 6),
            "unit": "1/region-month",
            **({"sd": round(spread, 6)} if spread is not None else {}),
            "n": len(regions),
            "where": where,
            "measures": "contacts_held a region-month",
            "use": "shown",
            "why": "The dosage of a scenario sets it; run the log itself with contact_log.",
        },
        {
            "id": "own_hours",
            "what": "contact hours of a region and month",
            "value": round(sum(row.hours for row in held) / months, 6),
            "unit": "h/region-month",
            "n": len(regions),
            "where": where,
            "measures": "contact_hours a region-month",
            "use": "shown",
            "why": "As for contacts.",
        },
    ]
    total = sum(row.hours for row in held)
    if total > 0:
        remote = sum(row.hours for row in held if row.mode != "onsite")
        found.append(
            {
                "id": "own_remote",
                "what": "share of contact hours that is not on site",
                "value": round(remote / total, 6),
                "unit": "share",
                "where": where,
                "measures": "planned remote share",
                "use": "shown",
                "why": "As for contacts.",
            }
        )
    return found
