"""Whether the fields of a scenario are consistent (:func:`issues`), and the files that it names
(:class:`OtherFiles`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from sim.core.errors import ScenarioError, shown
from sim.core.parameters import NAMES, check_name, check_value
from sim.core.units import count as counted
from sim.scenario.checking import Checked, FrozenDict, Issue, is_finite
from sim.scenario.contact_log import MAX_WEEKS, log_rows, log_table, row_faults, some
from sim.scenario.fields import (
    ContactLog,
    DeliveryWork,
    DemandRise,
    DosageCut,
    Network,
    ProviderLeaves,
    Regions,
    ScenarioFields,
    StaffLeave,
)
from sim.scenario.loading import Where
from sim.scenario.team_file import faults, load_team

T = TypeVar("T")


class OtherFiles:
    """Reads the contact log and the team networks that a scenario names.

    Attributes:
        said: sentences on what was detected, merged or left out in these files.
    """

    def __init__(self, checked: Checked[ScenarioFields], folder: Path | None) -> None:
        self.checked = checked
        self.folder = folder
        self.said: list[str] = []

    def read(self, fields: ScenarioFields) -> ScenarioFields:
        """The fields with the contents of files in place of their names; mistakes go to
        ``checked``."""
        regions = fields.regions
        way: Where = ("regions", "overrides")
        overrides = {
            name: override.model_copy(
                update={"network": self.network(override.network, (*way, name, "network"))}
            )
            for name, override in regions.overrides.items()
        }
        network = self.network(regions.network, ("regions", "network"))
        regions = regions.model_copy(
            update={"network": network, "overrides": FrozenDict(overrides)}
        )
        return fields.model_copy(update={"regions": regions, "contact_log": self.log(fields)})

    def read_file(self, where: Where, file: str, how: Callable[[Path], T]) -> T | None:
        """The result of ``how`` for a file; None when it cannot be read, which is reported."""
        if self.folder is None:
            message = "other files are not read here; write their content into the scenario"
            self.checked.report(Issue(where, message, file))
            return None
        path = self.folder / file
        try:
            return how(path)
        except ScenarioError as error:
            found = error.problem
            if found.line or len(error.problems) > 1:  # a mistake in the file, not in its name
                self.checked.problems += error.problems
                return None
            message = f"{found.file}: {found.message}"
            suggestion = ""
            if found.suggestion:
                suggestion = (Path(file).parent / Path(found.suggestion).name).as_posix()
            self.checked.report(Issue(where, message, file, found.allowed, suggestion))
            return None

    def network(self, network: Network | None, where: Where) -> Network | None:
        """The network with the people and ties of its file, if it names one."""
        if network is None or network.file is None or network.edges or network.kind != "file":
            return network
        names = network.names
        place = (*where, "file")
        team = self.read_file(place, network.file, lambda path: load_team(path, names=names))
        if team is None:
            self.checked.lose(where)
            return network
        likely = [f"{one.text} Read as: {one.proposed}" for one in team.questions]
        self.said += [f"{network.file}: {said}" for said in (*team.said, *likely)]
        return network.model_copy(update={"file": None, "names": team.names, "edges": team.edges})

    def log(self, fields: ScenarioFields) -> ContactLog | None:
        """The contact log with the rows of its file, if it names one."""
        log = fields.contact_log
        if log is None:
            return None
        where: Where = ("contact_log",)
        if log.file is None or log.rows:
            return log
        table = self.read_file((*where, "file"), log.file, log_table)
        if table is None:
            self.checked.lose(where)
            return log
        lost = self.checked.is_lost
        regions_known = not lost(*_REGION_NAMES)
        try:
            rows = log_rows(
                table,
                horizon_weeks=MAX_WEEKS if lost(("horizon_weeks",)) else fields.horizon_weeks,
                region_names=fields.regions.region_names if regions_known else None,
                first_date=start_of(fields),
                staff=None if lost(*_REGION_NAMES, *_STAFF) else _staff(fields),
                providers=None if lost(*_PROVIDERS) else fields.providers.provider_names,
            )
        except ScenarioError as error:
            for problem in error.problems:
                if problem.field == "first_date":  # the mistake is in the scenario
                    self.checked.report(
                        Issue(
                            _START, problem.message, allowed=problem.allowed,
                            reads=(_START, (*where, "first_date")),
                        )
                    )  # fmt: skip
                else:
                    self.checked.problems.append(problem)
            self.checked.lose(where)
            return log
        return log.model_copy(update={"file": None, "rows": rows})


MOST_FACTOR = 1000
"""By which all dosage cuts of a week together may multiply its hours: three times tenfold. Nobody
plans more, and with enough of them hours would pass what a float can be."""
_COUNTS: tuple[Where, ...] = (
    ("regions", "count"),
    ("regions", "candidates"),
    ("regions", "selection"),
)
_REGION_NAMES: tuple[Where, ...] = (*_COUNTS, ("regions", "names"))
_PROVIDERS: tuple[Where, ...] = (("providers", "count"), ("providers", "names"))
_STAFF: tuple[Where, ...] = (("regions", "staff"), ("regions", "overrides"))
_HORIZON: Where = ("horizon_weeks",)
_START: Where = ("start_date",)


def start_of(fields: ScenarioFields) -> date | None:
    """First day of week 1: ``start_date``, or the older field of the contact log."""
    log = fields.contact_log
    return fields.start_date or (log.first_date if log else None)


def issues(fields: ScenarioFields) -> Iterator[Issue]:
    """Every inconsistency between fields that are valid by themselves."""
    yield from _region_issues(fields)
    yield from _network_issues(fields)
    yield from _provider_issues(fields)
    yield from _dosage_issues(fields)
    yield from _date_issues(fields)
    yield from _log_issues(fields)
    yield from _shock_issues(fields)
    yield from _parameter_issues(fields)


def _region_issues(fields: ScenarioFields) -> Iterator[Issue]:
    regions = fields.regions
    where: Where = ("regions", "count")
    if regions.count > regions.candidates:
        candidates = counted(regions.candidates, "candidate")
        yield Issue(
            where,
            f"{regions.count} regions cannot be chosen from {candidates}",
            regions.count,
            f"1..{regions.candidates}",
            reads=_COUNTS[:2],
        )
    elif regions.selection == "all" and regions.count != regions.candidates:
        yield Issue(
            where,
            f"{regions.count} is not all of {counted(regions.candidates, 'candidate')}, "
            "but selection is all",
            regions.count,
            f"{regions.candidates}, or leave it out",
            reads=_COUNTS,
        )
    if regions.names is not None:
        yield from _name_issues(regions.names, regions.count, "region", _COUNTS)
    known = _Known("region", regions.region_names)
    for name in regions.overrides:
        yield from known.issue(name, ("regions", "overrides", name))
    if regions.core_team == 0 and (fields.dosage or fields.contact_log):
        yield Issue(
            ("regions", "core_team"),
            "nobody would attend the contacts; for a run without TA leave out dosage and log",
            regions.core_team,
            "above 0, up to 1",
        )


def _name_issues(
    names: tuple[str, ...], count: int, what: str, reads: tuple[Where, ...]
) -> Iterator[Issue]:
    """Check names of regions or providers: their number must be right, and each be unique."""
    where: Where = (f"{what}s", "names")
    if len(names) != count:
        message = f"has {counted(len(names), 'name')} for {counted(count, what)}"
        yield Issue(where, message, names, f"{count}", reads=reads)
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Issue((*where, index), f"{shown(name)} is given twice", name)
        seen.add(name)


class _Known:
    """The known names of regions or providers."""

    def __init__(self, what: str, names: Sequence[str]) -> None:
        self.what, self.names = what, names
        self.there = frozenset(names)
        self.reads = _REGION_NAMES if what == "region" else _PROVIDERS

    def issue(self, name: str, where: Where, *, key: bool = True) -> Iterator[Issue]:
        """The mistake in a name that is not known."""
        if name not in self.there:
            yield Issue(
                where, f"{shown(name)} is not a {self.what}", name, some(self.names),
                options=self.names, reads=self.reads, key=key,
            )  # fmt: skip


def _network_issues(fields: ScenarioFields) -> Iterator[Issue]:
    regions = fields.regions
    way: Where = ("regions", "network")
    yield from _one_network(regions.network, way)
    without_own = []
    for name in regions.region_names:
        override = regions.overrides.get(name)
        if override is None or override.network is None:
            without_own.append(name)
        else:
            own = override.network
            where: Where = ("regions", "overrides", name, "network")
            yield from _one_network(own, where)
            yield from _people_issue(own, [name], regions, where)
    yield from _people_issue(regions.network, without_own, regions, way)


def _one_network(network: Network, where: Where) -> Iterator[Issue]:
    given = bool(network.names or network.edges)
    if network.kind != "file":
        for part, value in (("file", network.file), ("names", network.names)):
            if value:
                message = f"goes with kind: file, not with kind: {network.kind}"
                yield Issue((*where, part), message, value, reads=((*where, "kind"),))
        if network.edges:
            message = f"goes with kind: file, not with kind: {network.kind}"
            yield Issue((*where, "edges"), message, reads=((*where, "kind"),))
    elif network.file is not None and network.edges:
        yield Issue((*where, "edges"), "give a file or edges, not both")
    elif network.file is None and not given:
        yield Issue((*where, "file"), "is required for kind: file (or give names and edges)")
    else:
        for fault in faults(network.names, network.edges):
            yield replace(fault, where=(*where, *fault.where), reads=((*where, "names"),))


def _people_issue(
    network: Network, names: Sequence[str], regions: Regions, where: Where
) -> Iterator[Issue]:
    """Check that a given team has as many people as its region has staff."""
    people = len(network.names)
    if network.kind != "file" or not people:
        return
    for name in names:
        staff = regions.staff_of(name)
        if people != staff:
            yield Issue(
                (*where, "file") if network.file else where,
                f"the team has {people} people, but {name} has {staff} staff",
                people,
                f"{staff} people, or staff: {people}",
                reads=(
                    *_REGION_NAMES,
                    ("regions", "staff"),
                    ("regions", "overrides", name, "staff"),
                ),
            )
            return


def _provider_issues(fields: ScenarioFields) -> Iterator[Issue]:
    providers = fields.providers
    hours, count = providers.weekly_hours, providers.count
    if isinstance(hours, tuple) and len(hours) != count:
        yield Issue(
            ("providers", "weekly_hours"),
            f"has {counted(len(hours), 'value')} for {counted(count, 'provider')}",
            hours,
            f"one number, or {count}",
            reads=(("providers", "count"),),
        )
    if providers.names is not None:
        yield from _name_issues(providers.names, count, "provider", _PROVIDERS[:1])
    if providers.assignment is None:
        return
    where: Where = ("providers", "assignment")
    regions = fields.regions.region_names
    known, known_providers = _Known("region", regions), _Known("provider", providers.provider_names)
    for region, provider in providers.assignment.items():
        yield from known.issue(region, (*where, region))
        yield from known_providers.issue(provider, (*where, region), key=False)
    missing = [name for name in regions if name not in providers.assignment]
    if missing:
        message = f"every region needs a provider; missing: {some(missing)}"
        yield Issue(where, message, reads=(*_REGION_NAMES, where), key=True)


def _dosage_issues(fields: ScenarioFields) -> Iterator[Issue]:
    horizon = fields.horizon_weeks
    rows = fields.contact_log.rows if fields.contact_log else ()
    log_end = max((row.week for row in rows), default=0)
    for index, series in enumerate(fields.dosage):
        first: Where = ("dosage", index, "first_week")
        last: Where = ("dosage", index, "last_week")
        if series.first_week > horizon:
            yield _beyond(first, series.first_week, horizon)
        elif series.first_week <= log_end:
            yield Issue(
                first,
                f"starts in week {series.first_week}, but the contact log runs to week {log_end}",
                series.first_week,
                f"{log_end + 1} or later",
                reads=(("contact_log",),),
            )
        if series.last_week is None:
            continue
        if series.last_week > horizon:
            yield _beyond(last, series.last_week, horizon)
        if series.last_week < series.first_week:
            yield Issue(
                last,
                f"week {series.last_week} is before the first week, {series.first_week}",
                series.last_week,
                f"{series.first_week} or later",
                reads=(first,),
            )


def _beyond(where: Where, week: int, horizon: int) -> Issue:
    message = f"week {week} is beyond the horizon"
    return Issue(where, message, week, f"1..{horizon}", reads=(_HORIZON,))


def _date_issues(fields: ScenarioFields) -> Iterator[Issue]:
    start, log, skip = fields.start_date, fields.contact_log, fields.skip
    if start and log and log.first_date and log.first_date != start:
        yield Issue(
            ("contact_log", "first_date"),
            f"is not the start_date of the scenario, {start}; both are the first day of week 1",
            log.first_date,
            "the same day, or leave it out",
            reads=(_START,),
        )
    if skip is None:
        return
    for index, week in enumerate(skip.weeks):
        if week > fields.horizon_weeks:
            yield _beyond(("skip", "weeks", index), week, fields.horizon_weeks)
    for name in ("months", "dates"):
        if getattr(skip, name) and start_of(fields) is None:
            yield Issue(
                ("skip", name),
                "which weeks these are is not known without the first day of week 1",
                allowed="with start_date: yyyy-mm-dd in the scenario",
                reads=(_START, ("contact_log",)),
            )


def _log_issues(fields: ScenarioFields) -> Iterator[Issue]:
    log = fields.contact_log
    if log is None:
        return
    where: Where = ("contact_log",)
    if log.file is not None and log.rows:
        yield Issue((*where, "rows"), "give a file or rows, not both")
        return
    if log.file is None and not log.rows:
        yield Issue(where, "needs a file, or rows", reads=(where,), key=True)
    known = _Known("region", fields.regions.region_names)
    for index, row in enumerate(log.rows):
        place: Where = (*where, "rows", index)
        if row.week > fields.horizon_weeks:
            yield _beyond((*place, "week"), row.week, fields.horizon_weeks)
        yield from known.issue(row.region, (*place, "region"), key=False)
    providers = fields.providers.provider_names
    for fault in row_faults(log.rows, staff=_staff(fields), providers=providers):
        reads = (*_REGION_NAMES, *_PROVIDERS, *_STAFF)
        yield replace(fault, where=(*where, "rows", *fault.where), reads=reads)


def _staff(fields: ScenarioFields) -> dict[str, int]:
    """The number of staff of each region by name."""
    return {name: fields.regions.staff_of(name) for name in fields.regions.region_names}


def _shock_issues(fields: ScenarioFields) -> Iterator[Issue]:
    regions = _Known("region", fields.regions.region_names)
    providers = _Known("provider", fields.providers.provider_names)
    for index, shock in enumerate(fields.shocks):
        where: Where = ("shocks", index)
        yield from _week_issues(shock, where, fields.horizon_weeks)
        if isinstance(shock, ProviderLeaves):
            yield from providers.issue(shock.provider, (*where, "provider"), key=False)
        elif isinstance(shock, (StaffLeave, DemandRise)) and shock.region is not None:
            yield from regions.issue(shock.region, (*where, "region"), key=False)
    yield from _cut_issues(fields)
    for index, work in enumerate(fields.delivery_work):
        yield from _week_issues(work, ("delivery_work", index), fields.horizon_weeks)


def _cut_issues(fields: ScenarioFields) -> Iterator[Issue]:
    """Check the product of all factors of a week, which must leave a valid number of hours."""
    cuts = [(i, one) for i, one in enumerate(fields.shocks) if isinstance(one, DosageCut)]
    if math.prod(max(1.0, cut.factor) for _, cut in cuts) <= MOST_FACTOR:
        return
    factors: dict[int, float] = {}
    for index, cut in cuts:
        last = min(cut.until_week or fields.horizon_weeks, fields.horizon_weeks)
        for week in range(cut.week, last + 1):
            factors[week] = factors.get(week, 1.0) * cut.factor
            if factors[week] > MOST_FACTOR:
                yield Issue(
                    ("shocks", index, "factor"),
                    f"multiplies the hours of week {week} by {factors[week]:,.6g}, together with "
                    "the factors before it",
                    cut.factor, f"up to {MOST_FACTOR:,} together", reads=(_HORIZON,),
                )  # fmt: skip
                return


def _week_issues(
    event: ProviderLeaves | StaffLeave | DemandRise | DosageCut | DeliveryWork,
    where: Where,
    horizon: int,
) -> Iterator[Issue]:
    if event.week > horizon:
        yield _beyond((*where, "week"), event.week, horizon)
    until: int | None = getattr(event, "until_week", None)
    if until is None:
        return
    if until > horizon:
        yield _beyond((*where, "until_week"), until, horizon)
    if until < event.week:
        yield Issue(
            (*where, "until_week"),
            f"week {until} is before the first week, {event.week}",
            until,
            f"{event.week} or later",
            reads=((*where, "week"),),
        )


def _parameter_issues(fields: ScenarioFields) -> Iterator[Issue]:
    for name, value in fields.parameters.items():
        found = check_name(name, suggest=False)
        options: Sequence[str] = () if found is None else NAMES
        if found is None:
            given = _finite_or_inf(value)
            found = check_value(name, given, beyond_range=fields.beyond_range)
            reads: tuple[Where, ...] = (("beyond_range",),)
        else:
            reads = ()
        if found is not None:
            yield Issue(
                ("parameters", name),
                found.message,
                name if options else value,
                found.allowed,
                found.suggestion,
                options=options,
                reads=reads,
                key=found.value == name,
            )


def _finite_or_inf(value: Any) -> Any:
    """Whole numbers too large for a float as infinity, null as a word; both are refused later."""
    if value is None:
        return "null"
    return math.inf if isinstance(value, int) and not is_finite(value) else value
