"""Design audits: estimators against closed forms, worlds where the answer is known, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sim.study.design_audit import AuditFile, summary_row

from sim.errors import InputError
from sim.instruments import observe
from sim.runs.execute import Execution
from sim.study import audit_report, design_audit, dose_audit
from sim.study.study_file import Study, parse_study

TEXT = """
kind: audit
scenario: source
asks_about: [knowledge]
background_trends: [0]
sets: 3
replicates: 6
"""


def study(**changes: str) -> Study[AuditFile]:
    text = TEXT
    for name, value in changes.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"{name}:")]
        text = "\n".join([*lines, f"{name}: {value}"]) + "\n"
    found = parse_study(text, AuditFile, issues=design_audit._issues)
    design_audit._check(found)
    return found


def test_a_row_is_what_the_textbook_says() -> None:
    """Normal estimates with a known bias: power, coverage, error."""
    from scipy.stats import norm

    rng = np.random.default_rng(1)
    truth = np.full(200_000, 0.3)
    estimate = truth + 0.1 + 0.2 * rng.normal(size=200_000)
    row = summary_row(estimate, np.full(200_000, 0.2), truth)
    assert row["bias"] == pytest.approx(0.1, abs=0.003)
    assert row["rmse"] == pytest.approx(np.hypot(0.1, 0.2), abs=0.003)
    power = norm.sf(1.96 - 2.0) + norm.cdf(-1.96 - 2.0)
    assert row["significant"] == pytest.approx(power, abs=0.005)
    cover = norm.cdf(1.96 - 0.5) - norm.cdf(-1.96 - 0.5)
    assert row["coverage"] == pytest.approx(cover, abs=0.005)


def test_slopes_are_those_of_least_squares() -> None:
    from scipy.stats import linregress

    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(5, 12)), rng.normal(size=(5, 12))
    slope, error = dose_audit.slopes(x, y)
    for i in range(5):
        found = linregress(x[i], y[i])
        assert slope[i] == pytest.approx(found.slope)
        assert error[i] == pytest.approx(found.stderr)
    y[0, :9] = np.nan
    assert np.isnan(dose_audit.slopes(x, y)[0][0])


def test_where_ta_does_nothing_the_truth_is_nothing() -> None:
    found = design_audit.audit(study())
    nothing = audit_report.of(found.table, world="does nothing")
    assert (nothing["true"] == 0.0).all()
    works = audit_report.of(found.table, world="works", design="before_after").iloc[0]
    assert works["true"] > 0.1
    assert "What if, not forecast" in audit_report.words(found)
    assert found.replications == 18


def test_more_respondents_are_less_noise() -> None:
    found = design_audit.audit(study(sets="6", replicates="40", asked="4"))
    table = audit_report.mends(found).set_index("design")
    assert table.loc["twice_asked", "rmse_ratio"] < 0.9  # 1/sqrt(2) without non-response


def test_a_trend_is_taken_for_an_effect_by_before_and_after_alone() -> None:
    """Knowledge rises by .1 a year without TA: before-after reports it, a comparison does not."""
    found = design_audit.audit(study(background_trends="[0.1]", sets="4", replicates="60"))
    rows = audit_report.of(found.table, world="does nothing").set_index("design")
    assert rows.loc["before_after", "bias"] > 0.2
    assert abs(rows.loc["random_pick", "bias"]) < rows.loc["before_after", "bias"] / 2


def test_arms_share_people_and_keep_apart() -> None:
    """The treated regions are the same with and without TA; a comparison region is another one;
    the pick draws as many as are treated."""
    one = study(replicates="40")
    plan = design_audit._Plan(one, one.scenario)
    seen = plan.observe(one.scenario.parameter_set(), 0, Execution())
    np.testing.assert_array_equal(seen["ta"].entities, seen["none"].entities)
    np.testing.assert_array_equal(
        seen["ta"].people["trust"][:, 0], seen["none"].people["trust"][:, 0]
    )
    rest = design_audit._not_in(seen["more"], seen["ta"])
    assert (rest.sum(axis=1) == 12).all(), "one more region of twelve"
    drawn = design_audit._drawn(seen["pool ta"], 3)
    assert (drawn.sum(axis=1) == 36).all()
    assert 0.2 < drawn[:, :12].mean() < 0.8, "every region has a chance"


def test_a_later_start_moves_the_whole_calendar() -> None:
    one = study()
    later = design_audit._later(one.scenario, 26)
    assert later.end_of_ta == one.scenario.end_of_ta + 26
    p = one.scenario.parameter_set()
    seen = observe(later, p, seed=1, replicates=2, weeks=[0, 26])
    assert seen.flows["planned"][:, :27].sum() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"asks_about": "[trusst]"}, "did you mean 'trust'"),
        ({"asks_about": "[]"}, "names nothing to ask about"),
        ({"asked": "0"}, "asked: 0 is out of range"),
        ({"weeks": "[start]"}, "has 1 waves"),
        ({"weeks": "[end_of_ta, start]"}, "is no before and after"),
        ({"scenario": "no_ta"}, "has no contact series"),
        ({"design": "dose_regression"}, "a slope over 3 regions"),
        ({"scenario": "planning"}, "need 24 candidate regions"),
        ({"background_trends": "[2]"}, "out of range"),
    ],
)
def test_bad_studies(changes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(**changes)


def test_shipped_audits_can_be_read() -> None:
    for name in ("audit_source", "audit_on_demand"):
        assert design_audit.read_audit(name).header.kind == "audit"


def test_an_audit_is_kept_and_goes_on(tmp_path: Path) -> None:
    one = study(replicates="2", sets="2")
    whole = design_audit.audit(one)
    kept = design_audit.audit(one, execution=Execution(store=tmp_path / "s"))
    for path in sorted((tmp_path / "s").rglob("part-*"))[::2]:
        path.unlink()
    again = design_audit.audit(one, execution=Execution(store=tmp_path / "s", resume=True))
    for other in (kept, again):
        assert other.table.equals(whole.table)
