"""Observations: what is shipped, what is refused, and a centre's own numbers."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.core import files
from sim.studies import observed
from sim.studies.observed import ObservedError, read_all, read_observed
from sim.studies.targets import targets_of

HEAD = "source: {cite: Somebody 2020, setting: somewhere, grade: B}\nfindings:\n"


def written(tmp_path: Path, *findings: str, name: str = "mine.yaml") -> Path:
    path = tmp_path / name
    path.write_text(HEAD + "".join(f"  - {{{one}}}\n" for one in findings), encoding="utf-8")
    return path


GOOD = "id: X1, what: gain, value: 0.2, unit: 0-1, where: table 2, measures: change of knowledge"


def test_shipped_findings_are_all_there() -> None:
    found = {one.id: one for one in read_all()}
    wanted = {f"T{n}" for n in range(1, 19) if n not in (5, 17)} | {"T17_early", "T17_late"}
    assert wanted <= set(found)
    for one in found.values():
        assert one.grade in "ABC"
        assert len(one.source.cite) > 20, one.id
        low, high = one.finding.bounds()
        if one.finding.use == "scored" and not one.finding.missing:
            assert one.finding.tolerance_is in ("95%", "1 SE", "range"), one.id
            assert math.isfinite(low)
            assert math.isfinite(high)
        if one.finding.use == "shown":
            assert one.finding.why or one.finding.missing, f"{one.id}: say why it is not scored"


def test_the_slots_of_the_source_are_empty() -> None:
    """Its results were not seen; a number there would be a guess."""
    findings = [o.finding for o in read_all() if "yazejian" in o.file]
    slots = [f for f in findings if f.use != "pattern"]
    assert len(slots) >= 6
    assert all(f.value is None and f.missing and f.mark == "empty" for f in slots)


def test_inputs_are_shown_and_never_scored() -> None:
    ids = {target.id for target in targets_of(read_all())}
    assert not ids & {"T1", "T2", "T3", "T6", "T7", "T15", "T16", "T18"}
    assert {"T4", "T8", "T9", "T10", "T11", "T12", "T13", "T14"} <= ids


def test_the_trials_are_the_published_ones() -> None:
    path = files.folder("experiments") / "observed" / "facilitation_trials.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 15
    assert sum(row["practices_per_facilitator"] == "NA" for row in rows) == 2


def test_a_good_file(tmp_path: Path) -> None:
    one = read_observed(written(tmp_path, f"{GOOD}, sd: 0.5, n: 100"))[0]
    low, high = one.finding.bounds()
    assert (low, high) == pytest.approx((0.2 - 0.09921, 0.2 + 0.09921), abs=1e-5)
    assert one.borrowed
    assert one.finding.sds() == pytest.approx((0.05, 0.05), rel=0.02)


@pytest.mark.parametrize("n", [2, 3, 12])
def test_nine_in_ten_means_of_few_people_lie_in_their_bounds(tmp_path: Path, n: int) -> None:
    """Of people drawn from a normal distribution: the 95 % bounds hold the true mean in 95 of 100
    surveys (scipy's interval besides), and 90 % of the error in 90 of 100 or more."""
    rng = np.random.default_rng(n)
    people = rng.normal(0.2, 0.05, (4000, n))
    surveys = list(zip(people.mean(axis=1), people.std(axis=1, ddof=1), strict=True))
    (given,) = read_observed(written(tmp_path, f"{GOOD}, sd: 0.5, n: {n}"))
    assert given.finding.bounds() == pytest.approx(
        stats.t.interval(0.95, n - 1, loc=0.2, scale=0.5 / math.sqrt(n))
    )
    made = [given.finding.model_copy(update={"value": mean, "sd": sd}) for mean, sd in surveys]
    held = np.mean([low <= 0.2 <= high for low, high in (one.bounds() for one in made)])
    assert held == pytest.approx(0.95, abs=0.0104)  # three standard errors
    near = np.mean([abs(one.value - 0.2) <= 1.644854 * one.sds()[0] for one in made])
    assert near >= 0.9 - 0.0143


@pytest.mark.parametrize(
    ("kind", "below", "above", "low", "high"),
    [
        ("95%", 0.1 / 1.959964, 0.3 / 1.959964, 0.1, 0.5),
        # A standard error agrees as far as its 95 % interval goes.
        ("1 SE", 0.1, 0.3, 0.2 - 1.959964 * 0.1, 0.2 + 1.959964 * 0.3),
        # As an even distribution over the range would have it: half a width over root 3.
        ("range", 0.1 / math.sqrt(3), 0.3 / math.sqrt(3), 0.1, 0.5),
    ],
)
def test_the_error_of_a_number_follows_from_what_its_tolerance_is(
    tmp_path: Path, kind: str, below: float, above: float, low: float, high: float
) -> None:
    text = f"{GOOD}, low: 0.1, high: 0.5, tolerance_is: {kind}"
    finding = read_observed(written(tmp_path, text))[0].finding
    assert finding.sds() == pytest.approx((below, above), abs=1e-6)
    assert finding.bounds() == pytest.approx((low, high), abs=1e-6)
    (target,) = targets_of(read_observed(written(tmp_path, text)))
    assert target.log_kernel(np.array([0.2 - below, 0.2, 0.2 + above])) == pytest.approx(
        [-0.5, 0.0, -0.5]
    )


def test_the_facts_behind_the_shipped_tolerances() -> None:
    """Worked out from what the sources print."""
    by_id = {one.id: one.finding for one in read_all()}
    # d .60 of 20 and 20 practices; one unit of d is .158 of the scale of the index.
    error = math.sqrt(1 / 20 + 1 / 20 + 0.60**2 / (2 * 40)) * 0.158
    assert by_id["T8"].sds() == pytest.approx((error, error), abs=0.001)
    # SDs 1.50 and 1.94 on 0-11, 20 practices, no correlation printed.
    error = math.sqrt((1.50**2 + 1.94**2) / 20) / 11
    assert by_id["T9"].sds() == pytest.approx((error, error), abs=0.001)
    ratios = {"T12": (0.21, -0.09, 0.39), "T13": (-0.025, -0.043, 0.005), "T14": (0, -0.03, 0.03)}
    for name, numbers in ratios.items():
        assert (by_id[name].value, by_id[name].low, by_id[name].high) == numbers
        assert by_id[name].tolerance_is == "95%"


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (f"{GOOD}, n: 0, sd: 1", r"mine.yaml:3:\d+: findings\[0\].n: 0 is out of range"),
        (f"{GOOD}, n: 20", "the SD is missing"),
        (f"{GOOD}, sd: 0.1", "the SD is given, n is missing"),
        (f"{GOOD}, sd: 0, n: 20", "the tolerance is zero"),
        (f"{GOOD}, low: 0.2, high: 0.2, tolerance_is: range", "the tolerance is zero"),
        (f"{GOOD}, low: 0.1", "high: is required beside the other bound"),
        (
            f"{GOOD}, low: 0.1, high: 0.3",
            r"mine.yaml:.*findings\[0\].tolerance_is: is required.*allowed: 95%, 1 SE, range",
        ),
        (
            f"{GOOD}, low: 0.1, high: 0.3, tolerance_is: 2 SE",
            "'2 SE' is not a kind of tolerance; allowed: 95%, 1 SE, range; did you mean '1 SE'",
        ),
        (f"{GOOD}, sd: 0.1, n: 9, tolerance_is: 1 SE", "these are left out: sd and n say"),
        (
            f"{GOOD}, low: 0.3, high: 0.4, tolerance_is: 95%",
            r"0.2 lies outside its own tolerance 0.3..0.4",
        ),
        (f"{GOOD}, low: 0.4, high: 0.1, tolerance_is: 95%", "low 0.4 is above high 0.1"),
        (GOOD.replace("knowledge", "knowlege"), "did you mean 'knowledge'"),
        (GOOD.replace("change of knowledge", "trust at end_ta"), "did you mean 'end_of_ta'"),
        (GOOD.replace("change of knowledge", "trust a region-month"), "is not a total"),
        (GOOD.replace("change of knowledge", "the weather"), "is not a measure"),
        (
            GOOD.replace("change of knowledge", "change of survey of trust from 52 to 26"),
            r"findings\[0\].measures: 26 does not come after 52; allowed: a change from a week",
        ),
        (
            GOOD.replace(
                "change of knowledge", "change of test of knowledge from end_of_ta to start"
            ),
            "start does not come after end_of_ta",
        ),
        (
            GOOD.replace("change of knowledge", "survey of trust at start"),
            r"mine.yaml:3:\d+: findings\[0\].value: 0.2 is outside the scale .*allowed: 1\.\.5",
        ),
        (f"{GOOD}, sd: 0.2, n: 1", r"\.n: one person has no SD.*allowed: 2 or more"),
        (f"{GOOD}, use: pattern", "a pattern needs low, high or both"),
        (f"{GOOD}, use: scoredd", "did you mean 'scored'"),
    ],
)
def test_mistakes_name_their_place(tmp_path: Path, finding: str, message: str) -> None:
    with pytest.raises(ObservedError, match=message):
        read_observed(written(tmp_path, finding))


def test_one_id_in_two_files(tmp_path: Path) -> None:
    bounds = "low: 0, high: 1, tolerance_is: range"
    a = written(tmp_path, f"{GOOD}, {bounds}")
    b = written(tmp_path, f"{GOOD}, {bounds}", name="other.yaml")
    with pytest.raises(ObservedError, match=r"'X1' is also in .*mine.yaml"):
        read_all([a, b])
    with pytest.raises(ObservedError, match="given twice"):
        read_observed(written(tmp_path, f"{GOOD}, {bounds}", f"{GOOD}, {bounds}"))


def test_contradictions_name_the_pair(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"{GOOD}, low: 0.1, high: 0.25, tolerance_is: range",
        f"{GOOD}, low: 0.3, high: 0.4, tolerance_is: 95%".replace("X1", "X2").replace(
            "0.2,", "0.35,"
        ),
    )
    with pytest.raises(ObservedError, match=r"X1 \(0.1..0.25\) and X2 \(0.3..0.4\) contradict"):
        targets_of(read_observed(path))


def test_unknown_ids_get_a_suggestion() -> None:
    with pytest.raises(ObservedError, match=r"'T17_erly'.*did you mean 'T17_early'"):
        observed.chosen(read_all(), ["T17_erly"])
