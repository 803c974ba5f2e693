"""Design audits: estimators against closed forms, worlds where the answer is known, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.model.dosage import planned_contacts
from sim.runs.execute import execute
from sim.runs.people import SeenRuns
from sim.studies.ask import ask
from sim.studies.audit import analysis, dose
from sim.studies.audit.analysis import Cell, summary_row
from sim.studies.audit.spec import DESIGNS, Spec
from sim.studies.audit.words import of
from sim.studies.kind import StudyKind
from sim.studies.result import Result
from sim.studies.spec import Study


def study(**changes: Any) -> Study[Spec]:
    fields = {
        "scenario": "source", "asks_about": ["knowledge"], "background_trends": [0], "sets": 3,
        "replicates": 6,
    }  # fmt: skip
    return StudyKind.of("audit").make(**{**fields, **changes})


def audit(**changes: Any) -> Result:
    return ask(study(**changes))


@pytest.mark.parametrize(("few", "many"), [(2, 3), (5, 5), (5, 18), (18, 18)])
def test_groups_are_compared_as_welch_does(few: int, many: int) -> None:
    """Against SciPy's test, whose null distribution keeps the false alarms at 5 % (here within
    four standard errors where groups are not tiny)."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(few + many)
    a, b = rng.normal(0, 1, (4000, few)), rng.normal(0, 2, (4000, many))
    one, other = (
        Cell(x.mean(axis=1), error2, error2**2 / (x.shape[1] - 1))
        for x in (a, b)
        for error2 in [x.var(axis=1, ddof=1) / x.shape[1]]
    )
    gap = one - other
    alarms = np.abs(gap.mean) > gap.half
    assert (alarms == (ttest_ind(a, b, axis=1, equal_var=False).pvalue < 0.05)).all()
    assert few < 5 or alarms.mean() == pytest.approx(0.05, abs=0.014)


def test_a_row_is_what_the_textbook_says() -> None:
    """Normal estimates with a known bias: power, coverage, error."""
    from scipy.stats import norm

    rng = np.random.default_rng(1)
    truth = np.full(200_000, 0.3)
    estimate = truth + 0.1 + 0.2 * rng.normal(size=200_000)
    row = summary_row(estimate, np.full(200_000, 1.96 * 0.2), truth)
    assert row["bias"] == pytest.approx(0.1, abs=0.003)
    assert row["rmse"] == pytest.approx(np.hypot(0.1, 0.2), abs=0.003)
    power = norm.sf(1.96 - 2.0) + norm.cdf(-1.96 - 2.0)
    assert row["significant"] == pytest.approx(power, abs=0.005)
    cover = norm.cdf(1.96 - 0.5) - norm.cdf(-1.96 - 0.5)
    assert row["coverage"] == pytest.approx(cover, abs=0.005)


def test_a_row_without_any_estimate_says_so() -> None:
    row = summary_row(np.full(3, np.nan), np.full(3, np.nan), np.zeros(3))
    assert row.pop("empty") == 1.0
    assert all(math.isnan(value) for value in row.values())


def test_an_audit_of_one_answer_a_region_has_no_best_design() -> None:
    """One answer has no standard error, so a comparison with one region is never estimated."""
    found = audit(asked=1, sets=2, replicates=2)
    lone = of(found.table("audit"), design="comparison")
    assert (lone["empty"] == 1.0).all()
    assert lone["bias"].isna().all()
    remedies = found.table("remedies").set_index("design")
    assert not remedies.loc["comparison", "leads"]


@pytest.mark.parametrize("regions", [4, 6, 12])
def test_a_slope_of_nothing_is_significant_as_often_as_it_says(regions: int) -> None:
    """Of 4,000 regressions on hours without effect, 5 % are significant, however few regions."""
    rng = np.random.default_rng(3)
    x, y = rng.random((2, 4000, regions))
    slope, error = dose.slopes(x, y)
    half = dose.half_widths(y, error)
    found = summary_row(slope, half, np.zeros(4000))["significant"]
    assert found == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))


def test_the_error_of_a_bias_counts_sets_not_replications() -> None:
    """Eight replications of each of 20 sets that share the set's own error: the bias is as
    uncertain as the mean of 20 numbers, and not as that of 160."""
    rng = np.random.default_rng(4)
    own = rng.normal(0.0, 1.0, 20)
    parts = [(np.full(8, one), np.ones(8), np.zeros(8)) for one in own]
    units = [np.full(8, number) for number in range(20)]
    assert analysis._bias_se(parts, units) == pytest.approx(own.std(ddof=1) / math.sqrt(20))


def test_slopes_are_those_of_least_squares() -> None:
    from scipy.stats import linregress

    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(5, 12)), rng.normal(size=(5, 12))
    slope, error = dose.slopes(x, y)
    for i in range(5):
        found = linregress(x[i], y[i])
        assert slope[i] == pytest.approx(found.slope)
        assert error[i] == pytest.approx(found.stderr)
    y[0, :9] = np.nan
    assert np.isnan(dose.slopes(x, y)[0][0])


def test_where_ta_does_nothing_the_truth_is_nothing() -> None:
    found = audit()
    table = found.table("audit")
    assert (of(table, world="does nothing")["true"] == 0.0).all()
    works = of(table, world="works", design="before_after").iloc[0]
    assert works["true"] > 0.1
    assert "What if, not forecast" in found.answer.text
    assert "repeated 18 times" in found.answer.text
    assert found.tables["audit"].rests_on == (126, 126), "seven arms of 18 runs"


def test_more_respondents_are_less_noise() -> None:
    table = audit(sets=6, replicates=20, asked=4).table("remedies").set_index("design")
    assert table.loc["twice_asked", "rmse_ratio"] < 0.9  # 1/sqrt(2) without non-response


def test_the_error_of_a_ratio_is_that_of_the_delta_method() -> None:
    """Of n independent normal errors, log(RMSE) has the variance 1 / 2n; two such are divided."""
    rng, n = np.random.default_rng(7), 500
    sizes = dict(zip(DESIGNS, (1.0, 0.5, 1.5, 1.0, 0.7), strict=True))
    errors = {
        ("works", 0.0, "trust", name, unit): np.array([(size * rng.normal()) ** 2, 1.0])
        for name, size in sizes.items()
        for unit in range(n)
    }
    whole, without = analysis.ratios(errors)
    assert whole == pytest.approx(list(sizes.values()), rel=0.15)
    se = analysis.jackknifed(without)
    assert se[1:] == pytest.approx(whole[1:] / math.sqrt(n), rel=0.15)
    assert se[0] == 0.0
    assert np.isnan(analysis.jackknifed(without[:1])).all()


def test_no_design_is_named_best_that_is_not_known_to_be() -> None:
    few = audit(sets=2, replicates=1)
    assert few.answer.text.startswith("Which design errs least is not known from 2 replications")
    assert few.table("remedies")["leads"].sum() > 1
    many = audit(sets=8, replicates=20, asked=4)
    first, *others = many.table("remedies").to_dict("records")
    assert first["leads"]
    assert not any(row["leads"] for row in others if row["rmse_ratio"] > first["rmse_ratio"] + 0.3)
    assert f"(SE {first['se']:.2f}" in many.answer.text


def test_a_trend_is_taken_for_an_effect_by_before_and_after_alone() -> None:
    """Knowledge rises by .1 a year without TA: before-after reports it, a comparison does not."""
    table = audit(background_trends=[0.1], sets=2, replicates=20).table("audit")
    rows = of(table, world="does nothing").set_index("design")
    assert rows.loc["before_after", "bias"] > 0.2
    assert abs(rows.loc["random_pick", "bias"]) < rows.loc["before_after", "bias"] / 2


def test_those_who_ask_for_more_are_not_like_the_others() -> None:
    """Where regions choose their dose, a slope is found even if TA does nothing."""
    found = audit(design="dose_regression", scenario="on_demand", sets=2, replicates=20)
    assert list(found.tables) == ["audit"]
    rows = of(found.table("audit"), world="does nothing")
    assert (rows["true"] == 0.0).all()
    assert rows["significant"].max() > 0.05
    assert "Even if TA did nothing" in found.answer.verdict


def test_arms_share_people_and_keep_apart() -> None:
    """The treated regions are the same with and without TA; a comparison region is another one;
    the pick draws as many as are treated."""
    one = study(replicates=20)
    found = execute(analysis.design(one), None, analysis.COLLECT)
    _, _, _, seen = next(analysis.replicated(one, found))
    np.testing.assert_array_equal(seen["ta"].entities, seen["none"].entities)
    np.testing.assert_array_equal(
        seen["ta"].people["trust"][:, 0], seen["none"].people["trust"][:, 0]
    )
    rest = analysis.not_in(seen["more"], seen["ta"])
    assert (rest.sum(axis=1) == 12).all(), "one more region of twelve"
    drawn = analysis.drawn(seen["pool ta"], 3)
    assert (drawn.sum(axis=1) == 36).all()
    assert 0.2 < drawn[:, :12].mean() < 0.8, "every region has a chance"


def test_a_replication_that_fails_in_one_arm_is_left_out_of_all() -> None:
    one = study()
    found = execute(analysis.design(one), None, analysis.COLLECT)
    failed = found.made.failed.copy()
    failed[found.made.of(3)][2] = True  # of the first set, in "pool ta"
    made = type(found.made)(found.made.plan, found.made.done, failed, ())
    counts = [
        {len(arm.replicates) for arm in seen.values()}
        for _, _, _, seen in analysis.replicated(one, SeenRuns(made, found.rows))
    ]
    assert counts == [{5}, {6}, {6}]


def test_leniency_is_compared_over_the_same_sets() -> None:
    """Each set has a leniency of its own; with another one the same people change the same."""
    table = audit(leniencies=[0]).table("leniency")
    own, none = table.to_dict("records")
    assert 0.2 < own["leniency"] < 0.6
    assert none["leniency"] == 0
    assert own["change_latent"] == none["change_latent"] > 0


def test_a_later_start_moves_the_whole_calendar() -> None:
    one = study()
    later = analysis.later(one.scenario, 26)
    assert later.end_of_ta == one.scenario.end_of_ta + 26
    planned = planned_contacts(later, one.scenario.parameter_set())
    assert min(contact.week for contact in planned) > 26


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"asks_about": ["trusst"]}, "did you mean 'trust'"),
        ({"asks_about": []}, "does not name constructs"),
        ({"asked": 0}, "asked: 0 is out of range"),
        ({"asked": 13}, "asked: 13 people cannot be asked in a region of 12 staff; allowed: 1..12"),
        ({"weeks": ["start"]}, "has 1 wave"),
        ({"weeks": ["end_of_ta", "start"]}, "is not a time before and a time after"),
        ({"scenario": "no_ta"}, "has no contact series"),
        ({"design": "dose_regression"}, "a slope cannot be estimated from 3 regions"),
        ({"scenario": "planning"}, "need 24 candidate regions"),
        ({"background_trends": [2]}, "out of range"),
    ],
)
def test_bad_studies(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(**changes)


def test_shipped_audits_can_be_read() -> None:
    for name in ("audit_source", "audit_on_demand"):
        assert StudyKind.of("audit").read(name).header.kind == "audit"
