"""ABC-SMC by pyABC: the other way to the posterior, with ``method: abc_smc``.

pyABC (Schaelte et al. 2022, JOSS 7(74) 4304, doi 10.21105/joss.04304) moves a population of
particles towards the data, step by step (Toni & Stumpf 2010, doi 10.1093/bioinformatics/btp619).
Acceptance is by the kernel of the tolerances, as in the bank, at falling temperatures that end at 1
(Schaelte & Hasenauer 2020, doi 10.1093/bioinformatics/btaa397): the last population is a sample of
the very posterior that the bank weighs, so that the two can be held against each other.

The particles are the *free* parameters. All others are drawn anew for every setting, as luck is:
what is left is their average, and the population need not find its way in twice as many dimensions.
What history matching has ruled out counts as not accepted and is not run.

What is finished is kept: each batch of runs by :mod:`sim.study.store`, each population in pyABC's
SQLite database. Resumed or not, the numbers are the same.
"""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import CodoseError, InputError, Problem
from sim.study import history_matching as matching
from sim.study.bank import Bank, joined
from sim.study.blocked import CalibrationError, hits, nothing_left, refuse_broken
from sim.study.targets import Target

if TYPE_CHECKING:
    import pyabc

DATABASE = "abc_smc.db"
RECORD = "abc_smc.json"
BATCH = 200
"""Fewest settings that are run together."""

Run = Callable[[str, np.ndarray], Bank]
"""``run(step, unit)`` of settings (settings, factors)."""


@dataclass(frozen=True, slots=True)
class Population:
    """What one population took.

    Attributes:
        number: from 1 on.
        temperature: of the kernel; 1 is the kernel itself.
        particles: accepted settings.
        settings: that were run, those after the last particle among them.
        ruled_out: proposals that history matching had ruled out; not run.
        outside: proposals outside the prior; not run.
        broken: settings that had no value for some target.
    """

    number: int
    temperature: float
    particles: int
    settings: int
    ruled_out: int
    outside: int
    broken: int


@dataclass(frozen=True, slots=True)
class Smc:
    """How the posterior was found.

    Attributes:
        populations: in order.
        version: of pyABC.
        database: its SQLite file; None when it was not kept.
    """

    populations: tuple[Population, ...]
    version: str
    database: Path | None

    @property
    def settings(self) -> int:
        """Settings that were run, over all populations."""
        return sum(one.settings for one in self.populations)

    @property
    def broken(self) -> int:
        """Settings without a value for some target, over all populations."""
        return sum(one.broken for one in self.populations)


@dataclass(eq=False)
class Sampling:
    """One ABC-SMC: what is proposed, run, counted and kept.

    Args:
        targets: to accept by.
        names: of all factors.
        particles_of: places of the factors that are particles; the others are drawn anew.
        waves: of history matching; settings that they rule out are not run.
        run: runs settings.
        particles: in each population.
        temperatures: of the populations; the last is 1.
        most: settings of one population beyond which it is given up.
        store: folder for the database; None: none is kept.
        key: what makes the calibration this one; another one is not resumed.
    """

    targets: Sequence[Target]
    names: Sequence[str]
    particles_of: Sequence[int]
    waves: Sequence[matching.Wave]
    cutoff: float
    run: Run
    particles: int
    temperatures: Sequence[float]
    most: int
    seed: int
    key: str = ""
    store: Path | None = None
    _place: Path = Path()
    _banks: list[Bank] = field(default_factory=list)
    _ruled_out: int = 0
    _record: list[Population] = field(default_factory=list)

    def find(self, *, resume: bool = False) -> tuple[Bank, np.ndarray, Smc]:
        """The last population as a bank, its weights (adding up to 1), and what it took.

        Raises:
            CalibrationError: too many settings without a value, or the targets are (hardly ever)
                met.
            InputError: the folder holds another calibration.
            CodoseError: pyABC is missing.
        """
        parts = _parts()
        # Without a store the database is a file too, for a while: pyABC leaves one in memory open.
        with quiet(), tempfile.TemporaryDirectory(prefix="codose-") as place:
            self._place = Path(place) if self.store is None else self.store
            sampler = parts.BatchSampler(
                [self.names[i] for i in self.particles_of], self._simulate,
                seed=self.seed, batch=BATCH, most=self.most, filled=self._note,
            )  # fmt: skip
            smc = parts.new_smc(
                self.targets, sampler.names, sampler,
                particles=self.particles, temperatures=self.temperatures,
            )  # fmt: skip
            done = self._open(smc, resume)
            for number in range(done, len(self.temperatures)):
                self._banks, self._ruled_out = [], 0
                smc.run(max_nr_populations=1)
                if sampler.starved:
                    raise self._starved(number)
            return *self._last(smc), self._smc()

    # --- one batch ---------------------------------------------------------------------------

    def _simulate(self, population: int, batch: int, unit: np.ndarray) -> list[dict]:
        """Run proposals (proposals, particles_of); see :data:`sim.study._pyabc_parts.Simulate`."""
        luck = np.random.default_rng([self.seed, 17, population, batch])
        whole = luck.random((len(unit), len(self.names)))
        whole[:, list(self.particles_of)] = unit
        within = matching.not_ruled_out(self.targets, self.waves, whole, self.cutoff)
        self._ruled_out += int((~within).sum())
        shape = (len(unit), len(self.targets))
        outputs, errors = np.full(shape, np.nan), np.full(shape, np.nan)
        if within.any():
            bank = self.run(f"population {population + 1} batch {batch + 1}", whole[within])
            self._banks.append(bank)
            refuse_broken(self.targets, joined(self._banks))
            outputs[within], errors[within] = bank.outputs, bank.errors
        return [
            {
                "outputs": outputs[row],
                "errors": errors[row],
                "unit": whole[row],
                "within": within[row : row + 1].astype(float),
            }
            for row in range(len(unit))
        ]

    def _starved(self, number: int) -> CalibrationError:
        bank = joined(self._banks)
        if not hits(self.targets, bank).all(axis=1).any():
            return nothing_left(self.targets, bank)
        return CalibrationError(
            Problem(
                f"population {number + 1} (temperature {self.temperatures[number]:g}) found fewer "
                f"than {self.particles:,} particles in {len(bank):,} settings",
                field="particles",
                allowed="fewer particles, more samples, or another temperature before this one",
            )
        )

    # --- what is kept ------------------------------------------------------------------------

    def _open(self, smc: pyabc.ABCSMC, resume: bool) -> int:
        """Open the database; returns how many populations it holds."""
        observed = {"outputs": np.array([target.value for target in self.targets])}
        self._place.mkdir(parents=True, exist_ok=True)
        database, record = self._place / DATABASE, self._place / RECORD
        address = f"sqlite:///{database.resolve().as_posix()}"
        if resume and database.is_file() and record.is_file():
            kept = json.loads(record.read_text(encoding="utf-8"))
            if kept.get("key") != self.key:
                raise InputError(
                    Problem(
                        "holds the populations of another calibration (its study, targets or "
                        "versions are not these)",
                        file=str(database),
                        allowed="the study that it was begun with, or another --out",
                    )
                )
            history = smc.load(address, observed_sum_stat=observed)
            done = int(history.n_populations)
            self._record = [Population(**one) for one in kept["populations"][:done]]
            return done
        database.unlink(missing_ok=True)
        record.unlink(missing_ok=True)
        smc.new(address, observed)
        self._write()
        return 0

    def _note(self, number: int, outside: int) -> None:
        """Write down what a population took, before pyABC writes the population: after a crash
        between the two, the record has a line too many, which is left out."""
        bank = joined(self._banks)
        self._record.append(
            Population(
                number + 1, float(self.temperatures[number]), self.particles, len(bank),
                self._ruled_out, outside, int(bank.broken.sum()),
            )
        )  # fmt: skip
        self._write()

    def _write(self) -> None:
        plain = {"key": self.key, "populations": [asdict(one) for one in self._record]}
        path = self._place / RECORD
        new = path.with_suffix(".new")
        new.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8", newline="\n")
        new.replace(path)

    # --- what comes out ----------------------------------------------------------------------

    def _last(self, smc: pyabc.ABCSMC) -> tuple[Bank, np.ndarray]:
        history = smc.history
        assert history is not None
        particles = history.get_population().particles
        unit = np.array([one.sum_stat["unit"] for one in particles])
        weights = np.array([one.weight for one in particles])
        bank = Bank(
            unit,
            np.empty((len(unit), 0)),  # the caller knows the distributions
            np.array([one.sum_stat["outputs"] for one in particles]),
            np.array([one.sum_stat["errors"] for one in particles]),
        )
        return bank, weights / weights.sum()

    def _smc(self) -> Smc:
        import pyabc

        database = None if self.store is None else self.store / DATABASE
        return Smc(tuple(self._record), str(pyabc.__version__), database)


def _parts() -> Any:
    try:
        from sim.study import _pyabc_parts
    except ImportError:  # pragma: no cover - depends on the installation
        raise CodoseError("method abc_smc needs pyABC: install 'codose[calibrate]'") from None
    return _pyabc_parts


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """pyABC's messages on the way are for its developers; warnings stay."""
    logger = logging.getLogger("ABC")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
