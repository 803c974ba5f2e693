"""log_findings: findings from the totals of a centre's contact log.

Findings from surveys are made by :mod:`sim.studies.survey_import`.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
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
    regions = sorted({row.region for row in rows})
    weeks = max(row.week for row in rows)
    months = months_of(weeks)
    counts = [sum(row.region == name for row in held) / months for name in regions]
    spread = {"sd": round(statistics.stdev(counts), 6)} if len(counts) > 1 else {}
    hours = sum(row.hours for row in held)
    where = (
        f"{path.name}: {count(len(rows), 'row')}, {count(len(regions), 'region')}, "
        f"{count(weeks, 'week')}"
    )

    def finding(
        name: str, what: str, value: float, unit: str, about: Mapping[str, Any], measures: str,
        why: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """The finding of a total: shown with a reason, or else scored."""
        use = {"use": "shown", "why": why} if why else {"use": "scored"}
        return {
            "id": f"own_{name}", "what": what, "value": round(value, 6), "unit": unit, **about,
            "where": where, "measures": measures, **use,
        }  # fmt: skip

    def share(name: str, measures: str, part: int, whole: int) -> dict[str, Any]:
        """The finding of a counted share, with its interval."""
        low, high = wilson(part / whole, whole, 0.95)
        interval = {"low": round(low, 6), "high": round(high, 6), "tolerance_is": "95%"}
        what = f"{name.replace('_', ' ')}: {part} of {whole}"
        about = {"n": whole, **interval}
        return finding(name, what, part / whole, "share", about, f"{measures} at {weeks}")

    each, n = len(regions) * months, {"n": len(regions)}
    found = [
        finding(
            "contacts", "contacts held of a region and month", len(held) / each, "1/region-month",
            {**spread, **n}, "contacts_held a region-month",
            "The dosage of a scenario sets it; run the log itself with contact_log.",
        ),
        finding(
            "hours", "contact hours of a region and month", hours / each, "h/region-month", n,
            "contact_hours a region-month", "As for contacts.",
        ),
    ]  # fmt: skip
    if hours > 0:
        remote = sum(row.hours for row in held if row.mode != "onsite") / hours
        found.append(
            finding(
                "remote", "share of contact hours that is not on site", remote, "share", {},
                "planned remote share", "As for contacts.",
            )
        )  # fmt: skip
    for who, statuses in (
        ("region", ("region_cancelled", "cancelled")), ("provider", ("provider_cancelled",))
    ):  # fmt: skip
        lost = sum(row.status in statuses for row in rows)
        measures = f"contacts_failed_by_{who} per contacts_planned"
        found.append(share(f"cancelled_by_{who}", measures, lost, len(rows)))
    known = [
        (r.present, r.invited) for r in held if r.present is not None and r.invited is not None
    ]
    if known:
        came, asked = map(sum, zip(*known, strict=True))
        found.append(share("attendance", "attendance", came, asked))
    return found
