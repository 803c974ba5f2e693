"""ABC-SMC by pyABC: against integrals and the bank on made-up models, resuming, failed runs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.study import history_matching, learned
from sim.study.abc_smc import DATABASE, RECORD, Sampling
from sim.study.bank import Bank
from sim.study.blocked import CalibrationError
from sim.study.calibration import abc_weights, effective
from sim.study.measures import parse_measure
from sim.study.targets import Target

MEASURE = parse_measure("trust at start")
SD = 0.15


def target(name: str, value: float, sd: float = SD) -> Target:
    half = 1.959964 * sd
    return Target(name, "", MEASURE, value, value - half, value + half, "scored", "B", "")


PATTERN = Target("P", "", MEASURE, math.nan, 0.4, math.inf, "pattern", "A", "")
TARGETS = (target("A", 0.7), target("B", 0.5), PATTERN)


class Model:
    """Three factors, the last of which is luck to the particles; outputs known in closed form."""

    def __init__(self, broken: float = 0.0) -> None:
        self.broken = broken
        self.steps: list[str] = []
        self.stop_at: str | None = None

    def outputs(self, unit: np.ndarray) -> np.ndarray:
        a, b, luck = unit.T
        out = np.stack([a + 0.3 * (luck - 0.5), a * b, a], axis=1)
        out[luck < self.broken] = np.nan
        return out

    def __call__(self, step: str, unit: np.ndarray) -> Bank:
        self.steps.append(step)
        if step == self.stop_at:
            raise KeyboardInterrupt
        out = self.outputs(unit)
        return Bank(unit, unit, out, np.zeros_like(out))


def sampling(model: Model, **changes: object) -> Sampling:
    given: dict = {
        "targets": TARGETS, "names": ["a", "b", "luck"], "particles_of": (0, 1), "waves": (),
        "cutoff": 3.0, "run": model, "particles": 150, "temperatures": (4.0, 1.0),
        "most": 20_000, "seed": 5,
    }  # fmt: skip
    return Sampling(**(given | changes))


def posterior() -> tuple[float, float, float]:
    """Mean and SD of a, and mean of b, by brute force over a fine grid."""
    side = (np.arange(120) + 0.5) / 120
    unit = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    w = abc_weights(TARGETS, Model()("", unit))
    mean, sd = learned.spread(unit[:, 0], w)
    return mean, sd, learned.spread(unit[:, 1], w)[0]


def test_the_posterior_is_that_of_the_integral() -> None:
    bank, weights, smc = sampling(Model(), particles=400).find()
    mean, sd, mean_b = posterior()
    n = effective(weights)
    assert n > 120
    found = learned.spread(bank.unit[:, 0], weights)
    assert found[0] == pytest.approx(mean, abs=4 * sd / math.sqrt(n))
    assert found[1] == pytest.approx(sd, rel=4 / math.sqrt(2 * n))
    assert learned.spread(bank.unit[:, 1], weights)[0] == pytest.approx(
        mean_b, abs=4 * 0.29 / math.sqrt(n)
    )
    assert [one.temperature for one in smc.populations] == [4.0, 1.0]
    assert all(one.settings >= 400 for one in smc.populations)
    assert bank.outputs == pytest.approx(Model().outputs(bank.unit))
    assert PATTERN.hit(bank.outputs[:, 2]).all()


def test_it_agrees_with_the_bank() -> None:
    unit = history_matching.prior_sample(20_000, 3, 1)
    made = Model()("", unit)
    w = abc_weights(TARGETS, made)
    bank, weights, _ = sampling(Model(), particles=400).find()
    for place in (0, 1):
        one = learned.spread(made.unit[:, place], w)
        other = learned.spread(bank.unit[:, place], weights)
        error = one[1] * math.sqrt(1 / effective(w) + 1 / effective(weights))
        assert abs(one[0] - other[0]) < 4 * error
        # and the whole distribution: Kolmogorov distance of two samples of these sizes
        size = effective(w) * effective(weights) / (effective(w) + effective(weights))
        drawn = made.unit[np.random.default_rng(3).choice(len(w), 20_000, p=w), place]
        far = learned.distance(bank.unit[:, place], weights, drawn)
        assert stats.kstwobign.sf(far * math.sqrt(size)) > 1e-4


def test_what_is_ruled_out_is_neither_run_nor_kept() -> None:
    """A wave that knows a alone: the posterior is cut where it rules out."""
    unit = history_matching.prior_sample(200, 3, 1)
    narrow = (target("A", 0.7, 0.03),)
    out = unit[:, :1]
    wave = history_matching.new_wave(narrow, Bank(unit, unit, out, np.zeros_like(out)), [])

    class Only(Model):
        def outputs(self, unit: np.ndarray) -> np.ndarray:
            ruled = ~history_matching.not_ruled_out(narrow, [wave], unit)
            assert not ruled.any(), "a setting was run that had been ruled out"
            return unit[:, :1]

    bank, _, smc = sampling(Only(), targets=narrow, waves=(wave,), particles=100).find()
    assert smc.populations[0].ruled_out > smc.populations[0].settings
    assert np.abs(bank.unit[:, 0] - 0.7).max() < 0.15


def test_the_same_seed_gives_the_same_numbers_and_touches_nothing() -> None:
    np.random.seed(77)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, w1, _ = sampling(Model()).find()
    again, w2, _ = sampling(Model()).find()
    other, _, _ = sampling(Model(), seed=6).find()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert (one.unit == again.unit).all()
    assert (w1 == w2).all()
    assert not np.array_equal(one.unit, other.unit)


# --- failed runs ---------------------------------------------------------------------------------


def test_settings_without_a_value_are_counted_not_dropped_in_silence() -> None:
    """pyABC alone would reject them like any other and say nothing."""
    _, _, smc = sampling(Model(broken=0.02), particles=400).find()
    share = smc.broken / smc.settings
    assert share == pytest.approx(0.02, abs=0.01)


def test_too_many_of_them_stop_it() -> None:
    with pytest.raises(CalibrationError, match=r"settings give no value .* mostly A"):
        sampling(Model(broken=0.10)).find()


def test_targets_that_are_never_met() -> None:
    far = (target("FAR", 3.0, 0.01),)
    with pytest.raises(CalibrationError, match=r"nearest misses FAR.*no setting at all meets FAR"):
        sampling(OneOutput(), targets=far, most=600, particles=50).find()


def test_targets_that_are_hardly_ever_met() -> None:
    narrow = (target("A", 0.7, 0.002),)
    with pytest.raises(CalibrationError, match=r"population 1 \(temperature 1\) found fewer"):
        sampling(OneOutput(), targets=narrow, most=900, particles=500, temperatures=(1.0,)).find()


class OneOutput(Model):
    """Gives back a."""

    def outputs(self, unit: np.ndarray) -> np.ndarray:
        return unit[:, :1]


# --- the database --------------------------------------------------------------------------------


def test_it_resumes_from_the_database(tmp_path: Path) -> None:
    whole, weights, smc = sampling(Model()).find()
    stopped = Model()
    stopped.stop_at = "population 2 batch 1"
    with pytest.raises(KeyboardInterrupt):
        sampling(stopped, store=tmp_path, key="k").find()
    assert (tmp_path / DATABASE).is_file()
    later = Model()
    bank, again, record = sampling(later, store=tmp_path, key="k").find(resume=True)
    assert all(step.startswith("population 2") for step in later.steps)
    assert (bank.unit == whole.unit).all()
    assert again == pytest.approx(weights, rel=1e-12)
    assert record.populations == smc.populations
    # Finished: nothing is run at all.
    idle = Model()
    last, _, _ = sampling(idle, store=tmp_path, key="k").find(resume=True)
    assert idle.steps == []
    assert (last.unit == whole.unit).all()


def test_the_database_is_one_that_pyabc_reads(tmp_path: Path) -> None:
    import pyabc

    bank, weights, smc = sampling(Model(), store=tmp_path, key="k").find()
    history = pyabc.History(f"sqlite:///{smc.database}", create=False)
    frame, w = history.get_distribution()
    assert frame["a"].to_numpy() == pytest.approx(bank.unit[:, 0])
    assert w == pytest.approx(weights)
    assert history.n_populations == 2


def test_another_calibration_is_not_resumed(tmp_path: Path) -> None:
    sampling(Model(), store=tmp_path, key="k", particles=60).find()
    with pytest.raises(InputError, match="holds the populations of another calibration"):
        sampling(Model(), store=tmp_path, key="other").find(resume=True)


def test_a_crash_before_the_record_begins_anew(tmp_path: Path) -> None:
    sampling(Model(), store=tmp_path, key="k", particles=60).find()
    (tmp_path / RECORD).unlink()
    bank, _, smc = sampling(Model(), store=tmp_path, key="k", particles=60).find(resume=True)
    assert len(smc.populations) == 2
    assert len(bank) == 60
