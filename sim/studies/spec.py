"""Study, Header and read_study: the fields that all study files share, checked like a scenario.

A study file is YAML in ``experiments/``. The header fields mean the same in every kind of study; a
kind adds fields of its own by deriving from :class:`Header` or one of its subclasses::

    class Spec(OverSets):
        kind: Literal["audit"]
        design: ...

    study = read_study(find_study(name), Spec)   # every mistake at once, with its line
    study.header.replicates, study.scenario, study.points(study.scenario)

>>> text = "kind: sensitivity\\nscenario: source\\noutcomes: [trust]\\nreplicates: 4\\n"
>>> study = parse_study(text, StudyHeader)
>>> study.header.outcomes, study.points(study.scenarios["source"])
(('trust',), {'end_of_ta': 104})
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from sim import studies
from sim.core import files
from sim.core.errors import InputError, Problem, did_you_mean, raise_problems, read_back, shown
from sim.core.outcomes import NAMES as OUTCOME_NAMES
from sim.core.outcomes import PERSISTENCE_WEEKS, Outcome, check_outcome
from sim.core.parameters import check_name
from sim.runs.engines import CHOICES, choose_engine, is_model
from sim.runs.own import OwnEngine, own_engine, recorded
from sim.scenario.checking import (
    Checked,
    FrozenDict,
    Issue,
    Number,
    Shape,
    Strict,
    Words,
    check,
    one_of,
    refusal,
    schema_of,
)
from sim.scenario.contact_log import MAX_WEEKS
from sim.scenario.loading import Document, document_of, load, parse
from sim.scenario.plans_file import holds_plans, load_plans, parts_of
from sim.scenario.scenario import Scenario, find
from sim.studies.distributions import SPEC_SCHEMA, Distribution, distribution_of
from sim.studies.plausible import (
    DEFAULT_SETS,
    MOST_SETS,
    PlausibleSets,
    chosen_sets,
    plausible_sets,
)

if TYPE_CHECKING:
    from sim.core.parameters import Parameters

MOST_NAMED = 2000
"""Most names in a list of a study file; more than there are weeks."""
WEEK_WORDS: tuple[str, ...] = ("start", "end_of_ta", "year_after", "horizon")
"""Names of weeks; each scenario has its own weeks of these names."""


class StudyError(InputError):
    """A study file that cannot be used."""


# --- fields --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutcomeSpec:
    """One outcome of a study: its level, its persistence, or the effect of TA on it.

    >>> parse_outcome("persistence of integration")
    OutcomeSpec(outcome='integration', form='persistence')
    """

    outcome: str
    form: str = "value"

    @property
    def label(self) -> str:
        """The text as the study file writes it."""
        if self.form == "persistence":
            return f"persistence of {self.outcome}"
        return f"effect on {self.outcome}" if self.form == "effect" else self.outcome


_FORMS = {"persistence of ": "persistence", "effect on ": "effect"}


def parse_outcome(text: str, own: Iterable[str] = ()) -> OutcomeSpec:
    """Read an outcome of a study file.

    Forms are ``integration``, ``persistence of integration`` (a year after the end of TA minus the
    end of TA) and ``effect on integration`` (against no TA, with the same people and chance).

    Args:
        text: the outcome as the study file writes it.
        own: names of the user's own outcomes.

    Raises:
        PydanticCustomError: no outcome has that name (a checked field adds the line).
    """
    name, form = text, "value"
    for prefix, found in _FORMS.items():
        if text.startswith(prefix):
            name, form = text[len(prefix) :].strip(), found
    known = (*OUTCOME_NAMES, *own)
    if name not in known:
        raise refusal(
            f"{shown(text)} is not an outcome",
            allowed="the names printed by 'codose outcomes', 'persistence of NAME', "
            "'effect on NAME'",
            suggestion=did_you_mean(name, known),
        )
    return OutcomeSpec(name, form)


def _not_too_many(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) > MOST_NAMED:
        raise refusal(f"has {len(value):,} entries", allowed=f"at most {MOST_NAMED:,}")
    return value


def _outcome_name(value: Any) -> str:
    if not isinstance(value, str):
        raise refusal(f"{shown(value)} is not the name of an outcome", allowed="text")
    return value


def _week(value: Any) -> int | str:
    if isinstance(value, str):
        allowed = f"a whole number 0..{MAX_WEEKS}, {', '.join(WEEK_WORDS)}"
        return one_of(value, WEEK_WORDS, "is not a week", allowed)
    return int(Number(0, MAX_WEEKS, whole=True).check(value))


def _source(value: Any) -> str | dict[str, Any]:
    """A shipped name or a path; or ``{function: name}``, a test function in place of the model."""
    if isinstance(value, str):
        return Words(1000).check(value)
    if isinstance(value, Mapping) and "function" in value:
        if extra := [key for key in value if key not in ("function", "noise")]:
            raise refusal(f"{extra[0]} is not a field of a function", allowed="function, noise")
        name = Words(100).check(value["function"])
        noise = Number(0).check(value.get("noise", 0.0))
        return {"function": name, "noise": noise}
    raise refusal(
        f"{shown(value)} is not a scenario",
        allowed="the name of a shipped scenario, or a path from this file",
    )


def _factors(value: Any) -> Factors:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, (list, tuple, Mapping)) and len(value) > MOST_NAMED:
        raise refusal(f"names {len(value):,} factors", allowed=f"at most {MOST_NAMED:,}")
    if isinstance(value, (list, tuple)):
        for name in value:
            if not isinstance(name, str):
                raise refusal(f"{shown(name)} is not the name of a factor", allowed="names, roles")
        repeated = sorted(name for name, times in Counter(value).items() if times > 1)
        if repeated:
            raise refusal(f"{shown(repeated[0])} is named twice")
        return tuple((name, None) for name in value)
    if isinstance(value, Mapping):
        return tuple((str(name), distribution_of(spec, str(name))) for name, spec in value.items())
    raise refusal(
        f"{shown(value)} names no factors",
        allowed="a role (free, uncertain), a list of names or roles, or a mapping name: "
        "{uniform: [low, high]}",
    )


_NAMED = {"type": "array", "items": {"type": "string"}}
Factors = Annotated[
    tuple[tuple[str, Distribution | None], ...],
    Shape(
        _factors,
        {
            "anyOf": [
                {"type": "string"},
                _NAMED,
                {"type": "object", "additionalProperties": SPEC_SCHEMA},
            ]
        },
    ),
]
"""Pairs of a name (parameter, role or lever) and a distribution; None: the table's range."""
MANY = BeforeValidator(_not_too_many)
"""Limit on the length of a list, see :data:`MOST_NAMED`."""
Week = Annotated[
    int | str,
    Shape(_week, {"anyOf": [{"type": "integer", "minimum": 0}, {"enum": list(WEEK_WORDS)}]}),
]
"""A week of a scenario, by number or word."""
_SOURCE = Shape(_source, {"anyOf": [{"type": "string"}, {"type": "object"}]})
OutcomeText = Annotated[str, Shape(_outcome_name, {"type": "string"})]
"""An outcome as a study file writes it; :func:`parse_outcome` reads it."""


def _kind(value: Any) -> str:
    return one_of(value, studies.names(), "is not a kind of study")


def _engine(value: Any) -> str:
    """The name of an engine; whether a user's own model exists is checked later."""
    if is_model(value):
        return str(value)
    return one_of(value, CHOICES, "is not an engine", f"{', '.join(CHOICES)}, module:Model")


def _held(value: Any) -> Mapping[str, float]:
    """Parameters and their values; the scenario checks later whether it allows them."""
    if not isinstance(value, Mapping):
        raise refusal(f"{shown(value)} holds no parameters", allowed="a mapping (parameter: value)")
    found = {}
    for name, one in value.items():
        if wrong := check_name(name):
            raise refusal(wrong.message, allowed=wrong.allowed, suggestion=wrong.suggestion)
        found[name] = float(Number().check_of(name, one))
    return FrozenDict(found)


def read_held(texts: Sequence[str]) -> dict[str, float]:
    """The parameters of ``--set NAME=VALUE``, each once.

    Raises:
        InputError: texts are not a name and a number; the message names each.

    >>> read_held(["trust_step=0.3", "hour_scale = 2"])
    {'trust_step': 0.3, 'hour_scale': 2.0}
    """
    found: dict[str, float] = {}
    problems = []
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        number = as_number(value)
        if name in Scenario.model_fields:
            problems.append(
                Problem(
                    f"{name} is a field of a scenario, not a parameter",
                    "--set",
                    text,
                    "the names printed by 'codose parameters'; a field is changed in the "
                    "scenario's own file",
                )
            )
        elif not name or number is None:
            problems.append(
                Problem(
                    f"{text!r} does not set a parameter",
                    "--set",
                    text,
                    "NAME=VALUE, such as trust_step=0.3",
                )
            )
        elif name in found:
            problems.append(Problem("is set twice", f"--set {name}"))
        else:
            found[name] = number
    if problems:
        raise InputError(problems)
    return found


def as_number(text: str) -> float | None:
    """The number that a text on the command line stands for; None for any other text.

    >>> as_number(" 0.5"), as_number("1_0"), as_number("x")
    (0.5, None, None)
    """
    try:
        return None if "_" in text else float(text)  # Python reads 1_0 as 10; nobody means that
    except ValueError:
        return None


def assignments(values: Mapping[str, float]) -> list[str]:
    """Each value as ``NAME=VALUE``, as the command line takes it.

    >>> assignments({"trust_step": 0.3})
    ['trust_step=0.3']
    """
    return [f"{name}={value!r}" for name, value in values.items()]


def _sets(value: Any) -> int | str:
    """A number of plausible sets, or the folder of a calibration."""
    if isinstance(value, str) and not value.strip().isdigit():
        return Words(1000).check(value)
    return int(
        Number(1, MOST_SETS, whole=True).check(int(value) if isinstance(value, str) else value)
    )


SETS = Shape(_sets, {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]})
"""How a number of plausible sets, or the folder of a calibration, is checked and described."""


@dataclass(frozen=True)
class Option:
    """How a field is given on the command line: ``Annotated[int, Number(1), Option("-n")]``.

    The name of the option is that of the field, and the field's docstring is its help.

    Attributes:
        short: a short form, such as ``-n``.
        name: another name than the field's, such as ``--set``.
        metavar: the placeholder of the value in the help.
        many: whether the option may be repeated; the field then gets a list of texts.
        read: a function that turns the text of the option (or the list of texts) into the field's
            value and raises an InputError for a text that it cannot use.
        write: the inverse of ``read``, for the command in the manifest.
        default: the default in the help, where the field's own default does not say it.
        path: whether the value may be a path. A path in a study file counts from that file, a path
            on the command line from the current folder.
    """

    short: str = ""
    name: str = ""
    metavar: str = ""
    many: bool = False
    read: Callable[[Any], Any] | None = None
    write: Callable[[Any], Any] | None = None
    default: str = ""
    path: bool = False


class Header(Strict):
    """The fields that all studies share."""

    kind: Annotated[str, Shape(_kind, {"enum": list(studies.names())})]
    """Kind of the study: sensitivity, plan, calibrate, audit ..."""
    name: Annotated[str, Words(200)] = "unnamed study"
    """Name of the study, on one line."""
    question: Annotated[str, Words(500, optional=True)] = ""
    """The question that the study answers, on one line."""
    description: Annotated[str, Words(20_000, one_line=False, optional=True)] = ""
    """What the study does, and why it does it in this way."""
    scenario: Annotated[str | dict[str, Any] | None, _SOURCE] = None
    """Name of a shipped scenario, or a path from this file."""
    scenarios: Annotated[tuple[Annotated[str | dict[str, Any], _SOURCE], ...], MANY] = ()
    """Several scenarios, in place of `scenario`."""
    outcomes: Annotated[tuple[OutcomeText, ...], MANY] = ("integration",)
    """Outcomes of the study: NAME, 'persistence of NAME' or 'effect on NAME'."""
    weeks: Annotated[tuple[Week, ...], MANY] = ("end_of_ta",)
    """Weeks at which outcomes are read: numbers, start, end_of_ta, year_after, horizon."""
    replicates: Annotated[int, Number(1, 2**32, whole=True), Option("-n")] = 4
    """Runs of each set, each with chance of its own."""
    seed: Annotated[int, Number(0, 2**63 - 1, whole=True), Option()] = 1
    """Seed of every random number."""
    engine: Annotated[
        str,
        Shape(_engine, {"anyOf": [{"enum": list(CHOICES)}, {"type": "string", "pattern": ":"}]}),
        Option(metavar="NAME"),
    ] = "auto"
    """auto, mesa (readable) or compiled (fast), which give the same numbers; or module:Model, a
    model of your own."""

    def plausible(self, folder: Path | None) -> PlausibleSets | None:
        """The plausible sets that the results rest on; None where a study does not use any."""
        return None

    def named_files(self, folder: Path | None) -> Iterator[tuple[tuple[str | int, ...], Path]]:
        """The files of :meth:`inputs`, each with the field that names it."""
        yield from ()

    def inputs(self, folder: Path | None) -> Mapping[str, Any]:
        """Further inputs, read from files that the study names, as plain values for JSON.

        Args:
            folder: the folder that paths count from; None: the current one.

        Raises:
            InputError: a file cannot be used.
        """
        return {}


class OverSets(Header):
    """The fields of a study over plausible parameter sets."""

    sets: Annotated[int | str, SETS, Option(metavar="N|DIR", path=True)] = DEFAULT_SETS
    """Plausible parameter sets: how many, or the folder of a calibration to draw them from."""
    hold: Annotated[
        Mapping[str, float],
        Shape(_held, {"type": "object", "additionalProperties": {"type": "number"}}),
        Option(name="--set", metavar="NAME=VALUE", many=True, read=read_held, write=assignments),
    ] = FrozenDict()
    """Hold a parameter at a value in every set; repeatable."""

    def plausible(self, folder: Path | None) -> PlausibleSets | None:
        """The plausible sets; a path counts from the folder of the study file.

        Raises:
            InputError: the folder holds no calibration.
        """
        if isinstance(self.sets, int):
            return plausible_sets(self.sets)
        return chosen_sets(beside(self.sets, folder))


class UntilClear(OverSets):
    """The fields of a study that may go on with more sets until its means are known well enough."""

    until: Annotated[
        Annotated[float, Number(0, above=True)] | None, Option(metavar="HALF-WIDTH", default="once")
    ] = None
    """Go on with more sets until the 90 % intervals of means are no wider than +- this."""
    most_sets: Annotated[int, Number(2, MOST_SETS, whole=True), Option()] = 2000
    """With --until, no more sets than this."""


def until_fields(until: float | None, most_sets: int | None) -> dict[str, Any]:
    """The given ones of the fields ``until`` and ``most_sets``."""
    given = {"until": until, "most_sets": most_sets}
    return {name: value for name, value in given.items() if value is not None}


def until_issues(spec: UntilClear) -> Iterator[Issue]:
    """Mistakes between ``until``, ``most_sets`` and ``sets``."""
    if spec.until is None:
        if "most_sets" in spec.model_fields_set:
            yield Issue(("most_sets",), "is for `until` only", allowed="until, such as 0.01")
    elif not isinstance(spec.sets, int):
        yield Issue(
            ("until",), "needs sets that can be more", spec.until, "a number of sets, no folder",
            reads=(("sets",),),
        )  # fmt: skip
    elif spec.sets > spec.most_sets:
        yield Issue(
            ("most_sets",), "is below the sets to begin with", spec.most_sets,
            f"{spec.sets} or more", reads=(("sets",),),
        )  # fmt: skip


class StudyHeader(Header):
    """The fields of a study over a design of points."""

    factors: Factors = (("free", None),)
    """The factors that vary: roles, names, or a mapping from name to distribution."""
    samples: Annotated[int, Number(1, 2**24, whole=True), Option()] = 512
    """Base samples of the design."""
    replicates: Annotated[int, Number(1, 2**20, whole=True), Option("-n")] = 10
    """Runs at each point, each with chance of its own."""
    time_limit_minutes: Annotated[float, Number(0, 100_000, above=True)] | None = None
    """Refuse the study when the estimate is above this; the option --time-limit comes first."""


def json_schema(model: type[Header]) -> dict[str, Any]:
    """The JSON schema of a kind of study file, for editors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a default that is an empty read-only mapping
        return schema_of(model, f"codose study: {model.__doc__ or ''}".splitlines()[0])


# --- reading -------------------------------------------------------------------------------------

H = TypeVar("H", bound=Header)


MoreIssues = Callable[[Any], Iterable[Issue]]
"""A function from the checked header to the mistakes between the fields of a kind."""


@dataclass(frozen=True, eq=False)
class Study(Generic[H]):
    """A checked study: its fields, scenarios, outcomes and parameter sets.

    Attributes:
        header: the fields.
        scenarios: every scenario by the name the file gives it, in order (empty for a function).
        outcomes: the outcomes of the study.
        plausible: the parameter sets of a study over plausible sets; None for any other study.
        document: the fields as they were given, with their lines, for further errors
            (:meth:`error`).
        file: name of the file in messages.
        inputs: what was read from files that the fields name, see :meth:`Header.inputs`.
        own: the engine, where it is the user's own model.
    """

    header: H
    scenarios: Mapping[str, Scenario]
    outcomes: tuple[OutcomeSpec, ...]
    document: Document
    file: str
    plausible: PlausibleSets | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    own: OwnEngine | None = None

    def about(self, outcome: str) -> Outcome:
        """The declaration of an outcome of codose or of the engine."""
        if self.own is not None and outcome in self.own.outcomes:
            return self.own.outcomes[outcome]
        return check_outcome(outcome)

    @property
    def engine(self) -> str | OwnEngine:
        """The engine that makes the runs."""
        return self.own or self.header.engine

    @property
    def engine_name(self) -> str:
        """The name of the engine that makes the runs."""
        return self.own.name if self.own is not None else choose_engine(self.header.engine)[0]

    @property
    def scenario(self) -> Scenario:
        """The only (or first) scenario."""
        return next(iter(self.scenarios.values()))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the scenarios: the names of their files, or the names of Scenario objects."""
        return tuple(
            name
            if name == one.name or name.startswith(f"{one.name} (")
            else parts_of(name)[1] or Path(name).stem
            for name, one in self.scenarios.items()
        )

    @property
    def seed(self) -> int:
        """The seed of every random number: the study's, or else that of its scenario."""
        return self.scenario.seed if self.header.seed is None else self.header.seed

    @property
    def start_date(self) -> date | None:
        """First day of week 1; None where no scenario has one, or where the scenarios differ."""
        given = [getattr(self.header, "start_date", None)]
        known = {day for day in (*given, *self.start_dates.values()) if day}
        return known.pop() if len(known) == 1 else None

    @property
    def start_dates(self) -> dict[str, date]:
        """First day of week 1 of each scenario that has one, by label."""
        pairs = zip(self.labels, self.scenarios.values(), strict=True)
        return {label: one.start_date for label, one in pairs if one.start_date}

    def sets(self, scenario: Scenario) -> tuple[Parameters, ...]:
        """The parameter sets with the values that the scenario's file holds in every set."""
        assert self.plausible is not None, "only a study over plausible sets asks for them"
        return self.plausible.within(scenario)

    def to_dict(self) -> dict[str, Any]:
        """The whole study as plain values for JSON; no other file is needed to repeat it."""
        return {
            "fields": self.document.data,
            "scenarios": {name: one.to_dict() for name, one in self.scenarios.items()},
            "sets": None if self.plausible is None else self.plausible.record(),
            "inputs": dict(self.inputs),
            **({} if self.own is None else {"engine": self.own.record()}),
        }

    @classmethod
    def from_dict(
        cls, plain: Mapping[str, Any], model: type[H], *,
        issues: MoreIssues | None = None, file: str = "",
    ) -> Study[H]:  # fmt: skip
        """The inverse of :meth:`to_dict`.

        Raises:
            StudyError: this version cannot use the values.
        """
        with read_back("cannot be used", file=file, error=StudyError):
            sets = plain["sets"]
            return _study(
                document_of(dict(plain["fields"]), file), model, issues, None,
                {name: Scenario.from_dict(one) for name, one in plain["scenarios"].items()},
                None if sets is None else PlausibleSets.of_record(sets),
                plain["inputs"],
                recorded(plain["engine"]) if "engine" in plain else None,
            )  # fmt: skip

    @property
    def function(self) -> dict[str, Any] | None:
        """``{"function": name, "noise": variance}`` where a test function replaces the model."""
        given = self.header.scenario
        return given if isinstance(given, dict) else None

    def points(self, scenario: Scenario) -> dict[str, int]:
        """Weeks of a scenario by the labels that the file gives them (``week_52`` for a number)."""
        return {week_label(week): week_number(week, scenario) for week in self.header.weeks}

    def error(self, where: tuple[str | int, ...], message: str, **told: Any) -> StudyError:
        """An error that names the line of a field in this file; ``told`` are its value, allowed and
        suggestion."""
        return StudyError(self.document.problem(where, message, **told))


def week_label(week: int | str) -> str:
    """The label of a week: ``week_52`` for ``52``; words stay as they are."""
    return week if isinstance(week, str) else f"week_{week}"


_WHEN = {
    "start": "at the start",
    "end_of_ta": "at the end of TA",
    "year_after": "a year after TA",
    "horizon": "at the horizon",
}


def when(outcome: str, week: str) -> str:
    """An outcome and the label of its week in plain words.

    >>> when("mutual_accountability", "end_of_ta"), when("trust", "week_13")
    ('mutual accountability at the end of TA', 'trust in week 13')
    """
    text = outcome.replace("_", " ")
    if not week or outcome.startswith("persistence of"):
        return text
    return f"{text} {_WHEN.get(week, 'in ' + week.replace('_', ' '))}"


def week_number(week: int | str, scenario: Scenario) -> int:
    """The number of a week of a scenario; ``year_after`` may lie past the horizon."""
    if isinstance(week, int):
        return week
    end = scenario.end_of_ta
    return {
        "start": 0,
        "end_of_ta": end,
        "year_after": end + PERSISTENCE_WEEKS,
        "horizon": scenario.horizon_weeks,
    }[week]


def backwards(since: int | str, week: int | str) -> bool:
    """Whether a week is known not to lie after another one, whatever the scenario.

    >>> backwards(52, 26), backwards("end_of_ta", "start"), backwards("end_of_ta", 130)
    (True, True, False)
    """
    if isinstance(since, int) and isinstance(week, int):
        return week <= since
    if isinstance(since, str) and isinstance(week, str):
        return WEEK_WORDS.index(week) <= WEEK_WORDS.index(since)
    return week == "start"


def shipped_studies() -> tuple[str, ...]:
    """Names of the study files that come with the package."""
    return files.names("experiments")


def find_study(path_or_name: str | os.PathLike[str]) -> Path:
    """The file of a study given as a path or as the name of a shipped one.

    Raises:
        StudyError: no file or shipped study has that name.
    """
    given = os.fspath(files.path_of(path_or_name, "study", StudyError))
    path = files.find("experiments", given)
    if path is not None:
        return path
    names = shipped_studies()
    raise StudyError(
        f"{shown(given)} is neither a file nor a shipped study",
        value=given,
        allowed=f"a path, or one of: {', '.join(names)}" if names else "a path",
        suggestion=did_you_mean(given, names),
    )


def kind_of(path: str | os.PathLike[str]) -> str:
    """The ``kind`` of a study file; nothing else of the file is checked.

    Raises:
        StudyError: the file cannot be read, or names no known kind.
    """
    document = load(path, others=shipped_studies(), error=StudyError)
    data = document.data
    if not isinstance(data, Mapping):
        raise StudyError(document.problem((), "a study must be a mapping (field: value)"))
    known = studies.names()
    if data.get("kind") not in known:
        found = data.get("kind")
        message = f"{shown(found)} is not a kind of study" if "kind" in data else "is required"
        near = did_you_mean(found, known) if found else ""
        raise StudyError(
            document.problem(("kind",), message, allowed=", ".join(known), suggestion=near)
        )
    return str(data["kind"])


def read_study(
    path: str | os.PathLike[str],
    model: type[H],
    *,
    issues: MoreIssues | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Study[H]:
    """Read and check a study file; scenario paths count from its folder.

    Args:
        changes: fields that replace those of the file; ``engine`` may be a class.

    Raises:
        StudyError: the file has mistakes; each is named with file, line and column.
    """
    document = load(path, others=shipped_studies(), error=StudyError)
    given, own = _by_name(changes or {})
    return _study(changed(document, given), model, issues, Path(path).parent, own=own)


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """A copy of the document with other values in some fields; these fields have no line."""
    if not changes or not isinstance(document.data, Mapping):
        return document
    marks = {where: place for where, place in document.marks.items() if where[:1] not in
             {(name,) for name in changes}}  # fmt: skip
    return replace(document, data={**document.data, **changes}, marks=marks)


def parse_study(
    text: str,
    model: type[H],
    *,
    file: str = "<text>",
    folder: Path | None = None,
    issues: MoreIssues | None = None,
) -> Study[H]:
    """Check the text of a study file; see :func:`read_study`."""  # fmt: skip
    return _study(parse(text, file, error=StudyError), model, issues, folder)


def study_of(
    data: Mapping[str, Any],
    model: type[H],
    *,
    folder: Path | None = None,
    issues: MoreIssues | None = None,
) -> Study[H]:
    """Check the fields of a study; see :func:`read_study`.

    ``scenario`` and ``scenarios`` may be Scenario objects besides names and paths. ``sets`` may be
    plausible sets or a sequence of parameter sets. ``engine`` may be a subclass of CoCreationModel.
    """
    (fields, own), scenarios, sets = _by_name(data), dict[str, Scenario](), None
    for name in ("scenario", "scenarios"):
        if name in fields:
            fields[name] = _named(fields[name], scenarios)
    if isinstance(several := fields.get("scenarios"), list):  # a plans file stands for its plans
        fields["scenarios"] = [
            part
            for one in several
            for part in (
                _plans_in(one, folder) if isinstance(one, str) and one not in scenarios else [one]
            )
        ]
    if "sets" in fields and not isinstance(fields["sets"], int | str):
        sets = chosen_sets(fields["sets"])
        fields["sets"] = len(sets)
    return _study(document_of(fields), model, issues, folder, scenarios, sets, own=own)


def _by_name(fields: Mapping[str, Any]) -> tuple[dict[str, Any], OwnEngine | None]:
    """The fields with a model replaced by its name, and the model."""
    own = fields.get("engine")
    if isinstance(own, type):
        own = own_engine(own)
    if not isinstance(own, OwnEngine):
        return dict(fields), None
    return {**fields, "engine": own.name}, own


def _named(given: Any, into: dict[str, Scenario]) -> Any:
    """The names that replace Scenario objects in a document; the objects go ``into`` a mapping."""
    if isinstance(given, list | tuple):
        return [_named(one, into) for one in given]
    if not isinstance(given, Scenario):
        return os.fspath(given) if isinstance(given, os.PathLike) else given
    name, number = given.name, 2
    while name in into:
        name, number = f"{given.name} ({number})", number + 1
    into[name] = given
    return name


def _study(
    document: Document,
    model: type[H],
    issues: MoreIssues | None,
    folder: Path | None,
    scenarios: Mapping[str, Scenario] = MappingProxyType({}),
    sets: PlausibleSets | None = None,
    inputs: Mapping[str, Any] | None = None,
    own: OwnEngine | None = None,
) -> Study[H]:
    checked = check(model, document, what="a study", fallback={"kind": studies.names()[0]})
    header = checked.value
    if header is None:
        raise_problems(checked.problems, file=document.file, error=StudyError)
        raise AssertionError("a study without a value has problems")
    if own is None and is_model(header.engine):
        own = _own(checked, header.engine)
    outcomes = _outcomes(checked, header, own)
    found = _scenarios(checked, header, folder, scenarios)
    if isinstance(header, OverSets) and header.hold:
        found = _holding(checked, header.hold, found)
    unread = len(found) < len(header.scenarios)
    for issue in issues(header) if issues else ():
        if not (unread and issue.where == ("scenarios",)):  # their number waits until they are read
            checked.report(issue)
    for scenario in found.values():
        for issue in _late_weeks(header, scenario):
            checked.report(issue)
    raise_problems(checked.problems, file=document.file, error=StudyError)
    if sets is None:
        sets = header.plausible(folder)
    if inputs is None:
        for where, path in header.named_files(folder):
            if not os.path.exists(path):
                checked.report(Issue(where, f"there is no file {path}"))
        raise_problems(checked.problems, file=document.file, error=StudyError)
        inputs = header.inputs(folder)
    return Study(header, found, outcomes, document, document.file, sets, inputs, own)


def _own(checked: Checked[Any], name: str) -> OwnEngine | None:
    """The user's own model that a header names; None where it names an engine of codose."""
    try:
        return own_engine(name)
    except InputError as error:
        for problem in error.problems:
            checked.report(Issue(("engine",), problem.message, name, problem.allowed))
        return None


def _outcomes(
    checked: Checked[Any], header: Header, own: OwnEngine | None
) -> tuple[OutcomeSpec, ...]:
    """The outcomes; names of outputs of a test function are not checked here."""
    if isinstance(header.scenario, dict):
        return tuple(OutcomeSpec(name) for name in header.outcomes)
    found: list[OutcomeSpec] = []
    for place, text in enumerate(header.outcomes):
        try:
            spec = parse_outcome(text, () if own is None else own.outcomes)
        except PydanticCustomError as error:
            checked.report(Issue(("outcomes", place), value=text, **(error.context or {})))
            continue
        if spec in found:
            checked.report(Issue(("outcomes", place), f"{text!r} is asked for twice", text))
        found.append(spec)
    if not header.outcomes:
        checked.report(Issue(("outcomes",), "is empty", allowed="at least one outcome"))
    if not header.weeks:
        checked.report(Issue(("weeks",), "is empty", allowed="at least one week"))
    return tuple(found)


def _scenarios(
    checked: Checked[Any], header: Header, folder: Path | None, given: Mapping[str, Scenario]
) -> dict[str, Scenario]:
    """Read the scenarios that the header names and the caller does not give; a mistake inside a
    scenario keeps its own file and line."""
    named = [(("scenario",), header.scenario)] if header.scenario is not None else []
    named += [(("scenarios", i), one) for i, one in enumerate(header.scenarios)]
    if header.scenario is not None and header.scenarios:
        checked.report(Issue(("scenarios",), "is given besides 'scenario'; keep one of them"))
    if not named:
        checked.report(
            Issue(("scenario",), "is required", allowed="a shipped scenario's name, or a path")
        )
    found: dict[str, Scenario] = {}
    for where, source in named:
        if isinstance(source, dict):
            if where != ("scenario",) or not isinstance(header, StudyHeader):
                said = "a test function takes the place of the scenario of a sensitivity study only"
                name = "the name of a shipped scenario, or a path from this file"
                checked.report(Issue(where, said, source["function"], name))
            continue
        if source in given:
            found[source] = given[source]
            continue
        try:
            found[source] = Scenario.load(_beside(source, folder))
        except InputError as error:
            own = [p for p in error.problems if not p.line]
            checked.problems += [p for p in error.problems if p.line]
            for problem in own:
                said = ": ".join(filter(None, (problem.file, problem.field, problem.message)))
                checked.report(Issue(where, said, source, problem.allowed, problem.suggestion))
    return found


def _holding(
    checked: Checked[Any], hold: Mapping[str, float], scenarios: Mapping[str, Scenario]
) -> dict[str, Scenario]:
    """The scenarios with the parameters of ``--set``, which then hold in every set."""
    found = dict(scenarios)
    beyond = {"beyond_range": True} if getattr(checked.value, "beyond_range", False) else {}
    for name, scenario in scenarios.items():
        own = dict(scenario.parameters)
        try:
            found[name] = scenario.replace(parameters={**own, **hold}, **beyond)
        except InputError as error:
            for problem in error.problems:
                place = problem.field.rpartition(".")[2]
                checked.report(
                    Issue(
                        ("hold", place) if place in hold else ("hold",), problem.message,
                        problem.value, problem.allowed, problem.suggestion,
                    )
                )  # fmt: skip
            break
    return found


def beside(source: str, folder: Path | None) -> Path:
    """The path of a file or folder that a study file names, counted from that file and written as
    short as possible from the current folder."""
    if folder is None or Path(source).is_absolute():
        return Path(source)
    said = Path(os.path.normpath(folder / source))
    if said.is_relative_to(Path.cwd()):
        said = said.relative_to(Path.cwd())
    # Behind a link to a folder, ".." is somewhere else than it looks.
    there = os.path.exists  # Path.exists raises where a name is too long
    return said if there(said) or not there(folder / source) else folder / source


def _beside(source: str, folder: Path | None) -> Path:
    """A path from the folder of the study, else a shipped name or a path from here."""
    if folder is not None and re.search(r"[./\\]", source) and not Path(source).is_absolute():
        return folder / source
    return find(source)


def _plans_in(source: str, folder: Path | None) -> list[str]:
    """The sources of the plans of a plans file, the reference first; any other source as it is.

    Raises:
        ScenarioError: the plans file cannot be used.
    """
    path, plan = parts_of(source)
    try:
        file = _beside(path, folder)
    except InputError:
        return [source]  # whoever reads it says what is wrong
    if plan is not None or not holds_plans(file):
        return [source]
    return [f"{path}#{name}" for name in load_plans(file).names]


def _late_weeks(header: Header, scenario: Scenario) -> Iterable[Issue]:
    last = scenario.horizon_weeks
    for place, week in enumerate(header.weeks):
        if week_number(week, scenario) > last:
            yield Issue(
                ("weeks", place),
                f"{week_label(week)} is past the horizon of {scenario.name!r}",
                week,
                f"0..{last}",
            )
    for place, text in enumerate(header.outcomes):
        if text.startswith("persistence of") and scenario.end_of_ta + PERSISTENCE_WEEKS > last:
            yield Issue(
                ("outcomes", place),
                f"a year after the end of TA (week {scenario.end_of_ta}) is past the horizon of "
                f"{scenario.name!r}, week {last}",
                text,
            )
        if text.startswith("effect on") and not scenario.has_ta:
            yield Issue(("outcomes", place), f"{scenario.name!r} has no TA to have an effect", text)
