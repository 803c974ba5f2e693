"""Scenario: a checked, immutable scenario, read from YAML and written to it.

>>> scenario = Scenario.from_text('''
... name: One region, one provider
... regions: {candidates: 1, count: 1, staff: 8}
... providers: {count: 1}
... dosage: [{mode: video, every_weeks: 4, hours: 1.5}]
... ''')
>>> scenario.region_names, scenario.horizon_weeks, scenario.end_of_ta
(('region_1',), 156, 156)
>>> print(scenario.to_yaml(), end="")
name: One region, one provider
regions:
  candidates: 1
  count: 1
  staff: 8
providers:
  count: 1
dosage:
- mode: video
  every_weeks: 4
  hours: 1.5

Every way of making a :class:`Scenario` raises :class:`sim.core.errors.ScenarioError`, which lists
all mistakes at once. A part that is made alone in Python (``Regions(count=0)``) has no file and
raises pydantic's ``ValidationError``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from sim.core import files
from sim.core.errors import Problem, ScenarioError, did_you_mean, raise_problems, shown
from sim.core.markup import table_markup
from sim.core.parameters import TABLE, Parameters
from sim.scenario.checking import Frozen, FrozenDict, check, schema_of
from sim.scenario.consistency import MOST_FACTOR, OtherFiles, issues, start_of
from sim.scenario.contact_log import LogRow as LogRow  # for sim.model.dosage
from sim.scenario.contact_log import own_providers, some
from sim.scenario.fields import ContactSeries as ContactSeries  # for sim.model.dosage
from sim.scenario.fields import Network, Pause, Providers, ScenarioFields, Shock, Skip
from sim.scenario.functions import PRESETS, TOLERANCE
from sim.scenario.loading import Document, document_of, load, parse, plain, scalar
from sim.scenario.plans_file import holds_plans, load_plans, parts_of


class Scenario(ScenarioFields):
    """One scenario. Immutable; equal scenarios have equal digests.

    Raises:
        ScenarioError: with every mistake, when the fields cannot be used.

    >>> Scenario(name="tiny", horizon_weeks=52).without_ta().has_ta
    False
    """

    parameters: Annotated[dict[str, float], Frozen] = Field(default_factory=FrozenDict)
    """Values of model parameters, by name, that differ from the defaults."""

    __iter__ = None  # type: ignore[assignment]  # one value, though Mesa's batch_run takes an iterable for several

    def __init__(self, **data: Any) -> None:
        super().__init__(**_values(_complete(document_of(data), None)))

    # --- reading -----------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scenario:
        """Read a scenario file; files that it names are expected in the same folder.

        ``FILE.plans.yaml#Plan name`` reads a plan of a plans file; a file with one plan needs no
        name.

        Raises:
            ScenarioError: the file has mistakes, all listed with file, line and column.
        """
        return cls._of(_complete(_document(path), Path(parts_of(path)[0]).parent))

    @classmethod
    def from_text(
        cls, text: str, file: str = "<text>", folder: str | os.PathLike[str] | None = None
    ) -> Scenario:
        """Read scenario text. Without a ``folder`` the text may not name other files."""
        return cls._of(_complete(parse(text, file), None if folder is None else Path(folder)))

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], folder: str | os.PathLike[str] | None = None
    ) -> Scenario:
        """The inverse of :meth:`to_dict`. Without a ``folder`` the data may not name files."""
        return cls._of(_complete(document_of(data), None if folder is None else Path(folder)))

    @classmethod
    def shipped(cls, name: str) -> Scenario:
        """A shipped scenario by its name; see :func:`shipped_names`.

        Raises:
            ScenarioError: there is no such scenario.
        """
        if name not in shipped_names():
            raise ScenarioError(_unknown_scenario(name))
        return cls.load(files.folder("scenarios") / f"{name}.yaml")

    @classmethod
    def _of(cls, fields: ScenarioFields) -> Scenario:
        return cls.model_construct(**_values(fields))

    # --- writing -----------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain values, ready for JSON, with the contents of other files.

        ``start_date`` and ``skip`` are left out where they are not set.
        """
        data = self.model_copy(update={"shocks": self.events}).model_dump(mode="json")
        absent = [name for name in ("start_date", "skip") if data[name] is None]
        return {name: value for name, value in data.items() if name not in absent}

    def to_yaml(self) -> str:
        """The scenario as readable YAML, without fields that have their default values."""
        return _to_yaml(self)

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of :meth:`to_dict`."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    # --- variants ----------------------------------------------------------------------------

    def replace(self, **changes: Any) -> Scenario:
        """A copy with some top-level fields changed, checked like a new scenario.

        >>> Scenario(name="x").replace(horizon_weeks=52).horizon_weeks
        52

        Raises:
            ScenarioError: what results cannot be used.
        """
        return Scenario.from_dict({**self.to_dict(), **plain(changes)})

    def without_ta(self) -> Scenario:
        """The counterfactual: the same scenario without contact series and log."""
        return self.model_copy(update={"dosage": (), "contact_log": None})

    def stopping_now(self) -> Scenario:
        """The same scenario in which TA ends with the contact log, without contacts after it.

        >>> log = {"rows": [{"week": 3, "region": "region_1", "mode": "video", "hours": 1}]}
        >>> on = [{"mode": "video", "every_weeks": 4, "hours": 1, "first_week": 4}]
        >>> Scenario(name="so far", contact_log=log, dosage=on).stopping_now().end_of_ta
        3
        """
        return self.model_copy(update={"dosage": ()})

    # --- derived -----------------------------------------------------------------------------

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the chosen regions, in order."""
        return self.regions.region_names

    @property
    def provider_names(self) -> tuple[str, ...]:
        """Names of the providers, in order."""
        return self.providers.provider_names

    @property
    def assignment(self) -> tuple[int, ...]:
        """Position (from 0) of the provider of each region."""
        return self.providers.assigned(self.region_names)

    @property
    def staff_counts(self) -> tuple[int, ...]:
        """Number of staff of each region."""
        return tuple(self.regions.staff_of(name) for name in self.region_names)

    @property
    def networks(self) -> tuple[Network, ...]:
        """Team network of each region."""
        return tuple(self.regions.network_of(name) for name in self.region_names)

    @property
    def events(self) -> tuple[Shock, ...]:
        """The shocks of the scenario, without the weeks that it skips."""
        return tuple(one for one in self.shocks if not isinstance(one, Pause))

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """The skipped weeks as the engines use them, only those after the contact log."""
        return tuple(one for one in self.shocks if isinstance(one, Pause))

    def day_of(self, week: int) -> date | None:
        """The day of a week's contacts: its first day, or the first weekday that is not skipped;
        None without a ``start_date``.

        >>> Scenario(name="x", start_date="2027-01-04").day_of(2)
        datetime.date(2027, 1, 11)
        """
        return (self.skip or Skip()).day_of(week, self.start_date)

    @property
    def has_ta(self) -> bool:
        """Whether there is any contact series or logged contact."""
        return bool(self.dosage) or bool(self.contact_log and self.contact_log.rows)

    @property
    def logged_weeks(self) -> int:
        """Last week with a logged contact; 0 without a log."""
        rows = self.contact_log.rows if self.contact_log else ()
        return max((row.week for row in rows), default=0)

    @property
    def plan_start(self) -> int:
        """First week of the plan: that of the first contact series, or else the week after the
        log."""
        first = (series.first_week for series in self.dosage)
        return min(first, default=self.logged_weeks + 1)

    @property
    def end_of_ta(self) -> int:
        """Last week of all series and logged contacts; the horizon when there are none."""
        weeks = [series.last_week or self.horizon_weeks for series in self.dosage]
        weeks += [row.week for row in self.contact_log.rows] if self.contact_log else []
        return max(weeks, default=self.horizon_weeks)

    def __repr__(self) -> str:
        facts = ", ".join(f"{number} {name}" for name, number in self._facts())
        return f"<Scenario {self.name!r}: {facts}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        series = [
            (f"contacts: {one.mode}", f"{one.hours:g} h every {one.every_weeks:g} weeks, weeks "
             f"{one.first_week} to {one.last_week or self.horizon_weeks}")
            for one in self.dosage
        ]  # fmt: skip
        own = [(f"parameter {name}", f"{value:g}") for name, value in self.parameters.items()]
        return table_markup(self.name, [*self._facts(), *series, *own], note=self.question)

    def _facts(self) -> list[tuple[str, int]]:
        """Numbers of the parts of the scenario."""
        counts = {
            "regions": len(self.region_names), "staff": sum(self.staff_counts),
            "providers": len(self.provider_names), "contact series": len(self.dosage),
            "logged contacts": len(self.contact_log.rows) if self.contact_log else 0,
            "shocks": len(self.shocks), "weeks": self.horizon_weeks,
        }  # fmt: skip
        return [(name, number) for name, number in counts.items() if number]

    def parameter_set(self) -> Parameters:
        """All parameters of the model, with this scenario's own values."""
        return Parameters(self.parameters, beyond_range=self.beyond_range)


def _values(fields: ScenarioFields) -> dict[str, Any]:
    return {name: getattr(fields, name) for name in ScenarioFields.model_fields}


# --- finding -----------------------------------------------------------------------------------


def shipped_names() -> tuple[str, ...]:
    """Names of the scenarios that come with the package."""
    return files.names("scenarios")


def find(path_or_name: str | os.PathLike[str]) -> Path:
    """The file of a scenario given as a path or as the name of a shipped scenario.

    A name without folder and suffix means a shipped scenario, unless there is a file of that name.

    Raises:
        ScenarioError: there is no such file or shipped scenario.
    """
    given = os.fspath(path_or_name)
    path = files.find("scenarios", given)
    if path is None:
        raise ScenarioError(_unknown_scenario(given))
    return path


def files_said(path: str | os.PathLike[str]) -> list[str]:
    """Sentences on what was detected, merged or left out in the team files of a valid scenario."""
    reading = OtherFiles(
        check(ScenarioFields, _document(path), what="a scenario", fallback={"name": "unnamed"}),
        Path(parts_of(path)[0]).parent,
    )
    if reading.checked.value is not None:
        reading.read(reading.checked.value)
    return reading.said


def _document(path: str | os.PathLike[str]) -> Document:
    """The document of a scenario file, or of a plan in a plans file."""
    file, plan = parts_of(path)
    if plan is not None or holds_plans(file):
        return load_plans(file).document(plan)
    return load(path, others=shipped_names())


def _unknown_scenario(name: str) -> Problem:
    names = shipped_names()
    return Problem(
        f"{shown(name)} is neither a file nor a shipped scenario",
        value=name,
        allowed=f"a path, or one of: {some(names)}" if names else "a path",
        suggestion=did_you_mean(name, names),
    )


# --- completing: other files, and how the fields fit together -----------------------------------


def _complete(document: Document, folder: Path | None) -> ScenarioFields:
    """The checked fields, with the contents of the files that they name."""
    data = document.data if isinstance(document.data, Mapping) else {}
    if isinstance(kind := data.get("kind"), str) and {"scenario", "scenarios"} & data.keys():
        raise ScenarioError(
            document.problem(
                ("kind",), "makes this a study, not a scenario", value=kind,
                allowed=f"codose {kind} {document.file}",
            )
        )  # fmt: skip
    checked = check(ScenarioFields, document, what="a scenario", fallback={"name": "unnamed"})
    if checked.value is None:
        raise_problems(checked.problems, file=document.file)
        raise AssertionError("a scenario without a value has problems")
    reading = OtherFiles(checked, folder)
    fields = reading.read(checked.value)
    for issue in issues(fields):
        checked.report(issue)
    raise_problems(checked.problems, file=document.file)
    log = fields.contact_log
    start, shocks = start_of(fields), fields.shocks
    if log is not None:
        rows = tuple(sorted(log.rows, key=lambda row: row.week))  # a stable sort
        log = log.model_copy(update={"rows": rows, "first_date": None})
    if fields.skip is not None:
        logged = max((row.week for row in log.rows), default=0) if log else 0
        shocks += tuple(fields.skip.pauses(start, logged + 1, fields.horizon_weeks))
    numbers = {name: float(value) + 0.0 for name, value in fields.parameters.items()}
    return fields.model_copy(
        update={
            "contact_log": log, "providers": _providers(fields), "start_date": start,
            "shocks": shocks, "parameters": FrozenDict(numbers),
        }
    )  # fmt: skip


def _providers(fields: ScenarioFields) -> Providers:
    """The providers; a log that names some assigns them, unless the scenario does.

    The assignment is written into the fields, so that the counterfactual has the same providers.
    """
    providers, regions = fields.providers, fields.regions.region_names
    named = own_providers(fields.contact_log.rows) if fields.contact_log else {}
    if providers.assignment is not None or not named:
        return providers
    in_turn = (providers.provider_names[i] for i in providers.assigned(regions))
    assigned = FrozenDict({**dict(zip(regions, in_turn, strict=True)), **named})
    return providers.model_copy(update={"assignment": assigned})


# --- writing YAML ------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Block style with lists of plain values on one line; text like a number is quoted."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, value: str) -> yaml.Node:
        style = None if isinstance(scalar(value), str) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    def items(self, value: list[Any]) -> yaml.Node:
        flow = not any(isinstance(item, (dict, list)) for item in value)
        return self.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flow)

    def number(self, value: float) -> yaml.Node:
        if value.is_integer() and abs(value) < 1e15:
            return self.represent_int(int(value))
        return self.represent_float(value)


_Dumper.add_representer(float, _Dumper.number)
_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(list, _Dumper.items)


def _to_yaml(scenario: Scenario) -> str:
    events = scenario.events
    data = scenario.model_copy(update={"shocks": events}).model_dump(
        mode="json", exclude_defaults=True
    )
    if events:  # their kind is a default value, but files need it
        data["shocks"] = [
            {"kind": full.kind, **shock} for shock, full in zip(data["shocks"], events, strict=True)
        ]
    data = {name: data[name] for name in type(scenario).model_fields if name in data}
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )


# --- JSON schema -------------------------------------------------------------------------------


def json_schema() -> dict[str, Any]:
    """The JSON schema of a scenario file, for editors and ``codose schema``."""
    schema = schema_of(Scenario, "codose scenario")
    schema["properties"]["parameters"] = {
        "type": "object",
        "description": "Values of model parameters, by name, that differ from the defaults.",
        "additionalProperties": False,
        "properties": {
            name: {
                "type": "number",
                "minimum": row.minimum,
                "maximum": row.maximum,
                "default": row.default,
                "description": f"{row.meaning} ({row.unit}); plausible: {row.range_text}",
            }
            for name, row in TABLE.items()
        },
    }
    definitions = schema["$defs"]
    for definition in definitions.values():
        if "const" in definition["properties"].get("kind", {}):  # distinguishes the shocks
            definition.setdefault("required", []).insert(0, "kind")
    kinds = definitions["Network"]["properties"]["kind"]["enum"]
    definitions["Network"] = {
        "description": definitions["Network"]["description"],
        "anyOf": [{"type": "string", "enum": kinds}, definitions["Network"]],
    }
    functions = definitions["Functions"]
    functions["description"] = functions["description"].partition("\n")[0]
    definitions["Functions"] = {
        "description": functions["description"],
        "anyOf": [
            {"type": "string", "enum": list(PRESETS)},
            functions | {"minProperties": 1, "x-adds-up-to": 1, "x-tolerance": TOLERANCE},
        ],
    }
    definitions["DosageCut"]["x-most-together"] = MOST_FACTOR
    work = schema["properties"]["delivery_work"]
    schema["properties"]["delivery_work"] = {
        "description": work["description"],
        "anyOf": [{"type": "array", "items": work["items"]}, work["items"]],
    }
    return schema
