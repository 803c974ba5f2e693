"""Results and SeveralRuns: results of several scenarios for one question.

:func:`over_scenarios` lets a function of one scenario take several scenarios.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from sim.core.errors import InputError, check_known
from sim.core.outcomes import HEADLINES
from sim.scenario.scenario import Scenario, find

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawn

    from sim.studies.run.runs import Runs  # noqa: F401, a base class names it as text


One = Scenario | str | os.PathLike[str]
"""A scenario, the path of its file, or the name of a shipped one."""
Many = Sequence[One] | Mapping[str, One]
"""Several scenarios; a mapping gives their labels."""
P = ParamSpec("P")
R = TypeVar("R", covariant=True)
S = TypeVar("S", covariant=True)


class Results(Mapping[str, R], Generic[R]):
    """Results of one question, by the label of each scenario.

    >>> from sim import surface
    >>> found = surface(["classroom", "light_touch"], every_weeks=[8], hours=[1], sets=2,
    ...                 replicates=2)
    >>> list(found), found["classroom"].kind.name
    (['classroom', 'light_touch'], 'surface')
    >>> found.table("surface")["scenario"].unique().tolist()
    ['classroom', 'light_touch']
    """

    def __init__(self, found: Mapping[str, R]) -> None:
        self._found = dict(found)

    def __getitem__(self, name: str) -> R:
        check_known(name, self._found, "is not one of these scenarios", field="scenario")
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {one!r}" for name, one in self._found.items())

    def _repr_html_(self) -> str:
        return "".join(one._repr_html_() for one in self._found.values())  # type: ignore[attr-defined]

    def table(self, name: str) -> pd.DataFrame:
        """A table of all scenarios.

        Returns:
            The rows of one scenario after the other; the first column, ``scenario``, has the label.

        Raises:
            InputError: a result has no table of that name.
        """
        return self.joined(lambda one: one.table(name))

    def joined(self, frame_of: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
        """Join a frame of each scenario, one after the other.

        Args:
            frame_of: a function from a result to its frame.

        Returns:
            The rows of all scenarios; the first column, ``scenario``, has the label. Columns of
            words keep their type.
        """
        import pandas as pd

        frames = []
        for name, one in self._found.items():
            frame = frame_of(one)
            frame.insert(0, "scenario", name)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def plot(self, name: str | None = None) -> Any:
        """Draw a figure of each scenario.

        Args:
            name: the name of the figure; default: the first.

        Returns:
            The figures by the labels of the scenarios.

        Raises:
            InputError: no figure has that name.
        """
        return {label: one.plot(name) for label, one in self._found.items()}  # type: ignore[attr-defined]

    def save(self, directory: str | os.PathLike[str], **how: Any) -> Path:
        """Write a result folder of each scenario into a folder.

        Args:
            directory: the folder; the result folders in it have the labels of the scenarios.
            how: further arguments of :meth:`sim.studies.result.Result.save`.

        Raises:
            ResultsError: a result folder holds something else, or cannot be written.
        """
        for name, one in self._found.items():
            one.save(Path(directory, _as_folder(name)), **how)  # type: ignore[attr-defined]
        return Path(directory)


class SeveralRuns(Results["Runs"]):
    """Runs of several scenarios, with the same people and chance where they have the same regions.

    Frames are those of :class:`~sim.studies.run.runs.Runs` with a column ``scenario``.

    >>> from sim import run
    >>> found = run({"often": "classroom", "seldom": "light_touch"}, sets=2, replicates=2)
    >>> frame = found.summary()
    >>> frame[(frame["outcome"] == "trust") & (frame["point"] == "horizon")]["scenario"].tolist()
    ['often', 'seldom']
    """

    def summary(self, region: str = "overall") -> pd.DataFrame:
        """Summaries as in :meth:`~sim.studies.run.runs.Runs.summary`, with a row for each scenario,
        outcome and point.

        Args:
            region: a region that every scenario has, or "overall".

        Raises:
            InputError: a scenario has no such region.
        """
        return self.joined(lambda one: one.summary(region))

    def runs(self) -> pd.DataFrame:
        """Values as in :meth:`~sim.studies.run.runs.Runs.runs`, with a row for each scenario, run,
        region, outcome and point."""
        return self.joined(lambda one: one.runs())

    def weeks(self) -> pd.DataFrame:
        """Values as in :meth:`~sim.studies.run.runs.Runs.weeks`, with a row for each scenario, arm,
        region, week and outcome."""
        return self.joined(lambda one: one.weeks())

    def trajectories(self) -> pd.DataFrame:
        """Values as in :meth:`~sim.studies.run.runs.Runs.trajectories`, with a row for each
        scenario, run, arm, region and week.

        Raises:
            ResultsError: weekly values of runs were not kept.
        """
        return self.joined(lambda one: one.trajectories())

    def plot(self, outcomes: str | Sequence[str] | None = None) -> Drawn:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Each scenario over the weeks: means, and bands of 90 % of runs.

        Args:
            outcomes: names of outcomes, one panel each; default: the headline outcomes.

        Raises:
            InputError: an outcome is unknown.
        """
        from sim.studies.run.courses import side_by_side

        names = HEADLINES if outcomes is None else outcomes
        return side_by_side(
            {name: one.courses for name, one in self.items()},
            [names] if isinstance(names, str) else names,
        )

    def to_xarray(self) -> Any:
        """A dataset as in :meth:`~sim.studies.run.runs.Runs.to_xarray`, with NaN for values that a
        scenario lacks.

        Raises:
            InputError: xarray is not installed.
        """
        from sim.studies.run.dataset import joined

        return joined(self)


class OneOrMany(Protocol[P, R, S]):
    """A function of one scenario or of several."""

    @overload
    def __call__(self, scenario: One, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, scenario: Many, *args: P.args, **kwargs: P.kwargs) -> S: ...


def over_scenarios(
    results: Callable[[Mapping[str, Any]], S],
) -> Callable[[Callable[Concatenate[Any, P], R]], OneOrMany[P, R, S]]:
    """Let a function of one scenario take a sequence of scenarios or a mapping from labels to them.

    Without a seed, all scenarios have the seed of the first, so that they share people and chance.

    Args:
        results: the class that joins the results, such as :class:`Results`.
    """

    def decorate(ask: Callable[Concatenate[Any, P], R]) -> OneOrMany[P, R, S]:
        @functools.wraps(ask)
        def asked(scenario: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(scenario, str | os.PathLike | Scenario):
                return ask(scenario, *args, **kwargs)
            scenarios = named(scenario)
            first = next(iter(scenarios.values()))
            if kwargs.get("seed") is None:
                kwargs["seed"] = first.seed
            execution = kwargs.pop("execution", None)
            found = {}
            for name, one in scenarios.items():
                how = execution and execution.within(_as_folder(name))
                found[name] = ask(one, *args, execution=how, **kwargs)  # type: ignore[arg-type]
            return results(found)

        return asked  # type: ignore[return-value]

    return decorate


def named(scenarios: Many) -> dict[str, Scenario]:
    """Several scenarios by label: the keys of a mapping, else the name of a Scenario object or of a
    file.

    Raises:
        InputError: there is no scenario, two have one label, or one cannot be used.

    >>> list(named(["classroom", "source"]))
    ['classroom', 'source']
    """
    if isinstance(scenarios, Mapping):
        given = list(scenarios.items())
    elif isinstance(scenarios, list | tuple):
        given = [(one.name if isinstance(one, Scenario) else Path(one).stem, one)
                 for one in scenarios]  # fmt: skip
    else:
        raise InputError(
            f"{scenarios!r} is not a scenario", "scenario",
            allowed="a Scenario, a path, a shipped name; a list of them, or a mapping",
        )  # fmt: skip
    if not given:
        raise InputError("no scenario is given", "scenario", allowed="one or more")
    names = [str(name) for name, _ in given]
    if again := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"two scenarios are called {again[0]!r}", "scenario",
            allowed="a mapping from names to scenarios",
        )  # fmt: skip
    return {
        name: one if isinstance(one, Scenario) else Scenario.load(find(one))
        for name, (_, one) in zip(names, given, strict=True)
    }


def _as_folder(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
    return kept.strip(".")[:100] or "scenario"
