"""log_findings: findings from the totals of a centre's contact log.

Findings from surveys are made by :mod:`sim.studies.survey_import`.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from sim.core.errors import InputError
from sim.core.units import count, months_of
from sim.scenario.checking import ISO_DATE, iso_date
from sim.scenario.contact_log import MAX_WEEKS, parse_log
from sim.scenario.loading import read_text
from sim.stats.intervals import wilson
from sim.studies.observed import ObservedError

LOG = ("region", "mode", "hours")
"""Columns by which a contact log is recognised."""


def log_findings(path: Path, *, first_date: str | None = None) -> list[dict[str, Any]]:
    """Findings from the totals of a log in codose's own form (:mod:`sim.scenario.contact_log`).

    The dosage is shown beside the model; the shares of due contacts that either side cancelled are
    scored.

    Raises:
        ObservedError: the log has mistakes; each is named with its line.
    """
    text = read_text(path, error=ObservedError)
    day = iso_date(first_date) if first_date else None
    if first_date and day is None:
        raise InputError(f"{first_date!r} is not a date", "--first-date", allowed=ISO_DATE)
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
    where = (
        f"{path.name}: {count(len(rows), 'row')}, {count(len(regions), 'region')}, "
        f"{count(weeks, 'week')}"
    )
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
    counted = {
        "cancelled_by_region": ("contacts_failed_by_region per contacts_planned",
                                sum(r.status in ("region_cancelled", "cancelled") for r in rows)),
        "cancelled_by_provider": ("contacts_failed_by_provider per contacts_planned",
                                  sum(r.status == "provider_cancelled" for r in rows)),
    }  # fmt: skip
    shares = [(name, phrase, lost, len(rows)) for name, (phrase, lost) in counted.items()]
    known = [row for row in held if row.present is not None and row.invited is not None]
    if known:
        came, asked = (sum(getattr(r, n) for r in known) for n in ("present", "invited"))
        shares.append(("attendance", "attendance", came, asked))
    return [*found, *(_share(*share, weeks, where) for share in shares)]


def _share(name: str, phrase: str, part: int, whole: int, week: int, where: str) -> dict[str, Any]:
    """The finding of a counted share, with its interval."""
    low, high = wilson(part / whole, whole, 0.95)
    return {
        "id": f"own_{name}",
        "what": f"{name.replace('_', ' ')}: {part} of {whole}",
        "value": round(part / whole, 6),
        "unit": "share",
        "n": whole,
        "low": round(low, 6),
        "high": round(high, 6),
        "tolerance_is": "95%",
        "where": where,
        "measures": f"{phrase} at {week}",
        "use": "scored",
    }
