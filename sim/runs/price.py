"""Price: the time and memory that a plan takes, known before any run is made; :func:`agree`.

:func:`agree` says when work is long. It refuses work that cannot end, does not fit into the memory
of this machine or exceeds a limit of the caller. All commands and all calls from Python pass it,
because all runs go through :func:`sim.runs.execute.execute`.

Memory is the sum of the arrays of the engine, networks, contacts, records and kept values. Time is
first estimated from speeds measured on one machine (:data:`SPEED`), which are assumptions about any
other; where the estimate is minutes, small parts of the plan are timed on this machine
(:mod:`sim.runs.probe`).

>>> from sim.scenario.scenario import Scenario
>>> price = price_of_run(Scenario.shipped("source"))
>>> price.staff_weeks, price.contacts, price.seconds < 1
(5616, 102, True)
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sim.core import ties
from sim.core.errors import InputError, ResultsError
from sim.core.outcomes import RECORD
from sim.core.threads import thread_count
from sim.engine.kernel import SITES, STATES
from sim.engine.tables import CONTACT_TYPE
from sim.model.network import tie_count
from sim.present.format import count, duration
from sim.runs import probe
from sim.runs.collect import Collector, Looks
from sim.runs.plan import Job, RunPlan
from sim.runs.shard import of_shard
from sim.runs.store import Store

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.scenario.scenario import Scenario

Make = Callable[[RunPlan], object]

SPEED = {"compiled": 2e7, "mesa": 4e4}
"""Staff-weeks a second of one thread. Assumptions: measured on one machine (a virtual one of two
processors), with teams of 10 to 100 people."""
CONTACT_SECONDS = {"compiled": 5e-7, "mesa": 1e-4}
"""Additional seconds of a planned contact in a run; measured likewise."""
RUN_SECONDS = {"compiled": 5e-5, "mesa": 5e-3}
"""Seconds of a run, whatever its size; measured likewise."""
PROCESS_WORK = 2**17
"""Staff-weeks from which engines in Python get processes. The readable engine takes some seconds
for them, and a process takes about one second to start."""
FEW = 10
"""With fewer runs, a run that only measures the speed of a model is not worth its time."""
LONG = 60.0
"""Seconds above which work is long: it is then timed here and reported."""
LARGE = 4 * 2**30
"""Bytes above which the memory of work is reported."""
MOST_SECONDS = 90 * 86400.0
"""Work of more than 90 days is refused, because no user would see its end."""
_WORD = 8
_CONTACT_BYTES = CONTACT_TYPE.itemsize + 6 * _WORD
GIGABYTE = 2**30


@dataclass(frozen=True)
class Price:
    """The time and memory that runs take on this machine.

    Attributes:
        runs: the number of runs.
        staff_weeks: people times weeks, summed over all runs.
        contacts: planned contacts, summed over all runs.
        seconds: wall time, s.
        bytes: peak memory, bytes.
        shared: the part of ``bytes`` that fewer runs would not reduce; for a single run, the part
            that threads share.
    """

    runs: int
    staff_weeks: int
    contacts: int
    seconds: float
    bytes: int
    shared: int

    @property
    def text(self) -> str:
        """Time and, where it is much, memory in words.

        >>> Price(200, 10**9, 0, 2400.0, 9 * 2**30, 2**20).text
        'about 40 min and 9 GB'
        """
        memory = f" and {gigabytes(self.bytes)}" if self.bytes > LARGE else ""
        return f"about {duration(self.seconds)}{memory}"

    @property
    def is_long(self) -> bool:
        """Whether the user should be asked before the runs begin."""
        return self.seconds > LONG or self.bytes > LARGE


def gigabytes(size: float) -> str:
    """Bytes in words.

    >>> gigabytes(9.1 * 2**30), gigabytes(0.3 * 2**30)
    ('9 GB', '0.3 GB')
    """
    number = size / GIGABYTE
    return f"{number:,.0f} GB" if number >= 1 else f"{number:.1g} GB"


def planned_contacts(scenario: Scenario) -> int:
    """The number of contacts that a scenario plans in all regions: those of its series and the rows
    of its log. A contact without a date counts in every week in which it may take place."""
    each = 0
    for series in scenario.dosage:
        last = min(series.last_week or scenario.horizon_weeks, scenario.horizon_weeks)
        every = series.every_weeks if series.timing == "scheduled" else 1.0
        each += max(0, math.floor((last - series.first_week) / every) + 1)
    logged = len(scenario.contact_log.rows) if scenario.contact_log else 0
    return each * len(scenario.region_names) + logged


def _run_bytes(scenario: Scenario) -> tuple[int, int]:
    """Bytes of a scenario's arrays: those that all threads share, and those of each thread."""
    weeks, staff = scenario.horizon_weeks + 1, scenario.staff_counts
    people, regions = sum(staff), len(staff)
    rows = scenario.contact_log.rows if scenario.contact_log else ()
    logged = Counter((row.week, row.region) for row in rows)
    slots = len(scenario.dosage) + max(logged.values(), default=0)
    leaving = sum(shock.kind == "staff_leave" for shock in scenario.shocks)
    drawn, scratch = 0, 0
    for network, size in zip(scenario.networks, staff, strict=True):
        if network.kind != "complete":
            found = tie_count(network, size)
            drawn += size + 3 + 2 * found
            scratch = max(scratch, ties.scratch_size(size, found))
    words = (
        STATES * people + leaving * people + 2 * weeks * regions * slots
        + 4 * weeks * scenario.providers.count + (STATES + 6) * max(staff) + drawn + scratch
        + regions * (SITES + 8)
    )  # fmt: skip
    record = weeks * regions * len(RECORD)
    shared = planned_contacts(scenario) * _CONTACT_BYTES + 4 * weeks * regions * _WORD
    return shared, _WORD * (words + 2 * record)


def price_of_run(scenario: Scenario, engine: str = "compiled") -> Price:
    """The time and memory that a single run of a scenario takes."""
    shared, own = _run_bytes(scenario)
    work = max(1, sum(scenario.staff_counts) * scenario.horizon_weeks)
    contacts = planned_contacts(scenario)
    seconds = RUN_SECONDS[engine] + work / SPEED[engine] + contacts * CONTACT_SECONDS[engine]
    return Price(1, work, contacts, seconds, shared + own, shared)


_slowness: dict[str, float] = {}
"""Slowness of users' own models that were timed in this process, by their source."""


def slowness(plan: RunPlan) -> float:
    """How many times as long as the readable engine the engine of a plan takes.

    A user's own model is timed by one run, once in a process; for fewer than :data:`FEW` runs it is
    assumed to be as fast as the readable engine.
    """
    own = plan.own
    if own is None or own.model is None or plan.runs < FEW:
        return 1.0
    if own.source not in _slowness:
        job = plan.jobs[0]
        begun = time.perf_counter()
        with contextlib.suppress(Exception):  # making the runs reports the fault
            own(job.scenario, job.sets[0], plan.seed, 0)
        reckoned = price_of_run(job.scenario, "mesa").seconds
        _slowness[own.source] = max(1.0, (time.perf_counter() - begun) / reckoned)
    return _slowness[own.source]


def process_count(plan: RunPlan, collect: Collector[Any], how: Execution) -> int:
    """How many processes make runs in place of threads, in which engines in Python would take
    turns; 1 where there are too few runs, or other processes cannot import the engine."""
    own, work = plan.own, int(plan.work * slowness(plan))
    if plan.compiled or work < PROCESS_WORK or isinstance(collect, Looks):
        return 1
    if (own is None and callable(plan.engine)) or (own is not None and own.places):
        return 1
    return min(thread_count(how.threads), plan.runs, work // (PROCESS_WORK // 2))


def price_of(
    plan: RunPlan, collect: Collector[Any], how: Execution, runs: int | None = None
) -> Price:
    """The time and memory that the runs of a plan, or of its shard, take, estimated from speeds.

    Args:
        plan, collect, how: the plan, what is kept, and how the runs are made.
        runs: the number of runs of the whole work, where it is made in many plans, one after the
            other, of which this plan is an example; default: those of the plan. Memory is that of
            the plan.
    """
    engine, slower = ("compiled", 1.0) if plan.compiled else ("mesa", slowness(plan))
    threads = thread_count(how.threads) if plan.compiled else process_count(plan, collect, how)
    part = _to_make(how)
    seconds, work, contacts, kept = 0.0, 0, 0, 0
    shared, own = 0, 0
    for job in plan.jobs:
        one = price_of_run(job.scenario, engine)
        made = len(job) * job.work // one.staff_weeks  # with counterfactuals
        seconds += part * made * one.seconds * slower
        work += made * one.staff_weeks
        contacts += len(job) * one.contacts
        kept += len(job) * collect.state_bytes(job)
        shared, own = max(shared, one.shared), max(own, one.bytes - one.shared)
    busy = min(threads, plan.runs)
    fixed = shared + busy * own
    times = 0.0 if how.cluster is not None else (runs or plan.runs) / plan.runs
    seconds *= times / busy
    return Price(runs or plan.runs, work, contacts, seconds, fixed + kept, fixed)


def _to_make(how: Execution) -> float:
    """The share of the runs that are still to be made: the shard's, without the stored ones."""
    part = 1.0 if how.shard is None else 1.0 / how.shard[1]
    if not how.resume or how.store is None:
        return part
    try:
        store = Store.load(how.store)
    except (ResultsError, OSError):  # opening the store reports the fault
        return part
    missing = [chunk for chunk in store.missing if of_shard(chunk, how.shard)]
    return len(missing) / store.chunks


def measured(price: Price, plan: RunPlan, how: Execution, make: Make) -> Price:
    """The price with a measured time, where a run is short enough to try some."""
    each = price.seconds / price.runs
    if price.seconds == 0.0 or each > 1.0 or plan.own is not None:  # an own model is timed already
        return price
    most = max(1, int(1.0 / each))
    seconds = probe.seconds(plan, make, most=most) * price.runs / plan.runs
    return replace(price, seconds=_to_make(how) * seconds)


def memory_here() -> float:
    """Bytes of memory of this machine; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not on Windows
        return math.inf


def agree(
    plan: RunPlan, collect: Collector[Any], how: Execution, make: Make, *, runs: int | None = None
) -> None:
    """Check that the runs of a plan can be made, and that the user accepts the time they take.

    Args:
        plan, collect, how, runs: see :func:`price_of`.
        make: the function that makes the runs of a part of the plan on the threads of this machine.

    Raises:
        InputError: the runs cannot end, do not fit into memory or exceed a limit (the message says
            what would fit); or the user declines.
    """
    price = price_of(plan, collect, how, runs)
    _refuse_memory(price, plan, how)
    limit = math.inf if how.time_limit is None else 60.0 * how.time_limit - how.spent
    if price.seconds > min(LONG, limit / 10):
        price = measured(price, plan, how, make)
    if price.seconds > limit:
        given = 60.0 * (how.time_limit or 0)
        said = f"the limit is {duration(given)}"
        if limit < 0.9 * given:
            said += f", of which {duration(max(0.0, limit))} is left"
        enough = f"a limit of {duration(given - limit + 1.2 * price.seconds)}"
        _refuse(price, plan, "time_limit", limit / price.seconds, said, also=[enough])
    if price.seconds > MOST_SECONDS and how.time_limit is None:
        _refuse(
            price, plan, "runs", MOST_SECONDS / price.seconds,
            f"that is more than {duration(MOST_SECONDS)}",
        )  # fmt: skip
    if price.is_long and how.agree is not None:
        what = count(price.runs, "run")
        left = f"what is left of {what} takes" if how.resume else f"{what} take"
        if not how.agree(f"{left} {price.text} here"):
            raise InputError(f"you declined {what}; nothing was run", field="price")


def _refuse_memory(price: Price, plan: RunPlan, how: Execution) -> None:
    given, here = how.memory_limit, memory_here()
    most = here if given is None else given * GIGABYTE
    if price.bytes <= most:
        return
    what = "this machine has" if given is None else "the limit is"
    kept = price.bytes - price.shared
    share = (most - price.shared) / kept if kept else 0.0
    said = f"{what} {gigabytes(most)}"
    _refuse(price, plan, "memory_limit", max(0.0, share), said, one=most / price.shared)


def _refuse(
    price: Price, plan: RunPlan, field: str, share: float, said: str, *,
    one: float | None = None, also: Sequence[str] = (),
) -> None:  # fmt: skip
    """Raise the refusal, which says what would fit: that share of the runs, or else that share of
    ``one`` run (default: of the runs, all made into one), or ``also`` something else."""
    fits = list(_fewer_runs(plan.jobs, share))
    if not fits:
        people = max(sum(job.scenario.staff_counts) for job in plan.jobs)
        fits.append(_smaller(people, share * price.runs if one is None else one))
    fits += also
    taken = f"about {gigabytes(price.bytes)}" if field == "memory_limit" else price.text
    takes = "takes" if price.runs == 1 else "take"
    raise InputError(
        f"{count(price.runs, 'run')} of {_named(plan.jobs)} {takes} {taken} here, and {said}; "
        "nothing was run",
        field=field, allowed=f"what would fit: {', or '.join(fits)}",
    )  # fmt: skip


def _smaller(people: int, share: float) -> str:
    """What would fit where that share of a single run does."""
    if people * share >= 1:
        return f"about {people * share:,.0f} staff in place of {people:,}, or fewer weeks"
    return "fewer staff, contacts or weeks"


def _named(jobs: Sequence[Job]) -> str:
    """The scenarios of some jobs in words."""
    names = list(dict.fromkeys(job.scenario.name for job in jobs))
    return repr(names[0]) if len(names) == 1 else count(len(names), "scenario")


def _fewer_runs(jobs: Sequence[Job], share: float) -> list[str]:
    """Fewer sets or fewer replicates that fit into a share of the runs."""
    sets = max(len(job.sets) for job in jobs)
    replicates = max(job.replicates or 1 for job in jobs)
    fits = []
    if int(sets * share) >= 1 and sets > 1:
        fits.append(f"{count(int(sets * share), 'parameter set')} in place of {sets:,}")
    if int(replicates * share) >= 1 and replicates > 1:
        fits.append(f"{count(int(replicates * share), 'replicate')} in place of {replicates:,}")
    return fits


def check_scenario(scenario: Scenario) -> None:
    """Refuse a scenario of which this machine cannot make a single run.

    Raises:
        InputError: a run takes too much; the message says what would fit.
    """
    price, here = price_of_run(scenario), memory_here()
    if price.bytes <= here and price.seconds <= MOST_SECONDS:
        return
    people = sum(scenario.staff_counts)
    share = min(here / price.bytes, MOST_SECONDS / price.seconds)
    raise InputError(
        f"a single run of {scenario.name!r} ({count(people, 'staff member')}, "
        f"{count(price.contacts, 'planned contact')}) takes about {duration(price.seconds)} "
        f"and {gigabytes(price.bytes)}; this machine has {gigabytes(here)}",
        field="scenario",
        allowed=f"what would fit: {_smaller(people, share)}",
    )  # fmt: skip
