"""Factors: distributions, levers, and a message for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.core.units import MODEL_VERSION
from sim.studies import plausible
from sim.studies.distributions import TAIL, Distribution
from sim.studies.sensitivity import design as design_module
from sim.studies.sensitivity.design import Design, design_of
from sim.studies.spec import StudyError
from tests.cases import written

U = np.linspace(0.0, 1.0, 101)


def study(factors: str, more: str = "") -> Design:
    text = f"kind: sensitivity\nscenario: source\nfactors: {factors}\nsamples: 64\n{more}"
    return design_of(written(text))


def message(factors: str, more: str = "") -> str:
    with pytest.raises(StudyError) as caught:
        study(factors, more)
    return str(caught.value)


# --- distributions --------------------------------------------------------------------------------


def test_truncated_normal_is_scipys() -> None:
    mine = Distribution("truncated", (0.5, 0.2, 0.1, 0.7)).values(U)
    theirs = stats.truncnorm.ppf(U, (0.1 - 0.5) / 0.2, (0.7 - 0.5) / 0.2, loc=0.5, scale=0.2)
    np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_log_uniform_is_scipys() -> None:
    mine = Distribution("log_uniform", (0.5, 32.0)).values(U)
    np.testing.assert_allclose(mine, stats.loguniform.ppf(U, 0.5, 32.0), rtol=1e-12)


def test_normal_is_cut_at_its_tails_and_else_scipys() -> None:
    mine = Distribution("normal", (2.0, 3.0)).values(U)
    theirs = stats.norm.ppf(np.clip(U, TAIL, 1 - TAIL), 2.0, 3.0)
    np.testing.assert_allclose(mine, theirs, atol=1e-12)
    assert np.isfinite(mine).all()


def test_integers_and_choices_are_equally_likely_with_both_ends() -> None:
    fine = (np.arange(3000) + 0.5) / 3000
    whole, counts = np.unique(Distribution("integer", (2.0, 4.0)).values(fine), return_counts=True)
    assert whole.tolist() == [2.0, 3.0, 4.0]
    assert counts.tolist() == [1000, 1000, 1000]
    chosen = Distribution("choices", choices=("ring", "hub")).values(np.array([0.0, 0.49, 0.5, 1]))
    assert chosen == ["ring", "ring", "hub", "hub"]


@pytest.mark.parametrize(
    "how",
    [
        Distribution("uniform", (0.1, 0.4)),
        Distribution("log_uniform", (1.0, 64.0)),
        Distribution("truncated", (0.5, 0.2, 0.1, 0.7)),
        Distribution("normal", (1.0, 0.3)),
    ],
)
def test_coordinate_undoes_values(how: Distribution) -> None:
    inner = np.array([0.1, 0.35, 0.8])
    back = [how.coordinate(float(value)) for value in how.values(inner)]
    np.testing.assert_allclose(back, inner, atol=1e-4)


def test_roles_are_the_tables_rows() -> None:
    from sim.core.parameters import rows

    made = study("[free, uncertain]")
    expected = [row.name for role in ("free", "uncertain") for row in rows(role=role)]
    assert [f.name for f in made.space.factors] == [*expected, "dummy"]


# --- messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ("{trust_step: {uniform: [0.4, 0.1]}}", "the bounds are reversed (0.4 is above 0.1)"),
        ("{trust_step: {uniform: [0.2, 0.2]}}", "both bounds are 0.2, so it does not vary"),
        ("[trust_stp, keeping]", "did you mean 'trust_step'?"),
        ("[trust_step]", "trust_step is the only factor"),
        ("[trust_step, trust_step]", "'trust_step' is named twice"),
        ("[free, trust_step]", "trust_step is named twice (once by its role)"),
        ("{trust_step: {unifrom: [0.1, 0.2]}}", "did you mean 'uniform'?"),
        ("{trust_step: {uniform: [0.1]}}", "uniform needs 2 numbers; allowed: [low, high]"),
        ("{trust_step: {normal: [0.3, 0]}}", "the SD 0 is not above 0"),
        ("{keeping: table, trust_step: {uniform: [0.01, 0.4]}}", "set beyond_range: true"),
        (
            "{keeping: table, trust_step: {normal: [0.3, 0.5]}}",
            "outside the limits of the equation",
        ),
        ("{keeping: table, hours: {log_uniform: [0, 4]}}", "must be above 0, not from 0"),
        ("[keeping, core_team]", "core_team is a lever and has no range of its own"),
        ("{keeping: table, core_team: {uniform: [0.5, 1.5]}}", "core_team cannot be 1.5"),
        ("{keeping: table, 'dosage[7].hours': {uniform: [1, 2]}}", "nor a lever of 'Source case"),
        ("{keeping: table, network: {choices: [ring]}}", "choices needs two values or more"),
        ("{keeping: table, network: {choices: [ring, rnig]}}", "network cannot be rnig"),
        ("[setup_hours, skill_share]", "skill_share has no plausible range in the table"),
        ("5", "5 names no factors"),
    ],
)
def test_a_mistake_has_its_message_and_line(factors: str, words: str) -> None:
    text = message(factors)
    assert words in text
    assert text.startswith("<text>:3:")


def test_beyond_range_on_purpose() -> None:
    made = study("{keeping: table, trust_step: {uniform: [0.01, 0.4]}}", "beyond_range: true\n")
    assert made.space.factors[1].distribution.limits == (0.01, 0.4)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ("{g: [trust_step, kepping]}", "did you mean 'keeping'?"),
        ("{keeping: [trust_step]}", "'keeping' is the name of a factor"),
        ("{g: [keeping], h: [keeping]}", "'keeping' is in two groups"),
    ],
)
def test_groups_are_checked(groups: str, words: str) -> None:
    assert words in message("[trust_step, keeping]", f"groups: {groups}\n")


def test_groups_need_a_method_that_knows_them() -> None:
    text = message("[trust_step, keeping]", "method: pawn\ngroups: {g: [keeping]}\n")
    assert "PAWN knows no groups; allowed: groups with sobol or morris" in text


# --- what calibration leaves ----------------------------------------------------------------------


def test_marginals_are_the_weighted_sets_of_the_posterior(tmp_path: Path) -> None:
    """Weights count as so many equal rows; the quantile function is that of numpy's rows."""
    rng = np.random.default_rng(3)
    values = rng.uniform(0.2, 0.8, 400)
    weights = rng.integers(0, 5, 400)
    pd.DataFrame({"keeping": values, "weight": weights}).to_csv(tmp_path / "p.csv", index=False)
    (tmp_path / "p.json").write_text(json.dumps({
        "format": plausible.FORMAT, "format_version": plausible.FORMAT_VERSION,
        "model_version": MODEL_VERSION, "targets": 3, "borrowed": 1, "narrowed": {"keeping": 0.2},
    }))  # fmt: skip
    found = plausible.read_posterior(tmp_path)
    assert found is not None
    assert (found.targets, found.borrowed) == (3, 1)
    rows = np.repeat(values, weights)
    at = np.linspace(0.05, 0.95, 19)
    mine = np.interp(at, np.linspace(0, 1, 101), found.marginals(101)["keeping"])
    np.testing.assert_allclose(mine, np.quantile(rows, at), atol=0.006)
    assert plausible.read_posterior(tmp_path / "none") is None


def test_plausible_ranges_are_those_of_the_calibrated_sets_and_said() -> None:
    left = plausible.read_posterior()
    assert left is not None
    made = study("[keeping, demand_mean]", "ranges: plausible\n")
    keeping, demand = made.space.factors[:2]
    drawn = keeping.distribution.values(np.linspace(0.0, 1.0, 1001))
    np.testing.assert_allclose(
        np.quantile(drawn, [0.1, 0.9]),
        np.quantile(left.marginals()["keeping"], [0.1, 0.9]),
        rtol=0.01,
    )
    assert demand.distribution.kind == "marginal"  # uncertain: it is kept beside the free ones
    assert f"calibrated to {left.targets} targets" in made.ranges
    # A distribution of the file's own stays.
    own = study("{keeping: {uniform: [0.4, 0.5]}, demand_mean: table}", "ranges: plausible\n")
    assert own.space.factors[0].distribution.kind == "uniform"
    assert study("[keeping, trust_step]").ranges.endswith("are not used (ranges: plausible).")


def test_without_calibrated_sets_the_table_is_used_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(design_module, "read_posterior", lambda: None)
    made = study("[keeping, trust_step]", "ranges: plausible\n")
    assert made.space.factors[0].distribution.kind == "uniform"
    assert made.ranges.endswith("calibrated sets are wanted, but there are none.")


def test_coordinate_undoes_a_marginal() -> None:
    how = Distribution("marginal", (0.1, 0.2, 0.6))
    assert how.values(np.array([0.0, 0.25, 0.5, 1.0])).tolist() == pytest.approx(
        [0.1, 0.15, 0.2, 0.6]
    )
    assert how.coordinate(0.4) == pytest.approx(0.75, abs=1e-3)
    assert how.limits == (0.1, 0.6)
