"""The answer of a design audit: words, and a result folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from sim import _folder
from sim.results import provenance
from sim.study import dose_audit
from sim.study.design_audit import DESIGNS, Audit, asked_in

LABELS = {
    "before_after": "before and after, as the study was",
    "comparison": "with a comparison region",
    "extra_wave": "with one more wave, before the start",
    "random_pick": "with a random pick among the ready",
    "twice_asked": "with twice the respondents",
}


def of(table: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Rows with these values."""
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def mends(found: Audit) -> pd.DataFrame:
    """Each design over all constructs, worlds and trends: root mean square error as a share of
    that of the design as it was, absolute bias, power, false alarms; best first."""
    rows = []
    base = of(found.table, design="before_after")
    for design in DESIGNS:
        part = of(found.table, design=design)
        ratio = part["rmse"].to_numpy() / base["rmse"].to_numpy()
        rows.append(
            {
                "design": design,
                "rmse_ratio": float(ratio.mean()),
                "bias": float(part["bias"].abs().mean()),
                "power": float(of(part, world="works")["significant"].mean()),
                "false_alarms": float(of(part, world="does nothing")["significant"].mean()),
                "coverage": float(part["coverage"].mean()),
            }
        )
    return pd.DataFrame(rows).sort_values("rmse_ratio", kind="stable").reset_index(drop=True)


def words(found: Audit) -> str:
    """The answer in sentences."""
    text = _slopes(found) if found.study.header.design == "dose_regression" else _changes(found)
    return "\n\n".join([*text, f"{_sentence(found.plausible.source)} What if, not forecast."])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _changes(found: Audit) -> list[str]:
    header, table = found.study.header, found.table
    quiet = header.background_trends[0]
    regions = len(found.study.scenario.region_names)
    base = of(table, design="before_after", trend=quiet)
    parts = [
        f"{regions} regions, {asked_in(found.study)} people asked in each, {header.items} items "
        f"a scale, 1-5; {found.replications:,} replications. Before and after, as the study was:"
    ]
    lines = []
    for construct in header.asks_about:
        works = of(base, construct=construct, world="works").iloc[0]
        nothing = of(base, construct=construct, world="does nothing").iloc[0]
        lines.append(
            f"{construct}: it would report {works['reported']:+.2f} points when TA works (true "
            f"effect {works['true']:+.2f}; 5-95 % of studies {works['low']:+.2f} to "
            f"{works['high']:+.2f}; significant in {works['significant']:.0%}) and "
            f"{nothing['reported']:+.2f} when it does nothing ({nothing['low']:+.2f} to "
            f"{nothing['high']:+.2f}; false alarms {nothing['significant']:.0%})."
        )
    parts.append("\n".join(lines))
    if len(header.background_trends) > 1:
        parts.append(_trend_words(found))
    if len(found.leniency):
        parts.append(_leniency_words(found))
    best = mends(found)
    ranked = [
        f"{LABELS[r['design']]} {r['rmse_ratio']:.2f} (power {r['power']:.0%}, false alarms "
        f"{r['false_alarms']:.0%}, bias {r['bias']:.2f})"
        for _, r in best.iterrows()
    ]
    parts.append(
        "Error of the reported effect, as a share of that of the design as it was, over all "
        f"constructs and worlds: {'; '.join(ranked)}. What mends most: "
        f"{LABELS[best.iloc[0]['design']]}."
    )
    return parts


def _trend_words(found: Audit) -> str:
    trend = max(found.study.header.background_trends, key=abs)
    rows = of(found.table, world="does nothing", trend=trend, construct="knowledge")
    if rows.empty:
        return ""
    base = rows[rows["design"] == "before_after"].iloc[0]
    best = rows.iloc[int(rows["bias"].abs().to_numpy().argmin())]
    return (
        f"In a world where knowledge changes by {trend:+.2f} a year without TA, before and after "
        f"reports {base['reported']:+.2f} points of knowledge for TA that does nothing (false "
        f"alarms {base['significant']:.0%}); least biased there is the design "
        f"{LABELS[str(best['design'])]} ({best['bias']:+.2f})."
    )


def _leniency_words(found: Audit) -> str:
    parts = []
    for construct in found.study.header.asks_about:
        rows = of(found.leniency, construct=construct)
        own, other = rows.iloc[0], rows.iloc[1:]
        for _, row in other.iterrows():
            share = own["change_points"] / row["change_points"]
            parts.append(f"{construct} {share:.0%}")
    level = found.leniency["leniency"].max()
    return (
        f"Leniency pushes answers to the ceiling of the scale: with {level:g} a change reads "
        f"smaller than with {found.leniency['leniency'].min():g}, by construct: {', '.join(parts)} "
        "of it."
    )


def _slopes(found: Audit) -> list[str]:
    table = found.table
    regions = len(found.study.scenario.region_names)
    lines = [
        f"{regions} regions that ask for their own contacts; points of the scale per ten contact "
        f"hours received; {found.replications:,} replications."
    ]
    rows = []
    for _, row in table.iterrows():
        rows.append(
            f"{row['construct']}, {row['design']}, TA {row['world']}: slope {row['reported']:+.3f} "
            f"(5-95 % {row['low']:+.3f} to {row['high']:+.3f}), true {row['true']:+.3f}; "
            f"significant in {row['significant']:.0%}."
        )
    lines.append("\n".join(rows))
    level, change = (of(table, design=design) for design in dose_audit.DESIGNS)
    nothing = of(level, world="does nothing").sort_values("significant", ascending=False).iloc[0]
    after = of(change, world="does nothing", construct=nothing["construct"]).iloc[0]
    works = of(change, world="works", construct=nothing["construct"]).iloc[0]
    lines.append(
        f"Even if TA did nothing, a regression on hours would find a significant slope for "
        f"{nothing['construct']} in {nothing['significant']:.0%} of studies, because those who ask "
        "for more are not like the others (they are readier, more trusting, better led). Of the "
        f"change since the start the slope is {after['reported']:+.3f} then (significant in "
        f"{after['significant']:.0%}); when TA works it is {works['reported']:+.3f} against a true "
        f"{works['true']:+.3f}."
    )
    return lines


def save(
    found: Audit,
    directory: Path,
    *,
    force: bool = False,
    command: str = "",
    draw: Callable[[Audit, Path], object] | None = None,
) -> Path:
    """Write a result folder (manifest kind "audit"): complete, or not at all.

    Raises:
        ResultsError: it may not or cannot be written.
    """

    def write(folder: Path) -> None:
        _folder.write_table(folder, "audit", found.table)
        if len(found.leniency):
            _folder.write_table(folder, "leniency", found.leniency)
            _folder.write_table(folder, "mends", mends(found))
        text = words(found) + "\n"
        (folder / "answer.txt").write_text(text, encoding="utf-8", newline="\n")
        _folder.write_json(
            folder / _folder.MANIFEST,
            {
                "format": _folder.FORMAT,
                "format_version": _folder.FORMAT_VERSION,
                "kind": "audit",
                **provenance(),
                "command": command,
                "answer": words(found),
                "replications": found.replications,
                "plausible": found.plausible.record(),
                "study": found.study.header.model_dump(mode="json"),
                "scenario": found.study.scenario.to_dict(),
                "files": _folder.fingerprints(folder),
            },
        )
        if draw is not None:
            draw(found, folder / "figures")

    return _folder.write_folder(directory, write, force=force)
