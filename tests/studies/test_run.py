"""Runs: summaries against independent oracles; folders that are whole, checked, made again."""

from __future__ import annotations

import dataclasses
import errno
import functools
import hashlib
import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from sim.core import outcomes
from sim.core.errors import InputError, InterruptedRun, ResultsError
from sim.core.outcomes import COLUMN, FIRST_FLOW, RECORD
from sim.core.parameters import Parameters
from sim.present import table as tables
from sim.runs import bands, making
from sim.runs import folder as folders
from sim.runs.bands import ARMS, Bands
from sim.runs.collect import FailedRun, Made
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, common
from sim.runs.weekly import PointValues, Weekly, job_weeks
from sim.scenario.scenario import Scenario
from sim.studies.run import frames
from sim.studies.run.frames import QUANTILE_NAMES
from sim.studies.run.runs import Runs, run
from sim.studies.verify import verify
from tests.strategies import in_turn

TINY = Scenario.from_dict(
    {
        "name": "tiny",
        "horizon_weeks": 60,
        "seed": 9,
        "regions": {"candidates": 2, "count": 2, "staff": 3, "names": ["lakes", "coast"]},
        "providers": {"count": 1},
        "dosage": [{"mode": "video", "every_weeks": 4, "hours": 1, "last_week": 6}],
    }
)
END, LATER, HORIZON = 6, 58, 60
PLACES = ("lakes", "coast", "overall")
CELLS = len(PLACES) * len(outcomes.NAMES) * 5
"""Of a run: its points are start, end of TA, a year after, horizon and persistence."""


def fake(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    """A cheap engine: levels in 0..1, higher with TA; few contacts, so that rates are missing."""
    draw = np.random.default_rng([seed, replicate])
    record = draw.random((scenario.horizon_weeks + 1, len(scenario.region_names), len(RECORD)))
    if scenario.has_ta:
        record[1:, :, :FIRST_FLOW] **= 1 - parameters.trust_step
    record[..., FIRST_FLOW:] = np.floor(record[..., FIRST_FLOW:] * 1.5)
    record[0, :, FIRST_FLOW:] = 0
    for part, whole in (("present", "invited"), ("failed_region", "planned")):
        record[..., COLUMN[part]] = np.minimum(
            record[..., COLUMN[part]], record[..., COLUMN[whole]]
        )
    record[..., COLUMN["contact_hours"]] *= 1.3
    record[..., COLUMN["knowledge_sd"]] /= 2
    return record


def made(replicates: int = 12, **more: Any) -> Runs:
    if "parameters" not in more and "sets" not in more:
        more["fixed"] = True
    return run(TINY, **({"replicates": replicates, "engine": fake} | more))


@functools.cache
def ready(replicates: int = 12) -> Runs:
    """The same runs, made once: for tests of what is done with runs."""
    return made(replicates)


def kept(runs: Runs, folder: Path, command: str = "", **more: Any) -> Path:
    """The runs in a folder, without figures, made by a command."""
    result = dataclasses.replace(runs.result, command=command)
    return Runs(result).save(folder, figures=(), **more)


def week_table(runs: Runs) -> SimpleNamespace:
    """Arrays (arm, week, place, outcome) of the table of weeks; quantiles come before them."""
    frame = runs.weeks()
    shape = (len(ARMS), len(PLACES), -1, len(outcomes.NAMES))

    def array(column: str) -> np.ndarray:
        return frame[column].to_numpy().reshape(shape).swapaxes(1, 2)

    quantiles = np.stack([array(name) for name in QUANTILE_NAMES])
    return SimpleNamespace(n=array("n"), mean=array("mean"), quantiles=quantiles)


def records(with_ta: bool, replicates: int = 12) -> np.ndarray:
    """(run, week, region, column), straight from the engine."""
    scenario = TINY if with_ta else TINY.without_ta()
    return np.stack([fake(scenario, TINY.parameter_set(), 9, r) for r in range(replicates)])


def row(frame: pd.DataFrame, **where: Any) -> pd.Series:
    chosen = frame
    for column, value in where.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


# --- summaries -----------------------------------------------------------------------------------


def test_summary_against_plain_numpy() -> None:
    runs = ready()
    trust = [records(arm)[:, END, 1, COLUMN["trust"]] for arm in (True, False)]
    found = row(runs.summary("coast"), outcome="trust", point="end_of_ta")
    gain = trust[0] - trust[1]
    expected = {
        "unit": "0-1",
        "region": "coast",
        "n": 12,
        "mean": trust[0].mean(),
        "sd": trust[0].std(ddof=1),
        "p05": np.quantile(trust[0], 0.05, method="weibull"),
        "p50": np.quantile(trust[0], 0.5, method="weibull"),
        "p95": np.quantile(trust[0], 0.95, method="weibull"),
        "no_ta_mean": trust[1].mean(),
        "effect_mean": gain.mean(),
        "effect_p05": np.quantile(gain, 0.05, method="weibull"),
        "effect_p95": np.quantile(gain, 0.95, method="weibull"),
        "effect_se": gain.std(ddof=1) / np.sqrt(12),
    }
    for column, value in expected.items():
        assert found[column] == (value if isinstance(value, str) else pytest.approx(value)), column


def test_points_persistence_and_overall() -> None:
    runs = ready()
    assert list(runs.summary()["point"].unique()) == [
        "start",
        "end_of_ta",
        "year_after",
        "horizon",
        "persistence",
    ]
    assert runs.point_weeks == {"start": 0, "end_of_ta": END, "year_after": LATER, "horizon": 60}
    frame = runs.runs()
    one = frame[(frame["replicate"] == 3) & (frame["region"] == "overall")]
    record = records(True)[3]
    hours = record[..., COLUMN["contact_hours"]].sum(axis=1)
    value = {
        (r.outcome, r.point): r.value for r in one.itertuples() if r.outcome == "contact_hours"
    }
    for point, week in runs.point_weeks.items():
        assert value["contact_hours", point] == pytest.approx(hours[: week + 1].sum())
    assert value["contact_hours", "persistence"] == pytest.approx(hours[END + 1 : LATER + 1].sum())


def test_the_worst_region_and_the_spread_are_found_run_by_run() -> None:
    """Capacity is (knowledge + integration + routines)/3 of the record; the effect is that of the
    worst region, and of the spread, with TA less without; persistence is their change."""
    runs = made()

    def capacity(with_ta: bool, week: int) -> np.ndarray:
        columns = [COLUMN[name] for name in ("knowledge", "integration", "routines")]
        return records(with_ta)[:, week, :, columns].sum(axis=0) / 3

    for place, of in (("worst", np.min), ("spread", np.ptp)):
        summary = runs.summary(place)
        assert tuple(dict.fromkeys(summary["outcome"])) == outcomes.HEADLINES
        value, no_ta = (of(capacity(arm, END), axis=1) for arm in (True, False))
        found = row(summary, outcome="capacity", point="end_of_ta")
        assert found["mean"] == pytest.approx(value.mean())
        assert found["p95"] == pytest.approx(np.quantile(value, 0.95, method="weibull"))
        assert found["no_ta_mean"] == pytest.approx(no_ta.mean())
        assert found["effect_mean"] == pytest.approx((value - no_ta).mean())
        change = of(capacity(True, LATER), axis=1) - value
        found = row(summary, outcome="capacity", point="persistence")
        assert found["mean"] == pytest.approx(change.mean())
    shown = runs.table("between_regions").set_index(["regions", "outcome"])
    assert shown.loc[("spread", "capacity"), "lasting"] == found["mean"]
    assert "Between regions" in [
        table.title for table in runs.result.kind.shown(runs.result.study, runs.result.tables)
    ]


def test_the_answer_says_what_open_commitments_take() -> None:
    """Two commitments of staff open in each of two regions, at .02 of a week of 40 hours each."""

    def open_ones(*about: Any) -> np.ndarray:
        record = fake(*about)
        record[..., COLUMN["open_staff"]] = 2.0
        return record

    said = made(engine=open_ones).result.answer.text
    assert "open commitments take staff 3.2 h a week; these hours are not" in " ".join(said.split())


@pytest.mark.parametrize(
    ("co_creation", "parameters", "said"),
    [
        (0, {}, True),
        ([0, 0.6], {}, True),
        ([0.6, 0], {}, True),
        (0.1, {}, False),
        (0, {"power_sharing": 0}, False),
    ],
)
def test_directive_results_say_on_which_assumption_they_rest(
    co_creation: Any, parameters: dict[str, float], said: bool
) -> None:
    """The model's directive TA lowers trust by the weight of power sharing alone."""
    series = {"mode": "video", "every_weeks": 4, "hours": 1, "last_week": 6}
    scenario = TINY.replace(dosage=[{**series, "co_creation": co_creation}], parameters=parameters)
    answer = run(scenario, replicates=2, engine=fake, fixed=True).result.answer
    text = " ".join(answer.text.split())
    assert ("power sharing, an assumption that nobody measured" in text) == said


def test_regions_that_are_alike_have_no_spread_and_the_worst_is_the_mean() -> None:
    def alike(*about: Any) -> np.ndarray:
        record = fake(*about)
        record[:, 1] = record[:, 0]
        return record

    runs = made(engine=alike)
    for point in ("start", "end_of_ta", "persistence"):
        for name in outcomes.HEADLINES:
            both = [
                row(runs.summary(place), outcome=name, point=point)
                for place in ("worst", "overall", "spread")
            ]
            assert both[0]["mean"] == both[1]["mean"]
            assert both[2]["mean"] == both[2]["effect_mean"] == 0.0


def test_one_region_is_not_compared_with_itself() -> None:
    alone = TINY.replace(regions={"candidates": 1, "count": 1, "staff": 3})
    runs = run(alone, replicates=2, engine=fake, fixed=True)
    assert set(runs.table("summary")["region"]) == {"region_1", "overall"}
    assert "between_regions" not in runs.result.tables


def test_no_year_after_when_the_horizon_comes_first() -> None:
    runs = run(TINY.replace(horizon_weeks=57), replicates=2, engine=fake, fixed=True)
    assert set(runs.summary()["point"]) == {"start", "end_of_ta", "horizon"}


def test_the_partner_is_judged_at_the_end_of_ta_of_the_scenario() -> None:
    def clock(scenario: Scenario, *_: Any) -> np.ndarray:
        record = np.zeros((61, 2, len(RECORD)))
        record[..., COLUMN["trust"]] = np.arange(61)[:, None] / 100
        return record

    assert TINY.without_ta().end_of_ta == HORIZON
    found = row(made(1, engine=clock).summary(), outcome="trust", point="end_of_ta")
    assert found["no_ta_mean"] == END / 100
    assert found["effect_mean"] == 0


def test_effect_is_value_minus_no_ta_to_the_last_bit() -> None:
    frame = ready().runs()
    assert np.array_equal(frame["effect"], frame["value"] - frame["no_ta"], equal_nan=True)
    assert (frame["effect"].abs() > 0).any()


def test_missing_values_do_not_count_and_n_says_so() -> None:
    def seldom(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
        record = fake(scenario, parameters, seed, replicate)
        record[..., FIRST_FLOW:] = 0
        if replicate < 3 and scenario.has_ta:
            record[4, 0, COLUMN["invited"]] = 4
            record[4, 0, COLUMN["present"]] = replicate + 1
        return record

    runs = made(engine=seldom)
    found = row(runs.summary(), outcome="attendance", point="end_of_ta")
    assert found["n"] == 3
    assert found["mean"] == 0.5
    assert np.isnan(found["no_ta_mean"])
    assert np.isnan(found["effect_mean"])
    assert np.isnan(row(runs.summary("coast"), outcome="attendance", point="horizon")["mean"])
    week = row(runs.weeks(), arm="with_ta", region="lakes", week=4, outcome="attendance")
    assert (week["n"], week["mean"], week["p50"]) == (3, 0.5, 0.5)
    empty = row(runs.weeks(), arm="with_ta", region="coast", week=4, outcome="attendance")
    assert empty["n"] == 0
    assert np.isnan(empty["mean"])
    assert np.isnan(empty["p50"])


def test_one_run_has_no_spread() -> None:
    found = row(ready(1).summary(), outcome="trust", point="horizon")
    assert found["p05"] == found["mean"] == found["p95"]
    assert np.isnan(found["sd"])
    assert np.isnan(found["effect_se"])


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(InputError) as caught:
        ready(1).summary("cost")
    assert str(caught.value) == (
        "region: 'cost' is not a region of this scenario; allowed: lakes, coast, overall, worst, "
        "spread; did you mean 'coast'?"
    )


def test_parameter_sets_as_mappings_change_the_scenarios_own() -> None:
    scenario = TINY.replace(parameters={"keeping": 0.3})
    runs = run(scenario, parameters=[{"trust_step": 0.2}, Parameters()], replicates=1, engine=fake)
    assert [one.changed() for one in runs.parameter_sets] == [
        {"trust_step": 0.2, "keeping": 0.3},
        {},
    ]
    assert runs.runs()["set"].unique().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parameters": {"trust_stap": 0.2}}, "did you mean 'trust_step'?"),
        ({"parameters": {"trust_step": 0.9}}, "outside the plausible range"),
        ({"parameters": []}, "parameters: no set is given; allowed: 1 or more sets"),
        ({"parameters": [0.2]}, "parameters[0]: 0.2 is not a parameter set"),
        ({"replicates": 0}, "replicates: 0 is out of range"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"engine": "mesaa"}, "did you mean 'mesa'?"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        made(**arguments)
    assert message in str(caught.value)


def test_a_scenario_may_be_a_path_or_a_name(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.to_yaml(), encoding="utf-8")
    assert run(path, replicates=1, engine=fake, fixed=True).runs().equals(ready(1).runs())
    source = run("source", replicates=1, engine=fake, fixed=True)
    assert source.scenario == Scenario.shipped("source")
    with pytest.raises(InputError, match="neither a file nor a shipped scenario"):
        run("sauce", replicates=1, engine=fake)


def test_the_seed_of_the_scenario_is_the_default() -> None:
    assert ready(1).seed == 9
    assert made(1, seed=4).seed == 4


# --- weeks ---------------------------------------------------------------------------------------


@functools.cache
def weekly_arms(replicates: int) -> dict[str, np.ndarray]:
    """(run, week, place, outcome) of each arm, computed at once."""
    arms = {
        name: np.stack([outcomes.weekly(one, TINY.costs) for one in records(with_ta, replicates)])
        for name, with_ta in (("with_ta", True), ("without_ta", False))
    }
    return arms | {"effect": arms["with_ta"] - arms["without_ta"]}


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
def test_weeks_up_to_1000_runs_are_numpys_quantiles() -> None:
    table = week_table(ready(70))  # more than one batch
    for arm, values in enumerate(weekly_arms(70).values()):
        expected = np.quantile(values, bands.QUANTILES, axis=0, method="weibull")
        gaps = np.isnan(values).any(axis=0)
        expected[:, gaps] = np.nanquantile(
            values[:, gaps], bands.QUANTILES, axis=0, method="weibull"
        )
        np.testing.assert_array_equal(table.quantiles[:, arm], expected)
        np.testing.assert_array_equal(table.n[arm], (~np.isnan(values)).sum(axis=0))
        np.testing.assert_allclose(table.mean[arm], np.nanmean(values, axis=0), atol=1e-11)


def test_the_frame_of_weeks_names_its_cells() -> None:
    runs = ready()
    frame = runs.weeks()
    assert len(frame) == 3 * 3 * 61 * len(outcomes.NAMES)
    values = weekly_arms(12)["effect"][:, 17, 2, outcomes.INDEX["cost"]]
    found = row(frame, arm="effect", region="overall", week=17, outcome="cost")
    assert found["mean"] == pytest.approx(values.mean())
    assert found["p25"] == pytest.approx(np.quantile(values, 0.25, method="weibull"))


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
def test_above_the_limit_quantiles_are_within_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = 70  # more than one batch
    exact = week_table(ready(runs))
    monkeypatch.setattr(bands, "EXACT_RUNS", runs - 1)
    counted = week_table(made(runs))
    assert np.array_equal(counted.n, exact.n)
    assert np.array_equal(counted.mean, exact.mean, equal_nan=True)
    assert np.array_equal(np.isnan(counted.quantiles), np.isnan(exact.quantiles))
    bounded = np.array([outcomes.OUTCOMES[name].high is not None for name in outcomes.NAMES])
    for arm, values in enumerate(weekly_arms(runs).values()):
        gap = np.nan_to_num(np.abs(counted.quantiles[:, arm] - exact.quantiles[:, arm]))
        span = 2 if arm == 2 else 1
        assert gap[..., bounded].max() <= span / 1024
        assert gap[..., bounded].max() > 0  # it is the other way of counting
        largest = np.nanmax(np.abs(values), axis=(0, 1))[:, ~bounded]
        assert (gap[..., ~bounded] <= span * largest / 512).all()
    counts = outcomes.INDEX["contacts_held"]
    assert np.array_equal(counted.quantiles[..., counts], exact.quantiles[..., counts])


def plan(replicates: int, sets: Sequence[Parameters] | None = None, engine: Any = fake) -> RunPlan:
    some = [TINY.parameter_set()] if sets is None else sets
    job = common(TINY, some, replicates, job_weeks(TINY), counterfactual=True)
    return RunPlan((job,), 9, engine)


@pytest.mark.parametrize("engine", [fake, "compiled"])
def test_values_at_the_points_do_not_depend_on_the_weeks_between(engine: Any) -> None:
    """Without bands records report few weeks; sums of hours have the same bits."""
    whole, few = (
        execute(plan(20, engine=engine), None, Weekly(20, every_week=wanted))
        for wanted in (True, False)
    )
    np.testing.assert_array_equal(few.values.with_ta, whole.values.with_ta)
    np.testing.assert_array_equal(few.values.without_ta, whole.values.without_ta)
    assert whole.bands is not None
    with pytest.raises(ValueError, match="not wanted"):
        _ = few.table


def test_above_the_limit_no_weekly_value_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, kept in ((20, 20), (19, 0)):
        monkeypatch.setattr(bands, "EXACT_RUNS", limit)
        asked = plan(20)
        gathering = Weekly(20).empty(asked)
        whole = range(20)
        gathering.add(whole, [rows for _, rows in making.make(asked, Weekly(20), [whole])])
        assert sum(len(batch[0]) for batch in gathering.bands.kept) == kept  # type: ignore[attr-defined]


@pytest.mark.parametrize("limit", [1000, 6])
def test_the_order_of_runs_does_not_matter(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(bands, "EXACT_RUNS", limit)
    sets = (Parameters(), Parameters(trust_step=0.2))

    def growing(s: Scenario, p: Parameters, seed: int, replicate: int) -> np.ndarray:
        record = fake(s, p, seed, replicate)
        record[..., COLUMN["load"]] *= 2.0 ** (replicate % 7)  # the range grows as runs come in
        return record

    asked = plan(4, sets, growing)
    ranges = [range(first, first + 1) for first in range(8)]
    random.Random(3).shuffle(ranges)

    collector = Weekly(8)
    whole = execute(asked, None, collector)
    gathering = collector.empty(asked)
    for runs in ranges:
        (state,) = making.states(asked, collector, [runs])
        gathering.join(runs, state)
    made = Made(asked, np.ones(8, dtype=bool), np.zeros(8, dtype=bool), ())
    shuffled = gathering.result(made)
    for name in ("with_ta", "without_ta"):
        np.testing.assert_array_equal(getattr(shuffled.values, name), getattr(whole.values, name))
    for name in ("n", "mean", "quantiles"):
        np.testing.assert_array_equal(getattr(shuffled.table, name), getattr(whole.table, name))


def filled(values: np.ndarray, arms: int = 1, batches: int = 1) -> np.ndarray:
    """Quantiles of histograms of the first outcome without bounds, of (run,) values."""
    counted = Bands(1, 1, bands.EXACT_RUNS + 1, arms=arms)
    column = outcomes.INDEX["contact_hours"]
    for part in np.array_split(values, batches):
        batch = np.zeros((len(part), 1, 1, len(outcomes.NAMES)))
        batch[:, 0, 0, column] = part
        counted.add(batch, *([np.zeros_like(batch)] if arms == 3 else []))
    return counted.table().quantiles[:, :, 0, 0, column]


def test_histograms_widen_as_values_come_in() -> None:
    values = np.concatenate([np.zeros(5), np.geomspace(1e-9, 1e9, 2000), np.arange(300.0)])
    once = filled(values)
    assert np.array_equal(once, filled(values[::-1], batches=50), equal_nan=True)
    expected = np.quantile(values, bands.QUANTILES, method="weibull")
    assert np.abs(once[:, 0] - expected).max() <= 1e9 / 512
    whole = np.arange(1000.0)
    exact = [np.quantile(whole, q, method="weibull") for q in bands.QUANTILES]
    np.testing.assert_allclose(filled(whole, batches=7)[:, 0], exact, rtol=1e-14)


def test_histograms_of_effects_hold_both_signs() -> None:
    values = np.linspace(-700.0, 900.0, 1601)
    found = filled(values, arms=3, batches=9)[:, 2]
    exact = np.quantile(values, bands.QUANTILES, method="weibull")
    assert np.abs(found - exact).max() <= 900 / 256
    assert found[0] < -500


def test_nothing_but_zero_is_zero() -> None:
    assert (filled(np.zeros(50), arms=3) == 0).all()


def test_single_runs_are_kept_on_demand(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="were not kept; run with keep_runs=True"):
        made(1).trajectories()
    runs = made(5, keep_runs=True)
    frame = runs.trajectories()
    found = row(frame, replicate=3, arm="without_ta", region="coast", week=11)
    assert found["knowledge"] == records(False)[3, 11, 1, COLUMN["knowledge"]]
    folder = kept(runs, tmp_path / "kept")
    again = Runs.load(folder).trajectories()
    pd.testing.assert_frame_equal(again, frame, check_categorical=False, check_dtype=False)


# --- failures and interruption -------------------------------------------------------------------


def failing(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    if replicate == 1 or (replicate == 4 and not scenario.has_ta):
        raise RuntimeError("out of patience")
    return fake(scenario, parameters, seed, replicate)


def test_a_failed_run_is_a_row_and_the_rest_go_on(tmp_path: Path) -> None:
    runs = made(6, engine=failing)
    frame = runs.runs()
    lost = frame[frame["status"] == "failed"]
    assert lost["replicate"].tolist() == [1, 4]
    assert lost["stage"].tolist() == ["with TA", "without TA"]
    assert set(lost["reason"]) == {"RuntimeError: out of patience"}
    assert lost[["value", "no_ta", "effect"]].isna().all(axis=None)
    assert frame["replicate"].is_monotonic_increasing
    assert set(runs.summary().query("outcome == 'trust'")["n"]) == {4}
    trust = records(True, 6)[[0, 2, 3, 5], END, 0, COLUMN["trust"]]
    found = row(runs.summary("lakes"), outcome="trust", point="end_of_ta")
    assert found["mean"] == pytest.approx(trust.mean())
    assert len(runs) == 6
    assert [(f.set_index, f.replicate, f.stage) for f in runs.failures] == [
        (0, 1, "with TA"),
        (0, 4, "without TA"),
    ]
    again = Runs.load(kept(runs, tmp_path / "out"))
    assert again.failures == runs.failures
    assert again.runs().equals(frame)
    assert verify(tmp_path / "out", engine=failing).ok
    report = verify(tmp_path / "out", engine=fake)
    assert not report.ok
    assert report.difference.startswith("the tables are ")


def test_when_every_run_fails_there_is_no_answer() -> None:
    def never(*_: Any) -> np.ndarray:
        raise RuntimeError("no people")

    with pytest.raises(RuntimeError, match=r"every run failed, the first with TA: .*no people"):
        made(2, engine=never)


def test_ctrl_c_leaves_what_was_finished(tmp_path: Path) -> None:
    def stops(s: Scenario, p: Parameters, seed: int, replicate: int) -> np.ndarray:
        if replicate == 7:
            raise KeyboardInterrupt
        return fake(s, p, seed, replicate)

    with pytest.raises(InterruptedRun, match="interrupted after 7 of 12 runs") as caught:
        made(engine=stops)
    partial = caught.value.partial
    assert not partial.complete
    assert partial.runs().equals(ready(7).runs())
    assert partial.weeks().equals(ready(7).weeks())
    assert "7 of 7 runs" in partial.answer.text
    with pytest.raises(
        ResultsError, match=r"7 of 12 runs are not a complete result; .*resume=True"
    ):
        partial.save(tmp_path / "part")


def test_ctrl_c_before_the_first_run_is_just_that() -> None:
    def stops(*_: Any) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(InterruptedRun, match="after 0 of 12 runs") as caught:
        made(engine=stops)
    assert caught.value.partial is None


@pytest.mark.skipif(os.name == "nt", reason="no such signals there")
def test_ctrl_c_while_counting_does_not_count_half_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add = Bands.add

    calls: list[int] = []

    def once(self: Bands, *values: np.ndarray) -> None:
        if not calls:
            os.kill(os.getpid(), signal.SIGINT)
        calls.append(1)
        add(self, *values)

    monkeypatch.setattr(Bands, "add", once)
    with pytest.raises(InterruptedRun) as caught:
        made(8)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert caught.value.partial.runs().equals(ready(1).runs())
    assert caught.value.partial.weeks().equals(ready(1).weeks())


# --- folders -------------------------------------------------------------------------------------


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    runs = made(parameters=[{}, {"trust_step": 0.2}])
    folder = kept(runs, tmp_path / "deep" / "out", "codose run tiny.yaml")
    again = Runs.load(folder)
    for name in ("runs", "weeks", "summary"):
        assert getattr(again, name)().equals(getattr(runs, name)()), name
    for name in ("seed", "replicates", "engine", "provenance", "timing", "scenario"):
        assert getattr(again, name) == getattr(runs, name), name
    assert [p.changed() for p in again.parameter_sets] == [{}, {"trust_step": 0.2}]
    assert again.complete
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["command"] == "codose run tiny.yaml"
    assert Scenario.from_dict(manifest["study"]["scenarios"]["tiny"]) == TINY
    assert Scenario.load(folder / "scenario.yaml") == TINY
    assert sorted(path.name for path in folder.parent.iterdir()) == ["out"]


def test_the_tables_as_csv_say_the_same(tmp_path: Path) -> None:
    runs = made(3, engine=failing)
    folder = kept(runs, tmp_path / "out")
    for name, frame in (("runs", runs.runs()), ("weeks", runs.weeks())):
        text = pa.csv.read_csv(folder / f"{name}.csv").to_pandas()
        text = text.replace({"": None})  # missing text
        plain = frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, object))
        plain = plain.where(plain.notna(), None)
        text = text.where(text.notna(), None)
        pd.testing.assert_frame_equal(text, plain, check_dtype=False, check_exact=True)


def test_the_same_command_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (hashes(kept(made(), tmp_path / name, "same")) for name in ("one", "two"))
    assert first.pop("timing.json")
    assert second.pop("timing.json")
    assert first == second
    tables = (
        "headlines", "costs_planned", "costs", "between_regions", "summary", "runs", "weeks",
    )  # fmt: skip
    assert set(first) == {
        "manifest.json", "scenario.yaml", "answer.txt",
        *(f"{name}.{form}" for name in tables for form in ("parquet", "csv")),
    }  # fmt: skip


def test_an_empty_folder_may_be_used_and_any_other_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    runs = ready(1)
    kept(runs, out)
    before = hashes(out)
    with pytest.raises(ResultsError) as caught:
        kept(runs, out)
    assert str(caught.value) == (
        f"{out}: the folder is not empty; allowed: another folder; or force (--force), which "
        "replaces a result folder"
    )
    assert hashes(out) == before


def test_force_replaces_results_whole(tmp_path: Path) -> None:
    out = kept(ready(1), tmp_path / "out")
    (out / "figures").mkdir()
    kept(ready(2), out, force=True)
    assert len(Runs.load(out)) == 2
    assert not (out / "figures").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("manifest", [None, "{}", "not json", '{"format": "other"}'])
def test_force_replaces_nothing_but_results(tmp_path: Path, manifest: str | None) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(ResultsError, match="it is not replaced, not even by force"):
        kept(ready(1), tmp_path, force=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_force_does_not_replace_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = kept(ready(1), tmp_path / "out")
    monkeypatch.chdir(out)
    with pytest.raises(ResultsError, match="the folder you are in: it is not replaced"):
        kept(ready(1), out, force=True)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ResultsError, match="out: is a file, not a folder"):
        kept(ready(1), tmp_path / "out", force=True)
    with pytest.raises(ResultsError, match="cannot be written"):
        kept(ready(1), tmp_path / "out" / "deeper")
    assert (tmp_path / "out").read_text() == "a file"


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    real = kept(ready(1), tmp_path / "real")
    link = tmp_path / "link"
    link.symlink_to(real)
    kept(ready(3), link, force=True)
    assert link.is_symlink()
    assert len(Runs.load(real)) == 3


WRITING_FAILS = [
    (errno.ENOSPC, "there is no space left on this disk; nothing was written"),
    (errno.EACCES, "cannot be written (Permission denied); allowed: a folder that you may"),
    (errno.EIO, "cannot be written (Input/output error)"),
]


@pytest.mark.parametrize(("failure", "force"), in_turn(WRITING_FAILS, [False, True]))
def test_when_writing_fails_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: tuple[int, str], force: bool
) -> None:
    number, message = failure
    out = tmp_path / "out"
    if force:
        kept(ready(1), out)
    before = hashes(out) if force else None

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(pyarrow.csv, "CSVWriter", fails)  # when some files are written
        with pytest.raises(ResultsError) as caught:
            kept(ready(2), out, force=force)
    assert message in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if force else [])
    if force:
        assert hashes(out) == before


def test_when_the_last_step_fails_the_former_results_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = kept(ready(1), tmp_path / "out")
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if "partial" in self.name:
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(ResultsError, match="Input/output error"):
        kept(ready(2), out, force=True)
    assert len(Runs.load(out)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_ctrl_c_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folders, "fingerprints", stops)
    with pytest.raises(KeyboardInterrupt):
        kept(ready(1), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# --- reading what is not right -------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three") / "out"
    return kept(ready(3), folder, command="codose run tiny --out out")


@pytest.fixture
def saved(three_runs: Path, tmp_path: Path) -> Path:
    """A folder of one's own to damage."""
    return Path(shutil.copytree(three_runs, tmp_path / "out"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of a folder."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def plant(folder: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a table of a folder, and its checksum with it."""
    path = folder / f"{name}.parquet"
    frame = pa.parquet.read_table(path).to_pandas()
    frame = change(frame)
    pa.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(folder, lambda manifest: manifest["files"][path.name].update(sha256=digest))


def test_rows_of_runs_are_those_of_their_arrays_in_parts_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(3)
    values = draw.random((4, 2, 2, len(PLACES), len(outcomes.NAMES)))
    values[draw.random(values.shape) < 0.2] = np.nan
    lost = {0: "with TA", 2: "without TA"}
    values[list(lost)] = np.nan
    found = PointValues(
        ("start", "horizon"), np.array([0, 0, 1, 1]), np.array([5, 6, 7, 8]),
        np.isin(np.arange(4), list(lost)), values[:, 0], values[:, 1],
        tuple(FailedRun(0, one // 2, one + 5, stage, f"why {one}") for one, stage in lost.items()),
    )  # fmt: skip
    nothing = [None] * 3
    rows: list[list[Any]] = []
    for number in range(4):
        keys = [number // 2, number + 5]
        if number in lost:
            rows.append([*keys, *nothing, *nothing, "failed", lost[number], f"why {number}"])
            continue
        for place, region in enumerate(PLACES):
            for index, outcome in enumerate(outcomes.NAMES):
                for point, when in enumerate(found.points):
                    pair = values[number, :, point, place, index].tolist()
                    three = [None if x != x else x for x in (*pair, pair[0] - pair[1])]
                    rows.append([*keys, region, outcome, when, *three, "ok", None, None])
    for size in (97, len(rows) // 2, len(rows)):
        for module in (frames, tables):
            monkeypatch.setattr(module, "PART_ROWS", size)
        table = tables.Table("runs", frames.RunRows(found, PLACES))
        parts = list(table.parts())
        assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
        made = [list(row.values()) for part in parts for row in part.to_pylist()]
        assert made == rows
        assert len(table) == len(rows)
        again = tables.Table("runs", table.frame)
        folders.write_table(tmp_path, "direct", table)
        folders.write_table(tmp_path, "again", again)
        for suffix in ("parquet", "csv"):
            one, other = (tmp_path / f"{name}.{suffix}" for name in ("direct", "again"))
            assert one.read_bytes() == other.read_bytes(), "a folder read and written would differ"


def test_folders_that_hold_no_results(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="nowhere: no such folder"):
        Runs.load(tmp_path / "nowhere")
    with pytest.raises(ResultsError) as caught:
        Runs.load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: is not a result folder (it holds no manifest.json); allowed: a folder "
        "that a codose command wrote with --out DIR"
    )
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="is a file, not a folder"):
        Runs.load(tmp_path / "file")


def test_a_newer_format(saved: Path) -> None:
    edit(saved, lambda manifest: manifest.update(format_version=3, codose="3.0", study=None))
    for read in (Runs.load, verify):
        with pytest.raises(ResultsError) as caught:
            read(saved)
        assert str(caught.value) == (
            f"{saved / 'manifest.json'}: was written by a newer version (codose 3.0, format 3); "
            "update codose to read it; allowed: format 2"
        )
    kept(ready(1), saved, force=True)  # but it may be replaced


@pytest.mark.parametrize("name", ["runs.parquet", "weeks.parquet", "weeks.csv", "scenario.yaml"])
def test_one_changed_byte_is_found_and_named(saved: Path, name: str) -> None:
    path = saved / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ResultsError) as caught:
        Runs.load(saved)
    assert str(caught.value) == (
        f"{path}: is not as it was written (its checksum is not the one in manifest.json): it was "
        "changed or damaged; make the results again with: codose run tiny --out out"
    )
    report = verify(saved, engine=fake)
    assert not report.ok
    assert str(path) in str(report)


def test_missing_files_are_all_named(saved: Path) -> None:
    (saved / "runs.parquet").unlink()
    (saved / "weeks.csv").unlink()
    with pytest.raises(ResultsError) as caught:
        Runs.load(saved)
    assert len(caught.value.problems) == 2
    assert "runs.parquet: is missing; make the results again with: codose run" in str(caught.value)
    report = verify(saved, engine=fake)
    assert (report.ok, report.compared) == (False, ())
    assert "nothing was made again" in str(report)


def test_no_time_is_no_damage(saved: Path) -> None:
    (saved / "timing.json").unlink()
    assert Runs.load(saved).timing == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("seed"), "is damaged (no usable 'seed')"),
        (lambda m: m.update(format_version="1"), "is damaged (format_version is '1')"),
        (lambda m: m.update(files={}), "is damaged (it lists no data)"),
        (lambda m: m["study"]["scenarios"]["tiny"].update(horizon=61), "cannot be used"),
        (lambda m: m["study"].pop("scenarios"), "cannot be used"),
        (lambda m: m["study"]["fields"].update(joy=1), "joy: "),
        (lambda m: m["study"]["fields"].update(hold={"joy": 1}), "'joy' is not a parameter"),
    ],
)
def test_a_manifest_that_does_not_fit(
    saved: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit(saved, change)
    with pytest.raises(ResultsError) as caught:
        Runs.load(saved)
    assert message in str(caught.value)
    assert "manifest.json" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda frame: frame.drop(index=5),
            f"runs: stored are {3 * CELLS - 1} rows of set",
        ),
        (lambda frame: frame.assign(effect=0.0), "runs, row 2 (set 0, replicate 0, region lakes,"),
    ],
)
def test_tables_that_were_changed_are_named(
    saved: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    """Even by somebody who made the checksums fit."""
    plant(saved, "runs", change)
    assert len(Runs.load(saved)) == 3  # its files are as the manifest says
    assert message in verify(saved, engine=fake).difference


def test_a_table_without_a_column_does_not_fit(saved: Path) -> None:
    plant(saved, "runs", lambda frame: frame.drop(columns="effect"))
    with pytest.raises(ResultsError, match=r"runs\.parquet: does not fit its manifest"):
        Runs.load(saved)


def test_a_scenario_that_was_changed_in_the_manifest_is_not_the_one_that_was_run(
    saved: Path,
) -> None:
    edit(saved, lambda m: m["study"]["scenarios"]["tiny"].update(horizon_weeks=61))
    assert not verify(saved, engine=fake).ok


# --- verify --------------------------------------------------------------------------------------


def test_verify_makes_the_runs_again(saved: Path) -> None:
    report = verify(saved, engine=fake)
    assert report.ok
    assert str(report) == (
        f"{saved}: made again and compared: headlines (6 rows), costs_planned (2 rows), costs (8 "
        f"rows), between_regions (12 rows), summary ({CELLS + 2 * 6 * 5} rows), runs "
        f"({3 * CELLS:,} rows), weeks ({3 * 3 * 61 * len(outcomes.NAMES):,} rows); every value is "
        "the same"
    )


def shift(frame: pd.DataFrame, column: str, **where: Any) -> pd.DataFrame:
    """The frame with the next number up in one row."""
    chosen = np.logical_and.reduce([frame[name] == value for name, value in where.items()])
    frame.loc[chosen, column] = np.nextafter(frame.loc[chosen, column], np.inf)
    if "effect" in frame:
        frame["effect"] = frame["value"] - frame["no_ta"]
    return frame


def test_verify_finds_a_value_that_is_off_by_one_bit(saved: Path) -> None:
    place = {"replicate": 1, "region": "coast", "outcome": "routines", "point": "end_of_ta"}
    plant(saved, "runs", lambda frame: shift(frame, "no_ta", **place))
    true = records(False)[1, END, 1, COLUMN["routines"]]
    assert len(Runs.load(saved)) == 3  # its files are as the manifest says
    report = verify(saved, engine=fake)
    assert not report.ok
    assert "set 0, replicate 1, region coast, outcome routines, point end_of_ta" in str(report)
    assert f"no_ta: stored {np.nextafter(true, 1)!s}, now {true!s}" in str(report)
    assert not verify(saved, engine=fake, sample=3).ok


def test_verify_finds_a_changed_week(saved: Path) -> None:
    place = {"arm": "effect", "region": "lakes", "week": 7, "outcome": "trust"}
    plant(saved, "weeks", lambda frame: shift(frame, "p75", **place))
    report = verify(saved, engine=fake)
    assert not report.ok
    assert "(arm effect, region lakes, week 7, outcome trust, n 3), p75: stored" in str(report)
    assert verify(saved, engine=fake, sample=2).ok  # a sample says nothing about weeks


def test_verify_of_a_sample_runs_only_that(tmp_path: Path) -> None:
    calls: list[int] = []

    def counting(s: Scenario, p: Parameters, seed: int, replicate: int) -> np.ndarray:
        calls.append(replicate)
        return fake(s, p, seed, replicate)

    folder = kept(ready(10), tmp_path / "out")
    report = verify(folder, engine=counting, sample=4)
    assert report.ok
    assert sorted(set(calls)) == [0, 3, 6, 9]
    assert report.compared == (("runs", 4 * CELLS),)
    assert (
        "not compared: headlines, costs_planned, costs, between_regions, summary, weeks (only a"
        in str(report)
    )
    assert verify(folder, engine=fake, sample=99).compared == (("runs", 10 * CELLS),)
    with pytest.raises(InputError, match="sample: 0 is out of range; allowed: 1 or more runs"):
        verify(folder, engine=fake, sample=0)


def test_verify_says_when_versions_differ(saved: Path) -> None:
    edit(saved, lambda manifest: manifest.update(codose="0.0.1"))
    edit(saved, lambda manifest: manifest["dependencies"].update(numpy="1.0"))
    report = verify(saved, engine=fake)
    assert report.ok
    assert "made by codose 0.0.1, this is" in report.notes[0]
    assert "numpy 1.0 (here" in report.notes[1]


def test_verify_needs_the_engine_of_results_from_an_engine_of_ones_own(saved: Path) -> None:
    with pytest.raises(ResultsError, match="made by an engine of its own, 'fake'"):
        verify(saved)


def test_histograms_are_verified_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "EXACT_RUNS", 5)
    assert verify(kept(made(8), tmp_path / "out"), engine=fake).ok


def test_provenance_names_versions_only() -> None:
    found = folders.provenance()
    assert set(found) == {"codose", "python", "engine_digest", "dependencies"}
    assert found["dependencies"]["numpy"] == np.__version__


def test_the_model_itself_from_run_to_verify(tmp_path: Path) -> None:
    scenario = TINY.replace(horizon_weeks=12)
    runs = run(scenario, replicates=3, engine="mesa", fixed=True)
    assert runs.engine == "mesa"
    assert not runs.failures
    assert verify(kept(runs, tmp_path / "out")).ok
