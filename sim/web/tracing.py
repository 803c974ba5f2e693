"""The readable engine with its rules overheard: every call of a rule, with arguments and result.

The agents and the model run their own code, unchanged. Only the name ``rules`` in that code leads
to a recorder here, which calls the real rule and notes down what went in and what came out. So what
the page explains cannot drift from what the model does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from sim import rules
from sim.agents import Contact, RegionalStaff, TAProvider
from sim.model import CoCreationModel

PROVIDER = -1
REGION = -2
"""Subjects that are no post."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a rule: who it was about, in which method, with what, and what came of it."""

    week: int
    who: int
    method: str
    rule: str
    arguments: dict[str, float]
    result: float


class Tape:
    """What was overheard in one run."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.week = 0
        self._about: list[tuple[int, str]] = [(REGION, "")]

    @contextmanager
    def about(self, who: int, method: str) -> Iterator[None]:
        """Calls within are about ``who``."""
        self._about.append((who, method))
        try:
            yield
        finally:
            self._about.pop()

    def note(self, rule: str, arguments: dict[str, float], result: float) -> None:
        """Write down a call."""
        who, method = self._about[-1]
        self.calls.append(Call(self.week, who, method, rule, arguments, result))


_TAPE: ContextVar[Tape | None] = ContextVar("tape", default=None)
_PARAMETERS = {
    name: tuple(inspect.signature(rule).parameters)
    for name, rule in vars(rules).items()
    if inspect.isfunction(rule)
}


class _Recorder:
    """Stands where the module ``rules`` stands in the code of agents and model."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(rules, name)
        if name not in _PARAMETERS:
            return found

        def overheard(*values: Any) -> Any:
            result = found(*values)
            tape = _TAPE.get()
            if tape is not None:
                tape.note(name, dict(zip(_PARAMETERS[name], values, strict=False)), result)
            return result

        return overheard


_RECORDER = _Recorder()


def _overhear(method: FunctionType) -> FunctionType:
    """The same code in a namespace in which ``rules`` is the recorder."""
    made = FunctionType(
        method.__code__, {**method.__globals__, "rules": _RECORDER}, method.__name__,
        method.__defaults__, method.__closure__,
    )  # fmt: skip
    made.__kwdefaults__ = method.__kwdefaults__
    return made


def _about(method: FunctionType, who: Callable[[Any], int]) -> Callable[..., Any]:
    inner = _overhear(method)

    def traced(self: Any, *arguments: Any) -> Any:
        tape = _TAPE.get()
        if tape is None:
            return inner(self, *arguments)
        with tape.about(who(self), method.__name__):
            return inner(self, *arguments)

    return traced


def _own_methods(kind: type) -> dict[str, FunctionType]:
    return {
        name: method
        for name, method in vars(kind).items()
        if isinstance(method, FunctionType) and not name.startswith("__")
    }


TracedStaff: type[RegionalStaff] = type(
    "TracedStaff",
    (RegionalStaff,),
    {
        name: _about(one, lambda self: self.post)
        for name, one in _own_methods(RegionalStaff).items()
    },
)
"""Staff whose rules are overheard."""

TracedProvider: type[TAProvider] = type(
    "TracedProvider",
    (TAProvider,),
    {name: _about(one, lambda self: PROVIDER) for name, one in _own_methods(TAProvider).items()},
)
"""A provider whose rules are overheard."""

_MODEL_METHODS = ("_hold", "_attend", "_review_and_commit", "_new_commitments", "_everybody")


class TracedModel(CoCreationModel):
    """The readable engine, one region, with a tape.

    Attributes:
        tape: the calls of rules.
        contacts: (contact, "held" | "failed_provider" | "failed_region") of this week.
        words: (post, post of the colleague) of this week's words between colleagues.
    """

    def __init__(self, scenario: Any, **more: Any) -> None:
        self.tape = Tape()
        self.contacts: list[tuple[Contact, str]] = []
        self.words: list[tuple[int, int]] = []
        super().__init__(
            scenario, staff_class=TracedStaff, provider_class=TracedProvider, collect=False, **more
        )

    def step(self) -> None:
        """One week, overheard."""
        self.contacts, self.words = [], []
        self.tape.week = self.week + 1
        token = _TAPE.set(self.tape)
        try:
            super().step()
        finally:
            _TAPE.reset(token)
        self._note_words()

    def _note_words(self) -> None:
        """Who had a word with whom: the same draws again, which are a pure function."""
        for region in self.regions:
            for post, (meets, which, _) in enumerate(region.week_draws):
                if meets < self.p.peer_meeting:
                    other = region.neighbours.pick(post, which)
                    if other >= 0:
                        self.words.append((post, other))


def _model_method(name: str) -> Callable[..., Any]:
    inner = _about(vars(CoCreationModel)[name], lambda _: REGION)

    def traced(self: TracedModel, *arguments: Any) -> Any:
        result = inner(self, *arguments)
        if name == "_hold":
            contact: Contact = arguments[0]
            failed = "failed_provider" if contact.region.ledger.failed_provider else "failed_region"
            self.contacts.append((contact, "held" if result else failed))
        return result

    return traced


for _name in _MODEL_METHODS:
    setattr(TracedModel, _name, _model_method(_name))
