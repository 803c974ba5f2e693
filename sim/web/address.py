"""A plan as the address of the page says it, so that a link shares it.

``/?from=source&visits=1`` is a shipped scenario with what was changed. A plan from a file, or a
blank one, has the scenario itself in the address, packed: ``plan=`` and letters that are safe in an
address. Plans kept for comparison follow, each as ``keep=`` and an address of its own.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from sim.errors import Problem, ScenarioError
from sim.loading import SIZE_LIMIT
from sim.scenario import Scenario
from sim.web.levers import CHOICES, Changes, apply

LONGEST = 6_000
"""Letters of an address that every browser and mail program carries."""
MOST_KEPT = 5
DEFAULT = "source"
BLANK = "blank"
FILE = "file"

_BLANK_TEXT = """\
name: A plan of my own
horizon_weeks: 156
regions: {candidates: 12, count: 3, selection: random, staff: 12}
providers: {count: 2, weekly_hours: 20}
"""


@dataclass(frozen=True)
class Plan:
    """A visitor's plan: what it started from, and what was changed.

    ``source`` is the name of a shipped scenario, "blank" or "file".
    """

    source: str
    start: Scenario
    changes: Changes = field(default_factory=dict)
    label: str = ""

    def scenario(self) -> Scenario:
        """The scenario to run.

        Raises:
            ScenarioError: the changes cannot be made.
        """
        return apply(self.start, self.changes)

    def moved(self, name: str, value: float | str | None) -> Plan:
        """The plan with one more change; None takes a change back."""
        changes = {key: old for key, old in self.changes.items() if key != name}
        if value is not None:
            changes[name] = value
        return Plan(self.source, self.start, changes, self.label)


def shipped(name: str = DEFAULT) -> Plan:
    """A shipped scenario (or "blank") with nothing changed.

    Raises:
        ScenarioError: there is none of that name.
    """
    return Plan(name, _start(name))


@lru_cache(maxsize=64)
def _start(name: str) -> Scenario:
    """A shipped scenario (they do not change while a server runs), or the blank one."""
    if name == BLANK:
        return Scenario.from_text(_BLANK_TEXT, file="blank plan")
    return Scenario.shipped(name)


def from_file(text: str, file: str) -> Plan:
    """A plan from the text of a dropped file, checked as on the command line.

    Raises:
        ScenarioError: every mistake, with its line.
    """
    return Plan(FILE, Scenario.from_text(text, file=file))


def more_of(text: str, name: str) -> str:
    """What an address says under a name of :data:`ELSE`; empty when it does not."""
    return dict(parse_qsl(text, max_num_fields=200)).get(name, "")


# --- addresses ------------------------------------------------------------------------------------


ELSE = ("keep", "label", "target", "view", "see", "story")
"""What an address may hold besides the plan; each view reads its own."""


def query(plan: Plan, kept: Iterable[Plan] = (), **more: str) -> str | None:
    """The part of an address after ``?``; None when the plan is too long for one.

    Args:
        more: what views add of their own, of :data:`ELSE`; empty ones are left out.
    """
    pairs = _pairs(plan) + [(name, value) for name, value in more.items() if value]
    for other in kept:
        pairs.append(("keep", urlencode([*_pairs(other), ("label", other.label)])))
    text = urlencode(pairs)
    return text if len(text) <= LONGEST else None


def _pairs(plan: Plan) -> list[tuple[str, str]]:
    pairs = [("plan", _pack(plan.start))] if plan.source == FILE else [("from", plan.source)]
    pairs += [
        (name, value if isinstance(value, str) else f"{value:.12g}")
        for name, value in sorted(plan.changes.items())
    ]
    return pairs


def parse(text: str) -> tuple[Plan, list[Plan]]:
    """The plan and the kept plans of an address.

    Raises:
        ScenarioError: what in the address cannot be used.
    """
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    kept = [value for name, value in pairs if name == "keep"][:MOST_KEPT]
    plan = _plan([(name, value) for name, value in pairs if name not in ELSE])
    return plan, [_kept(one) for one in kept]


def _kept(text: str) -> Plan:
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    label = next((value for name, value in pairs if name == "label"), "")
    plan = _plan([(name, value) for name, value in pairs if name != "label"])
    return Plan(plan.source, plan.start, plan.changes, label[:60] or plan.start.name)


def _plan(pairs: Iterable[tuple[str, str]]) -> Plan:
    fields: Mapping[str, str] = dict(pairs)
    packed = fields.get("plan")
    if packed is not None:
        base = Plan(FILE, _unpack(packed))
    else:
        base = shipped(fields.get("from", DEFAULT))
    changes: Changes = {n: v for n, v in fields.items() if n not in ("from", "plan")}
    plan = Plan(base.source, base.start, {n: _value(n, v) for n, v in changes.items()})
    plan.scenario()  # refuses what cannot be
    return plan


def _value(name: str, value: str | float) -> str | float:
    if name in CHOICES:
        return value
    try:
        return float(value)
    except ValueError:
        return value  # refused by name where it is applied


def _pack(scenario: Scenario) -> str:
    raw = zlib.compress(scenario.to_yaml().encode(), 9)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpack(text: str) -> Scenario:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacker = zlib.decompressobj()
        yaml = unpacker.decompress(raw, SIZE_LIMIT)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise ValueError("too long, or cut off")
        return Scenario.from_text(yaml.decode(), file="plan of the link")
    except (ValueError, binascii.Error, zlib.error):
        raise ScenarioError(
            Problem("the link is damaged, or was cut off", allowed="the whole address, as copied")
        ) from None
