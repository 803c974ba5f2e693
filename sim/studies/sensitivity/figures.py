"""figures: index bars, Morris planes, convergence, pairs, weeks and responses of a study."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.present.figures import Figure
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.studies.sensitivity.methods import Method
from sim.studies.sensitivity.reading import Reading
from sim.studies.sensitivity.spec import Spec
from sim.studies.spec import Study, when

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

Key = tuple[str, str]
"""An outcome and the label of its week."""


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """Every figure for which the study has numbers."""
    reading = Reading(study, tables)
    if reading.indices.empty:
        return []
    keys: list[Key] = list(
        reading.indices[["outcome", "week"]].drop_duplicates().itertuples(index=False, name=None)
    )
    by_week = len({week for _, week in keys}) > 2
    last = list({outcome: (outcome, week) for outcome, week in keys}.values()) if by_week else keys
    made = []
    for method in reading.methods:
        mine = [key for key in last if len(reading.main(method, *key))]
        made += _of_method(reading, method, mine) if mine else []
        if by_week and study.function is None:
            made += _over_time(reading, method, [outcome for outcome, _ in mine])
    return [*made, *_responses(reading, last)]


def _of_method(reading: Reading, method: Method, keys: Sequence[Key]) -> Iterator[Figure]:
    """The bars of a method, and its figures for each outcome."""
    from sim.studies.sensitivity import drawings

    yield _figure(
        f"{method.name}-bars", f"{method.title}: what drives each outcome",
        "Bars: corrected for chance, with 95 % intervals.",
        f"The main index of every factor by {method.title}: {_leaders(reading, method, keys)}",
        drawings.index_bars, reading, method.name, keys,
    )  # fmt: skip
    for outcome, week in keys:
        stem, what = _stem(outcome, week), when(outcome, week)
        alt = f"{method.title} of {what}: {_leaders(reading, method, [(outcome, week)])}"
        if method.name == "morris" and not reading.study.header.groups:
            yield _figure(
                f"morris-plane-{stem}", f"Morris screening of {what}",
                "How much a factor does, and how much that depends on the others.", alt,
                drawings.morris_plane, reading, outcome, week,
            )  # fmt: skip
        if _sizes(reading, method, outcome, week) > 1:
            yield _figure(
                f"{method.name}-convergence-{stem}",
                f"{method.title} of {what}, as the sample grows",
                "All sizes are parts of the same runs; bands are 95 % intervals.", alt,
                drawings.convergence, reading, method.name, outcome, week,
            )  # fmt: skip
        if method.name == "sobol" and reading.study.header.second_order:
            yield _figure(
                f"sobol-pairs-{stem}", f"Pairs that act together on {what}",
                "Numbers stand where the 95 % interval of the pair leaves out 0.", alt,
                drawings.second_order, reading, outcome, week,
            )  # fmt: skip


def _over_time(reading: Reading, method: Method, outcomes: Sequence[str]) -> Iterator[Figure]:
    from sim.studies.sensitivity import drawings

    for outcome in outcomes:
        what = in_words(outcome)
        yield _figure(
            f"{method.name}-over-time-{_stem(outcome)}", f"What carries {what}, week by week",
            "The main index of the leading factors; bands are 95 % intervals.",
            f"{method.title} of {what} by week, of the leading factors",
            drawings.over_time, reading, method.name, outcome,
        )  # fmt: skip


def _responses(reading: Reading, keys: Sequence[Key]) -> Iterator[Figure]:
    from sim.studies.sensitivity import drawings

    known = reading.frame("responses")
    for outcome, week in keys:
        if len(known) and ((known["outcome"] == outcome) & (known["week"] == week)).any():
            yield _figure(
                f"responses-{_stem(outcome, week)}", f"Response of {when(outcome, week)}",
                "Mean of the outcome along each factor; bands are 95 % intervals.",
                f"Mean of {when(outcome, week)} along the range of each factor",
                drawings.responses, reading, outcome, week,
            )  # fmt: skip


def _figure(
    name: str, title: str, caption: str, alt: str, draw: Callable[..., Drawn], *arguments: Any
) -> Figure:
    return Figure(name, title, caption, alt, partial(draw, *arguments))


def _stem(outcome: str, week: str = "") -> str:
    """An outcome and week as a part of a file name."""
    return f"{outcome.replace(' ', '_')}-{week}".rstrip("-")


def _leaders(reading: Reading, method: Method, keys: Sequence[Key]) -> str:
    """The largest factor of each outcome, with its index."""
    texts = []
    for outcome, week in keys:
        first = reading.main(method, outcome, week).iloc[0]
        texts.append(f"{in_words(first['factor'])} {first['value']:.2f} for {when(outcome, week)}")
    return "; ".join(texts)


def _sizes(reading: Reading, method: Method, outcome: str, week: str) -> int:
    """The number of sample sizes at which the indices of a method were estimated."""
    rows = reading.frame("convergence")
    rows = rows[(rows.method == method.name) & (rows.outcome == outcome) & (rows.week == week)]
    return rows["samples"].nunique()
