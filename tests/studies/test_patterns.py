"""Patterns: the language of statements, and shares of sets without what chance adds."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.core import files
from sim.core.cells import harmless
from sim.core.errors import InputError
from sim.model.week import simulate
from sim.runs.instruments import observe, survey
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.components import shrunk
from sim.stats.expected import CHANCE_RULES
from sim.studies.ask import ask
from sim.studies.kind import StudyKind
from sim.studies.measures import parse_measure
from sim.studies.patterns.analysis import (
    FAILS,
    HOLDS,
    NOT_KNOWN,
    UNCLEAR,
    Counted,
    Judged,
    _left_out,
    design,
)
from sim.studies.patterns.statements import Quantity, parse_statement
from sim.studies.result import Result
from sim.studies.spec import StudyError
from tests.cases import TINY, written
from tests.study_case import summaries

PATTERN = {"text": "of a test", "source": "our own reading", "earned": True, "why": "a test"}


def asked(*statements: str, **fields: Any) -> Result:
    """A pattern a statement, in the classroom."""
    patterns = [{**PATTERN, "id": f"P{n}", "statement": text} for n, text in enumerate(statements)]
    return ask(
        StudyKind.of("patterns").make(**{**TINY["patterns"], "patterns": patterns, **fields})
    )


def value(text: str, **known: float) -> np.ndarray:
    """Margins of a statement of one comparison; trust, routines ... stand for 'trust at 52'."""
    (one,) = parse_statement(text, "here")

    def values(asked: Quantity) -> np.ndarray:
        return np.array([known[asked.measure.outcome]])

    return one.margin(values)


# --- the language --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "margin"),
    [
        ("trust at 52 > 0.25", 0.25),
        ("trust at 52 < 0.25", -0.25),
        ("0.75 >= trust at 52", 0.25),
        ("trust at 52 > routines at 52 + 0.125", 0.125),
        ("trust at 52 - 2 * routines at 52 <= 1", 1.0),
        ("trust at 52 / routines at 52 >= 3 / 2", 0.5),
        ("1 - trust at 52 / 2 * 3 > -1", 1.25),
    ],
)
def test_a_statement_says_by_how_much_it_holds(text: str, margin: float) -> None:
    """Products go before sums, from left to right; trust is .5 and routines .25."""
    assert value(text, trust=0.5, routines=0.25).tolist() == [margin]


def test_what_is_divided_by_nothing_does_not_hold() -> None:
    (one,) = parse_statement("trust at 52 / routines at 52 > 0", "here")
    margin = value(str(one), trust=0.5, routines=0.0)
    assert np.isnan(margin).all()
    assert not one.holds(margin).any()


def test_a_chain_is_all_of_its_parts() -> None:
    found = parse_statement("0.2 <= trust at 52 < routines at 52", "here")
    assert [str(one) for one in found] == ["0.2 <= trust at 52", "trust at 52 < routines at 52"]


def test_a_measure_that_is_never_known_holds_nowhere() -> None:
    """Nothing has been kept at the start, so that the ratio has no value in any run."""
    found = asked("trust at 52 / commitments_kept at start > 0")
    row = found.table("patterns").iloc[0]
    assert (row["share"], row["seen"], row["verdict"]) == (0.0, 0, "does not hold")
    assert found.table("comparisons")["margin"].isna().all()


def test_an_order_goes_from_case_to_case() -> None:
    found = parse_statement("effect on trust at 52 falls over a, b, c", "here")
    measure = parse_measure("effect on trust at 52")
    assert [[q.case for q in one.quantities] for one in found] == [["a", "b"], ["b", "c"]]
    assert {q.measure for one in found for q in one.quantities} == {measure}
    assert [one.relation for one in found] == [">", ">"]


def test_only_what_is_equal_tells_the_relations_apart() -> None:
    margins = np.array([-1.0, 0.0, 1.0, np.nan])
    at_least, more = (parse_statement(f"trust at 52 {sign} 0", "here")[0] for sign in (">=", ">"))
    assert at_least.holds(margins).tolist() == [False, True, True, False]
    assert more.holds(margins).tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trust at 52", "does not compare anything"),
        ("1 < 2", "compares numbers only"),
        ("trust at 52 > tursts at 52", "did you mean 'trust'"),
        ("trust at 52 > inf", "not a finite number"),
        ("planned taper < 1", "not computed from runs"),
        ("trust at 52 rises over a", "not an order of cases"),
        ("trust at 52 rises over a, a", "not an order of cases"),
        ("trust at 52 in a rises over a, b", "after 'over'"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_statement(text, "here")


FILE = """\
kind: patterns
scenario: classroom
cases:
  calls: {levers: {co_creation: 0}}
patterns:
  - id: one
    text: what is known
    source: our own reading
    earned: true
    why: nobody wrote it
    statement: trust at 52 > 0
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trust at 52 > 0", "trust at 52 in cals > 0", r":11:.*'cals' is not a case.*'calls'"),
        ("trust at 52 > 0", "trust at 5200 > 0", r":11:.*past the horizon"),
        ("trust at 52 > 0", "survey of trust at 5200 > 0", r":11:.*past the horizon"),
        ("trust at 52 > 0", "[trust at 52 > 0, trust > 0]", r":11:.*'trust' is not a measure"),
        ("trust at 52 > 0", "[]", r"is not a statement"),
        ("co_creation: 0", "co_creatoin: 0", r":4:.*did you mean 'co_creation'"),
        ("co_creation: 0", "co_creation: 7", r":4:.*out of range"),
        ("{levers", "{scenario: sorce, levers", r":4:.*'sorce' is not a case"),
        ("calls:", "classroom:", r"is the name of a scenario already"),
        ("calls:", "two words:", r"cannot stand in a statement"),
        ("why: nobody", "because: nobody", r"why|because"),
        ("earned: true", "earned: perhaps", r":9:"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_told_with_its_line(old: str, new: str, message: str) -> None:
    assert old in FILE
    with pytest.raises(StudyError, match=message):
        written(FILE.replace(old, new))


def test_an_id_is_used_once() -> None:
    with pytest.raises(StudyError, match="'one' is used twice"):
        written(FILE + FILE.partition("patterns:\n")[2].replace("what is", "what else is"))


# --- statistics ----------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.5])
def test_the_share_is_that_of_the_truth_whatever_chance_adds(noise: float) -> None:
    """Margins are N(.5, 1) over the sets: they are above 0 in Phi(.5) of them, 69 %."""
    rng = np.random.default_rng(7)
    truth = rng.normal(0.5, 1.0, 20_000)
    seen = truth + rng.normal(0.0, noise, truth.shape)
    share = (shrunk(seen, noise**2) > 0).mean()
    error = np.sqrt(0.25 / len(truth)) * np.sqrt(1 + noise**2)
    assert abs(share - NormalDist().cdf(0.5)) < 4 * error
    if noise > 1:
        assert (seen > 0).mean() < NormalDist().cdf(0.5) - 0.05, "as counted, it is another"


def test_where_all_is_chance_all_sets_are_alike() -> None:
    seen = np.random.default_rng(1).normal(0.2, 1.0, 50)
    calm = shrunk(seen, 25.0)
    assert calm == pytest.approx(np.full(50, seen.mean()))


TRIALS = 300
DESIGNS = [(100, 8), (50, 4), (20, 2)]


def verdicts(
    sets: int, replicates: int, *, middle: float, between: float, parts: int = 1
) -> np.ndarray:
    """Verdicts of studies whose margins are N(middle, between^2) over sets, and run to run N(., 1).

    Args:
        parts: comparisons of the pattern, each with margins of its own.
    """
    rng = np.random.default_rng([sets, replicates, parts])
    (above,) = parse_statement("trust at 52 > 0", "here")
    found = []
    for _ in range(TRIALS):
        truth = middle + between * rng.normal(size=(parts, sets, 1))
        runs = truth + rng.normal(size=(parts, sets, replicates))
        means, errors = runs.mean(axis=2), runs.std(axis=2, ddof=1) / np.sqrt(replicates)
        counted = np.full(sets, replicates)
        judged = [
            Judged(above, mean, error, counted) for mean, error in zip(means, errors, strict=True)
        ]
        found.append(Counted.of(judged).verdict)
    return np.array(found)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(("sets", "replicates"), DESIGNS)
def test_what_is_chance_alone_is_not_told(sets: int, replicates: int, parts: int) -> None:
    """Margins are 0 in every set. A study may take a comparison for told as often as the law of the
    F ratio has the estimated share of chance at .8 or below, as bands over sets do."""
    found = verdicts(sets, replicates, middle=0.0, between=0.0, parts=parts)
    line = 1 + replicates * (1 - CHANCE_RULES) / CHANCE_RULES
    taken = 1 - (1 - stats.f.sf(line, sets - 1, sets * (replicates - 1))) ** parts
    error = 3.5 * np.sqrt(taken * (1 - taken) / TRIALS) + 1 / TRIALS
    assert (found != NOT_KNOWN).mean() < taken + error
    assert not (found == HOLDS).any()


@pytest.mark.parametrize(("sets", "replicates"), DESIGNS[:2])
@pytest.mark.parametrize(("middle", "verdict"), [(3.0, HOLDS), (-3.0, FAILS)])
def test_alike_sets_far_from_the_line_are_told(
    sets: int, replicates: int, middle: float, verdict: str
) -> None:
    """Chance rules where sets are alike, but it cannot bring so much to the other side."""
    assert set(verdicts(sets, replicates, middle=middle, between=0.0)) == {verdict}


@pytest.mark.parametrize("share", [0.6, 0.8, 0.95])
def test_verdicts_are_seldom_wrong(share: float) -> None:
    """Chance is half of a run's variance; the true share is known, 80 % is the line. At the line a
    verdict to one side comes in 5 %, and in somewhat more as chance is estimated."""
    found = verdicts(100, 8, middle=NormalDist().inv_cdf(share), between=1.0)
    assert NOT_KNOWN not in found
    wrong = (found == HOLDS) if share < 0.8 else (found == FAILS)
    assert wrong.mean() < 0.1
    assert share == 0.8 or (found == (HOLDS if share > 0.8 else FAILS)).mean() > 0.8


@pytest.mark.parametrize("parts", [(-3.0, 0.0), (0.0, -3.0)])
def test_a_part_that_fails_fails_the_pattern_though_chance_rules(
    parts: tuple[float, float],
) -> None:
    rng = np.random.default_rng(4)
    (above,) = parse_statement("trust at 52 > 0", "here")
    judged = [
        Judged(above, rng.normal(middle, 0.3, 100), np.full(100, 0.3), np.full(100, 8))
        for middle in parts
    ]
    assert all(one.ruled for one in judged)
    assert Counted.of(judged).verdict == FAILS


def test_the_defaults_are_not_clear_within_their_error() -> None:
    """Against the mean of the runs: .0001 to either side of it is within error, 1 is not."""
    scenario = Scenario.shipped("classroom")
    made = summaries(scenario, [scenario.parameter_set()], 3, 1, [52]).of("trust")[0]
    error = made.std(ddof=1) / np.sqrt(3)
    assert error > 0.0001
    found = asked(
        *(f"trust at 52 > {made.mean() + off:.6f}" for off in (-0.3, -0.0001, 0.0001, 0.3))
    )
    rows = found.table("patterns")["at_defaults"].tolist()
    assert rows == ["holds", "not clear", "not clear", "does not hold"]


def test_a_mean_of_which_no_error_is_known_is_not_refuted() -> None:
    """One set, and two sets of which one run each is left, all of them equal: the margin is above 0
    and nobody knows how uncertain it is. A margin that is never known holds nowhere."""
    (above,) = parse_statement("trust at 52 > 0", "here")
    one = Judged(above, np.array([0.2]), np.array([0.01]), np.array([8]))
    equal = Judged(above, np.array([0.2, 0.2]), np.full(2, np.nan), np.ones(2))
    never = Judged(above, np.full(2, np.nan), np.full(2, np.nan), np.ones(2))
    found = [Counted.of_mean([judged]).verdict for judged in (one, equal, never)]
    assert found == [UNCLEAR, UNCLEAR, FAILS]


def test_a_replicate_is_left_out_by_hand() -> None:
    """Of the mean of all and of each mean without one, NaN and lost runs left aside."""
    rng = np.random.default_rng(3)
    values = rng.random((3, 4, 2, 1))
    values[0, 1, 0, 0] = np.nan
    lost = np.zeros((3, 4), dtype=bool)
    lost[2, 3] = True
    found = _left_out(values, lost).reshape(5, 3, 2, 1)
    kept = np.where(lost[:, :, None, None], np.nan, values)
    assert found[0] == pytest.approx(np.nanmean(kept, axis=1))
    for one in range(4):
        rest = np.arange(4) != one
        assert found[1 + one] == pytest.approx(np.nanmean(kept[:, rest], axis=1))


def test_margins_and_errors_are_those_of_paired_runs() -> None:
    """Against the runs themselves: both cases take the same replicates of each set."""
    found = asked("trust at 52 > trust at 52 in calls", replicates=5)
    scenario = Scenario.shipped("classroom")
    calls = with_levers(scenario, {"co_creation": 0})
    gaps = []
    for place, one in enumerate(found.study.sets(scenario)):
        pair = [
            summaries(each, [one], 5, 1, [52], first=5 * place).of("trust")[0]
            for each in (scenario, calls)
        ]
        gaps.append(pair[0] - pair[1])
    gap = np.array(gaps)
    row = found.table("comparisons").iloc[0]
    assert row["margin"] == pytest.approx(gap.mean())
    errors = gap.std(axis=1, ddof=1) / np.sqrt(5)
    assert row["error"] == pytest.approx(np.sqrt((errors**2).mean()))
    seen = found.table("patterns").iloc[0]["seen"]
    assert seen == (gap.mean(axis=1) > 0).sum()


def test_what_is_true_by_definition_holds_and_its_opposite_does_not() -> None:
    found = asked(
        "trust at 52 - trust at 52 >= 0", "trust at 52 - trust at 52 > 0",
        "0 <= trust at 52 - trust at 52 <= 1",
    ).table("patterns")  # fmt: skip
    assert found["share"].tolist() == [1.0, 0.0, 1.0]
    assert found["at_defaults"].tolist() == ["holds", "does not hold", "holds"]
    assert found["verdict"].tolist() == ["too few sets", "does not hold", "too few sets"]


def test_the_mean_over_sets_is_asked_by_its_interval() -> None:
    rows = [
        {**PATTERN, "id": name, "statement": text, "across": "mean"}
        for name, text in (("yes", "trust at 52 > 0"), ("no", "trust at 52 > 1"))
    ]
    found = asked(patterns=rows)
    frame = found.table("patterns")
    assert frame["verdict"].tolist() == ["holds", "does not hold"]
    assert frame["share"].isna().all()
    assert "1 hold" in found.answer.verdict
    assert found.answer.lines[0] == "This pattern does not hold: of a test (no, in the mean)."


def test_a_survey_is_that_of_the_instrument() -> None:
    found = asked("survey of trust at 52 > 3", sets=2, replicates=3)
    scenario = Scenario.shipped("classroom")
    read = [
        survey(
            observe(scenario, one, seed=1, replicates=3, weeks=[52], first_replicate=3 * place),
            one, "trust", wave=0,
        ).described().mean.mean()
        for place, one in enumerate(found.study.sets(scenario))
    ]  # fmt: skip
    assert found.table("comparisons").iloc[0]["left_mean"] == pytest.approx(np.mean(read))


def test_cases_that_differ_in_dosage_alone_share_the_run_without() -> None:
    study = StudyKind.of("patterns").make(**TINY["patterns"])
    arms = [job.scenario for job in design(study).jobs]
    assert len(arms) == 2 * 3, "classroom, calls and one without assistance; sets and defaults"
    assert len({one.digest() for one in arms}) == 3


def test_a_run_that_fails_in_one_case_is_left_out_in_all() -> None:
    def engine(scenario: Scenario, parameters: Any, seed: int, replicate: int) -> Any:
        if replicate == 1 and scenario.dosage and scenario.dosage[0].co_creation == 0:
            raise ValueError("not today")
        return simulate(scenario, parameters, seed, replicate)

    rows = [{**PATTERN, "id": "one", "statement": "trust at 52 > trust at 52 in calls"}]
    fields = {**TINY["patterns"], "patterns": rows, "sets": 2, "default_replicates": 2}
    found = ask(StudyKind.of("patterns").make(**fields), engine=engine)
    assert found.failed == 2, "one of the sets' runs, one of the defaults'"
    scenario = Scenario.shipped("classroom")
    calls = with_levers(scenario, {"co_creation": 0})
    first, second = found.study.sets(scenario)
    gap = [
        summaries(scenario, [one], count, 1, [52], first=start).of("trust").mean()
        - summaries(calls, [one], count, 1, [52], first=start).of("trust").mean()
        for one, start, count in ((first, 0, 1), (second, 2, 2))
    ]
    assert found.table("comparisons").iloc[0]["margin"] == pytest.approx(np.mean(gap))


# --- what is shipped -----------------------------------------------------------------------------


def test_the_shipped_result_is_of_the_shipped_study() -> None:
    """Every pattern as it is asked; whoever changes one makes the result again."""
    study = StudyKind.of("patterns").read("patterns")
    kept = pd.read_csv(files.folder("experiments") / "results" / "patterns.csv")
    assert kept["id"].tolist() == [one.id for one in study.header.patterns]
    assert kept["text"].tolist() == [one.text for one in study.header.patterns]
    told = ["; ".join(p.statement) for p in study.header.patterns]
    assert kept["statement"].tolist() == [harmless(text) for text in told]
    assert (kept["sets"] == study.header.sets).all()


def test_every_stylised_fact_is_looked_for() -> None:
    """5, 6, 7, 9, 10, 11 and 14 of the list of facts; S, C and M are our own."""
    study = StudyKind.of("patterns").read("patterns")
    facts = {one.id.split("_")[0] for one in study.header.patterns}
    assert facts == {"F5", "F6", "F7", "F9", "F10", "F11", "F14", "S", "C", "M"}


def test_the_shipped_patterns_fit_in_a_terminal() -> None:
    study = StudyKind.of("patterns").read("patterns")
    assert max(len(one.text) for one in study.header.patterns) <= 65
