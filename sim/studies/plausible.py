"""PlausibleSets: the parameter sets that express parameter uncertainty in every planner's answer.

:func:`plausible_sets` draws the sets, and a :class:`Posterior` is what a calibration leaves to draw
from. A band over seeds alone is very narrow, because a region's mean averages many people; most of
what we do not know is in the parameters. Planner commands therefore run many *sets*:

* With the calibration that comes with the project, sets are settings drawn by their weights. Each
  keeps all values with which it was run, so free parameters stay with the uncertain parameters
  beside which they met the targets.
* Without a calibration, sets are a Latin hypercube (McKay, Beckman & Conover 1979, Technometrics
  21(2) 239-245) over the plausible ranges of free and uncertain parameters.

Parameters that a calibration did not vary are drawn from their ranges by a Latin hypercube, too.

Format of a posterior, in ``experiments/plausible/``: one table, ``NAME.parquet`` or ``NAME.csv``,
and beside it ``NAME.json``. The table has a row for each set, a column for each free or uncertain
parameter that was varied (named as in the table of parameters; a parameter without a column is
drawn from its range) and a column ``weight`` (0 or more, any scale). The JSON object has these
fields:

* ``format``: "codose plausible sets"; ``format_version``: 2;
* ``model_version``: :data:`sim.core.units.MODEL_VERSION`; sets of another version are refused;
* ``targets``: number of targets calibrated to; ``borrowed``: how many of them come from other
  settings; ``own``: how many the user brought (default: none);
* ``narrowed``: for each parameter, the share of its SD by which the range was narrowed (0, or left
  out: the parameter kept its range);
* optional ``target_ids``: the id of each target;
* optional ``grades``: the grade of each target, by its id;
* optional ``parameters``: for each parameter, the ``targets`` that narrowed it, their ``grades``,
  and ``our_reading``, which says whether patterns narrowed it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core import files
from sim.core.errors import InputError, did_you_mean
from sim.core.parameters import Parameter, Parameters, rows
from sim.core.units import MODEL_VERSION
from sim.core.whole import check_seed, check_whole
from sim.present.format import count as counted
from sim.runs.folder import MANIFEST
from sim.stats.resampling import systematic
from sim.tables_in.reader import read_table

if TYPE_CHECKING:
    import numpy as np

    from sim.scenario.scenario import Scenario
else:
    from sim.core.late import np

FORMAT = "codose plausible sets"
FORMAT_VERSION = 2
FIFTH, TENTH = 0.195, 0.045
"""Shares from which a range counts as narrowed by a fifth or more, and by about a tenth; they are
20 % and 5 % after rounding."""
MOST_SETS = 100_000
DEFAULT_SETS = 50
DEFAULT_SEED = 1
"""Seed of the sets, which is no seed of chance: every scenario and command has the same sets."""


@dataclass(frozen=True, slots=True)
class PlausibleSets:
    """Parameter sets, all equally likely: the weights of a posterior have already decided which of
    its settings were drawn.

    Attributes:
        sets: full parameter sets.
        source: one sentence that says what these sets are.
        targets: number of targets that the sets were calibrated to; 0: not calibrated.
        varied: names of the parameters that differ between sets.
        target_ids: ids of these targets, where the calibration names them.
    """

    sets: tuple[Parameters, ...]
    source: str
    targets: int = 0
    varied: tuple[str, ...] = ()
    target_ids: tuple[str, ...] = ()
    _held: dict[tuple[tuple[str, float], ...], tuple[Parameters, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.sets)

    @property
    def calibrated(self) -> bool:
        """Whether the free parameters were calibrated to data."""
        return self.targets > 0

    def record(self) -> dict[str, Any]:
        """The sets as plain values for a manifest; :meth:`of_record` reads them back."""
        return {
            "source": self.source,
            "targets": self.targets,
            "varied": list(self.varied),
            "target_ids": list(self.target_ids),
            "sets": [one.changed() for one in self.sets],
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> PlausibleSets:
        """The sets that a manifest holds.

        Raises:
            InputError: a name or value cannot be used.
        """
        sets = tuple(Parameters(changed, beyond_range=True) for changed in record["sets"])
        named = tuple(record["varied"]), tuple(map(str, record.get("target_ids", ())))
        return cls(sets, str(record["source"]), int(record["targets"]), *named)

    def within(self, scenario: Scenario) -> tuple[Parameters, ...]:
        """The sets with the values that a scenario's file holds in every set."""
        own = tuple(sorted(scenario.parameters.items()))
        if own not in self._held:
            self._held[own] = tuple(
                one.replace(beyond_range=True, **dict(own)) for one in self.sets
            )
        return self._held[own]


def plausible_sets(
    n: int = DEFAULT_SETS, seed: int = DEFAULT_SEED, *, folder: Path | None = None,
    posterior: Posterior | None = None,
) -> PlausibleSets:  # fmt: skip
    """Draw plausible parameter sets.

    Args:
        n: the number of sets, 1..100,000.
        seed: the seed of the draw.
        folder: a folder that may hold a posterior; default: the one that comes with the project.
        posterior: a posterior in place of that of a folder.

    Raises:
        InputError: the number, the seed or the posterior cannot be used.
    """
    count = check_whole("sets", n, 1, MOST_SETS, f"1..{MOST_SETS:,}")
    start = check_seed(seed)
    posterior = read_posterior(folder) if posterior is None else posterior
    drawn = hypercube(count, start)
    if posterior is None:
        number = len(drawn)
        return _equal(
            drawn,
            f"plausible sets, a Latin hypercube over the ranges of {number} assumptions; "
            "not calibrated",
        )
    generator = np.random.default_rng([start, 1])
    chosen = generator.permutation(systematic(posterior.weights, count, generator))
    drawn |= {name: column[chosen] for name, column in posterior.columns.items()}
    others = len(drawn) - len(posterior.shares)
    said = constrained_by(
        posterior.targets, posterior.borrowed, posterior.shares, posterior.own
    )  # fmt: skip
    return _equal(
        drawn,
        f"plausible sets, {said}; {others} other parameters vary with them",
        posterior.targets,
        posterior.target_ids,
    )


def constrained_by(targets: int, borrowed: int, shares: Mapping[str, float], own: int = 0) -> str:
    """What calibrated sets rest on, in words that are printed wherever such sets are used.

    Args:
        targets, borrowed, own: number of all targets, of those from other settings, and of the
            user's own.
        shares: for each calibrated parameter, the share by which its range was narrowed.

    >>> constrained_by(15, 8, {"keeping": 0.23, "hour_scale": 0.27, "routine_step": 0.1, "x": 0.0})
    'constrained by 15 targets, 8 of them borrowed from other sectors; of 4 calibrated parameters, 2 were narrowed by a fifth or more, 1 by about a tenth, and 1 kept its range'
    >>> constrained_by(1, 0, {"keeping": 0.23}, own=1)
    'constrained by 1 target, of your own alone; of 1 calibrated parameter, 1 was narrowed by a fifth or more, none by about a tenth, and none kept their ranges'
    """  # noqa: E501
    whose = f"{borrowed or 'none'} of them borrowed from other sectors"
    if own:
        whose = "of your own alone" if own == targets else f"{own} of them your own and {whose}"
    fifth, tenth, rest = (len(names) for names in sorted_out(shares))
    were, its = "was" if fifth == 1 else "were", "its range" if rest == 1 else "their ranges"
    return (
        f"constrained by {counted(targets, 'target')}, {whose}; of "
        f"{counted(len(shares), 'calibrated parameter')}, {fifth or 'none'} {were} narrowed by a "
        f"fifth or more, {tenth or 'none'} by about a tenth, and {rest or 'none'} kept {its}"
    )


def sorted_out(shares: Mapping[str, float]) -> tuple[list[str], list[str], list[str]]:
    """Names of parameters narrowed by a fifth or more, by about a tenth, and not narrowed."""
    return (
        [name for name, share in shares.items() if share >= FIFTH],
        [name for name, share in shares.items() if TENTH <= share < FIFTH],
        [name for name, share in shares.items() if share < TENTH],
    )


def given_sets(sets: Sequence[Parameters]) -> PlausibleSets:
    """The caller's own parameter sets as plausible sets, all equally likely.

    Raises:
        InputError: no set is given, or one of them is no parameter set.
    """
    chosen = tuple(sets)
    if not chosen or not all(isinstance(one, Parameters) for one in chosen):
        raise InputError("are not parameter sets", field="sets", allowed="1 or more sim.Parameters")
    varied = tuple(n for n in chosen[0] if any(one[n] != chosen[0][n] for one in chosen))
    noun = "parameter set" if len(chosen) == 1 else "parameter sets"
    return PlausibleSets(chosen, f"{len(chosen)} {noun} given by the caller", varied=varied)


def varied_rows() -> list[Parameter]:
    """The free and the uncertain parameters, in the order of the table."""
    return [row for row in rows() if row.role in ("free", "uncertain")]


def hypercube(n: int, seed: int) -> dict[str, np.ndarray]:
    """A Latin hypercube over the ranges of all free and uncertain parameters: name -> (n,)."""
    table = varied_rows()
    unit = latin_hypercube(n, len(table), seed)
    return {
        row.name: _low(row) + unit[:, i] * (_high(row) - _low(row)) for i, row in enumerate(table)
    }


def latin_hypercube(count: int, factors: int, seed: int) -> np.ndarray:
    """A Latin hypercube: each factor has one point in each of ``count`` equal slices of 0-1.

    Source: McKay, Beckman and Conover (1979). The points are those of
    ``scipy.stats.qmc.LatinHypercube``, bit for bit; SciPy itself takes longer to load than most
    studies take to run.

    Returns:
        float64 (count, factors).
    """
    # This generator is local to the call; the chance of runs comes from the engine's streams.
    generator = np.random.default_rng(seed).spawn(1)[0]
    within = generator.uniform(size=(count, factors))
    slices = np.tile(np.arange(1, count + 1), (factors, 1))
    for row in slices:
        generator.shuffle(row)
    return (slices.T - within) / count


def _low(row: Parameter) -> float:
    return row.minimum if row.low is None else row.low


def _high(row: Parameter) -> float:
    return row.maximum if row.high is None else row.high


def _equal(
    columns: Mapping[str, np.ndarray], source: str, targets: int = 0, ids: tuple[str, ...] = ()
) -> PlausibleSets:
    count = len(next(iter(columns.values())))
    sets = tuple(
        Parameters(
            {name: float(column[i]) for name, column in columns.items()},
            beyond_range=True,
        )
        for i in range(count)
    )
    return PlausibleSets(sets, source, targets, tuple(columns), ids)


# --- the posterior file ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """A posterior as its files hold it.

    Attributes:
        columns: (rows,) values of each parameter that was varied.
        weights: (rows,), any scale.
        targets, borrowed, own, narrowed: fields of the JSON file, see the head of this module.
        grades: the grades of the targets, each once, in order.
        parameters: the field of that name in the JSON file; may be empty.
        target_ids: the field of that name in the JSON file; may be empty.
    """

    columns: dict[str, np.ndarray]
    weights: np.ndarray
    targets: int
    borrowed: int
    narrowed: Mapping[str, float]
    grades: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    own: int = 0
    target_ids: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """The posterior as plain values for JSON; ``Posterior.of_record`` reads them back."""
        plain = {name: column.tolist() for name, column in self.columns.items()}
        return {
            "columns": plain, "weights": self.weights.tolist(), "targets": self.targets,
            "borrowed": self.borrowed, "own": self.own, "narrowed": dict(self.narrowed),
        }  # fmt: skip

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Posterior:
        """The inverse of :meth:`record`."""
        arrays = {name: np.array(column) for name, column in record["columns"].items()}
        return cls(**{**record, "columns": arrays, "weights": np.array(record["weights"])})

    def marginals(self, grid: int = 257) -> dict[str, np.ndarray]:
        """The marginal distribution of each parameter: name -> (grid,), the values at equally
        spaced probabilities from 0 to 1.

        Each value stands in the middle of its weight, so that draws have the mean of the sets; an
        interval (:mod:`sim.stats.intervals`) says instead where a further value falls.

        >>> found = read_posterior()
        >>> found is None or all((np.diff(one) >= 0).all() for one in found.marginals().values())
        True
        """
        at = np.linspace(0.0, 1.0, grid)
        found = {}
        for name, column in self.columns.items():
            order = np.argsort(column, kind="stable")
            weight = self.weights[order]
            middle = (np.cumsum(weight) - 0.5 * weight) / weight.sum()
            found[name] = np.interp(at, middle, column[order])
        return found

    @property
    def shares(self) -> dict[str, float]:
        """The share by which each calibrated parameter was narrowed: the free parameters and any
        others that the JSON file names."""
        calibrated = (
            row.name for row in rows()
            if row.name in self.columns and (row.role == "free" or row.name in self.narrowed)
        )  # fmt: skip
        return {name: self.narrowed.get(name, 0.0) for name in calibrated}


SetChoice = PlausibleSets | int | str | os.PathLike[str] | Sequence[Parameters] | None
"""Plausible sets, the number of them to draw, the folder of a calibration, or the caller's own
parameter sets; None: 50 plausible sets."""


def chosen_sets(sets: SetChoice) -> PlausibleSets:
    """The plausible sets that an argument ``sets`` stands for.

    Raises:
        InputError: the number cannot be used, or the folder has no plausible sets.

    >>> len(chosen_sets(None).sets), len(chosen_sets(3).sets)
    (50, 3)
    """
    if isinstance(sets, PlausibleSets):
        return sets
    if sets is None or isinstance(sets, int | Integral):
        return plausible_sets(DEFAULT_SETS if sets is None else int(sets))
    if not isinstance(sets, str | os.PathLike):
        return given_sets(sets)
    return plausible_sets(posterior=posterior_in(sets, otherwise="a number, or "))


def posterior_in(folder: str | os.PathLike[str], *, otherwise: str = "") -> Posterior:
    """The posterior that a calibration wrote into a folder.

    Args:
        folder: the folder of the calibration.
        otherwise: what else the user may give in place of the folder, for the message.

    Raises:
        InputError: the folder has no posterior, or one that cannot be used.
    """
    place = Path(folder)
    found = read_posterior(place) if os.path.isdir(place) else None
    if found is None:
        raise InputError(
            f"{str(folder)!r} holds no plausible sets",
            field="sets",
            value=str(folder),
            allowed=f"{otherwise}a folder that 'codose calibrate' wrote",
        )
    return found


def read_posterior(folder: Path | None = None) -> Posterior | None:
    """The checked posterior of a folder; None where the folder has none.

    Args:
        folder: default: the folder of the posterior that comes with the project.

    Raises:
        InputError: the posterior cannot be used.
    """
    folder = files.folder("experiments") / "plausible" if folder is None else folder
    table = _posterior_file(folder)
    return None if table is None else _read(table, _content(table))


def _refusal(path: Path, message: str, allowed: str = "", **more: Any) -> InputError:
    return InputError(message, file=str(path), allowed=allowed, **more)


def _posterior_file(folder: Path) -> Path | None:
    """The table of a posterior in the folder; None where the table or the folder is missing."""
    found = sorted(p for suffix in ("parquet", "csv") for p in folder.glob(f"*.{suffix}"))
    names = {path.stem for path in found}
    if "plausible" in names:  # the folder of a calibration, with other tables beside it
        found, names = [path for path in found if path.stem == "plausible"], {"plausible"}
    elif os.path.isfile(folder / MANIFEST):  # a result folder of another kind of study
        return None
    if len(names) > 1:
        raise _refusal(folder, f"holds several posteriors ({', '.join(sorted(names))})", "one")
    # where the same table is there as Parquet and as CSV, Parquet has every bit
    return max(found, key=lambda path: path.suffix) if found else None


def _content(path: Path) -> bytes:
    """A hash of a posterior's files; b"" where one cannot be read, as :func:`_read` will say."""
    found = hashlib.sha256()
    for one in (path, path.with_suffix(".json")):
        try:
            with one.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            return b""
    return found.digest()


@lru_cache(maxsize=4)  # a command asks for the same sets several times
def _read(path: Path, content: bytes) -> Posterior:
    """Read and check a posterior and its JSON file.

    Args:
        path: the table.
        content: its :func:`_content`; files that changed are read again.

    Raises:
        InputError: the files have mistakes.
    """
    manifest = _manifest(path.with_suffix(".json"))
    try:
        table = _columns(path)
    except (OSError, ValueError) as error:
        raise _refusal(path, f"cannot be read ({' '.join(str(error).split())})") from None
    known = [row for row in rows() if row.role in ("free", "uncertain")
             or row.name in manifest["narrowed"]]  # fmt: skip
    allowed = [row.name for row in known] + ["weight"]
    for column in table:
        if column not in allowed:
            raise _refusal(
                path,
                f"the column {column!r} is not a parameter that varies",
                ", ".join(allowed),
                suggestion=did_you_mean(column, allowed),
            )
    if "weight" not in table or len(table) < 2 or not len(table["weight"]):
        raise _refusal(
            path,
            "does not hold a set",
            "a row for each set, with columns of parameters and a column 'weight'",
        )
    weights = _numbers(path, table, "weight", 0.0, math.inf)
    if not weights.sum() > 0:
        raise _refusal(path, "every weight is 0")
    columns = {
        row.name: _numbers(path, table, row.name, row.minimum, row.maximum)
        for row in known
        if row.name in table
    }
    for array in (weights, *columns.values()):
        array.setflags(write=False)  # every caller has the same
    return Posterior(columns, weights, **manifest)


def _columns(path: Path) -> dict[str, Sequence[Any]]:
    """The columns of a table by name, read without pandas, which takes longer to load."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pydict()
    read = read_table(path, what="the table of sets", guess=False)
    return {
        name: [row.cells[at] or "nan" for row in read.rows] for at, name in enumerate(read.columns)
    }


def _numbers(
    path: Path, table: Mapping[str, Sequence[Any]], name: str, low: float, high: float
) -> np.ndarray:
    try:
        column = np.array([float(value) for value in table[name]])
    except (TypeError, ValueError):
        raise _refusal(path, f"the column {name!r} is not made of numbers") from None
    wrong = np.flatnonzero(~(np.isfinite(column) & (column >= low) & (column <= high)))
    if len(wrong):
        first = int(wrong[0])
        raise _refusal(
            path,
            f"{column[first]} is out of range",
            f"{low:g}..{high:g}" if math.isfinite(high) else f"{low:g} or more",
            field=f"row {first + 1}, {name}",
        )
    return column


def _manifest(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refusal(path, f"cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise _refusal(path, "does not describe plausible sets", f'"format": "{FORMAT}"')
    if data.get("model_version") != MODEL_VERSION:
        made, study = data.get("model_version"), "your file, or the shipped one, calibrate"
        version = "before 3" if made is None else made
        raise _refusal(
            path,
            f"holds sets of another version of the model ({version}; this is {MODEL_VERSION}); "
            f"make them anew with 'codose calibrate STUDY --out {path.parent} --force' "
            f"(STUDY: {study})",
        )
    if data.get("format_version") != FORMAT_VERSION:
        raise _refusal(path, "has another format version", f'"format_version": {FORMAT_VERSION}')
    counts = {}
    for name, low in (("targets", 1), ("borrowed", 0), ("own", 0)):
        value = data.get(name, 0 if name == "own" else None)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise _refusal(path, f"{value!r} is not a number", f"{low} or more", field=name)
        counts[name] = value
    names = [row.name for row in rows()]
    narrowed = data.get("narrowed")
    if not isinstance(narrowed, dict) or not set(narrowed) <= set(names):
        allowed = "the names of 'codose parameters'"
        message = f"{narrowed!r} is not a mapping from parameters to shares"
        raise _refusal(path, message, allowed, field="narrowed")
    for name, share in narrowed.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise _refusal(path, f"{share!r} is not a share", "0..1", field=f"narrowed.{name}")
    grades, said, ids = (data.get(name) for name in ("grades", "parameters", "target_ids"))
    return {
        **counts,
        "narrowed": narrowed,
        "grades": tuple(sorted(set(map(str, grades.values())))) if isinstance(grades, dict) else (),
        "parameters": said if isinstance(said, dict) else {},
        "target_ids": tuple(map(str, ids)) if isinstance(ids, list) else (),
    }
