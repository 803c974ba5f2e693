"""The see view: a small region as a network, week by week, alone or side by side; guided "
"stories."""

from __future__ import annotations

import json
from typing import Any

from nicegui.element import Element

from sim.errors import InputError, Problem
from sim.scenario import Scenario
from sim.web.address import ELSE, more_of, parse, query, shipped
from sim.web.answer import Kept
from sim.web.desk import Desk
from sim.web.guided import BY_KEY, GUIDED, Guided, Step, Told, told
from sim.web.parts import (
    STATIC,
    Lever,
    Problems,
    Tag,
    button,
    frame,
    island,
    link_views,
    text,
)
from sim.web.plan_words import headline
from sim.web.see_words import week_words, why
from sim.web.session import Session
from sim.web.story import MOST_STAFF, PROVIDER, REGION, Story, small, tell

TOLD_PRICE = 20_000_000
"""Person-weeks that a story counts as: the readable engine is slower than the compiled one."""
USUAL = (0.0, 0.8, 8.0, 1.0)
"""Co-creation on the left and on the right, staff, luck."""
LIMITS = ((0.0, 1.0), (0.0, 1.0), (2.0, float(MOST_STAFF)), (1.0, 999.0))
_STORIES: Kept[Story] = Kept(16)


class See(Element, component=STATIC / "see.js"):
    """The networks, and the bar that plays them. All weeks are in the browser."""

    def __init__(self, on_pick: Any) -> None:
        super().__init__()
        self._props.update(arms=[], start=0, picked={"arm": 0, "who": PROVIDER})
        self.on("pick", lambda event: on_pick(event.args))

    def put(self, arms: list[tuple[str, Story]], start: int = 0) -> None:
        """Show one or two stories."""
        self._props.update(arms=[as_data(name, story) for name, story in arms], start=start)
        self.update()


def as_data(name: str, story: Story) -> dict[str, Any]:
    """A story as the browser draws it; see ``static/see.js``."""
    weeks = [
        {
            "p": [[round(v, 3) for v in person] for person in story.people[week]],
            "v": [round(v, 3) for v in story.provider[week]],
            "e": story.events[week],
            "w": week_words(story, week),
        }
        for week in range(len(story.people))
    ]
    return {
        "name": name, "weeks": weeks, "names": story.names, "edges": [list(e) for e in story.edges],
        "places": [[round(x, 4), round(y, 4)] for x, y in story.places], "core": story.core,
    }  # fmt: skip


class SeePage:
    """One visitor's see view."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.session = Session(desk)
        key = more_of(address, "story")
        self.plan, wrong = shipped("classroom"), None
        settings = USUAL
        try:
            settings = _settings(more_of(address, "see"))
            if _has_plan(address):
                self.plan = parse(address)[0]
        except InputError as error:
            wrong = error
        self.left, self.right, self.staff, self.luck = settings
        self.arms: list[tuple[str, Story]] = []
        self.told: Told | None = None
        self.guided: Guided | None = None
        self.at = 0
        body, self.links = frame("See", "See")
        with body:
            Tag("h1", "See how it works")
            self.lead = Tag("p", "One small region, week by week: who comes, what is promised, "
                            "kept and broken, who learns from whom. Click a person or the provider "
                            "to read why they changed.", class_="lead")  # fmt: skip
            with self.lead:
                Tag("a", "Or take a guided story.", href="#stories", class_="after")
            self.session.problems = self.problems = Problems()
            if wrong is not None:
                self.problems.show(wrong, "The address could not be used:")
            self._build()
        self._begin(BY_KEY.get(key))

    def _begin(self, guided: Guided | None) -> None:
        from nicegui import ui

        async def open_() -> None:
            await (self._choose(guided) if guided is not None else self._free())

        ui.timer(0.01, self.session.guard(open_), once=True)

    def _build(self) -> None:
        self.guide = Tag("section", class_="guide", aria_label="Guided story")
        self.guide.set_visibility(False)
        with Tag("div", class_="see-grid"):
            with Tag("div"):
                self.see = See(self._picked)
                self.rests = island("", tag="p", class_="note")
            with Tag("section", class_="panel card", aria_label="Why it changed"):
                self.panel = island("<p class='note'>One moment …</p>", aria_live="polite")
        with Tag("details", class_="no-print") as self.settings:
            Tag("summary", "Change the region and the two ways of working")
            self.sentence = Tag("p", class_="note")
            with Tag("div", class_="settings"):
                self._levers()
        Tag("h2", "Guided stories for a class", id_="stories")
        Tag("p", "Three steps each, with a question before what happens is shown. Every story "
                 "has a "
            "sheet to print.", class_="lead")  # fmt: skip
        self.cards: dict[str, Tag] = {}
        with Tag("div", class_="stories"):
            for guided in GUIDED:
                card = Tag("button", type="button", class_="card story-card", aria_pressed="false")
                card.on("click", self.session.guard(_choosing(self, guided)), args=[])
                with card:
                    Tag("b", guided.title)
                    Tag("span", guided.aim)
                self.cards[guided.key] = card

    def _levers(self) -> None:
        rows = (
            ("see-left", "Co-creation on the left", "0 to 1", (0, 1, 0.05), self.left,
             "0: the provider decides."),
            ("see-right", "Co-creation on the right", "0 to 1", (0, 1, 0.05), self.right,
             "1: everything is decided together."),
            ("see-staff", "Staff", "people", (2, MOST_STAFF, 1), self.staff, ""),
            ("see-luck", "Luck", "number", (1, 999, 1), self.luck,
             "Another number: other people, other luck."),
        )  # fmt: skip
        self.levers = {
            name: Lever(name, label, unit, limits, value, self.session.guard(self._set), hint=hint)
            for name, label, unit, limits, value, hint in rows
        }

    async def _set(self, name: str, value: float) -> None:
        limits = {"see-staff": (2, MOST_STAFF), "see-luck": (1, 999)}.get(name, (0.0, 1.0))
        setattr(self, name.removeprefix("see-"), min(limits[1], max(limits[0], float(value))))
        self.problems.clear()
        self.levers[name].put(getattr(self, name.removeprefix("see-")), False)
        await self._free()

    # --- showing -----------------------------------------------------------------------------

    async def _free(self) -> None:
        """The plan's dosage in a small region: directive on the left, co-creative on the right."""
        plan = self.plan.scenario()
        pairs = [
            (
                f"{_manner(c)} (co-creation {c:g})",
                small(plan, c, round(self.staff), round(self.luck)),
            )
            for c in (self.left, self.right)
        ]
        self.session.visitor.spend(2 * TOLD_PRICE)
        stories = await self.session.desk.quick(
            self.session.visitor, lambda: [(name, _tell(scenario)) for name, scenario in pairs]
        )
        if stories is None or self.session.gone:
            return
        self.guided = self.told = None
        self.guide.set_visibility(False)
        self.lead.set_visibility(True)
        self._mark()
        self.sentence.say(f"The plan's contacts in one region: {headline(pairs[1][1])}")
        self.rests.set_content(_rests(pairs[1][1], guided=False))
        self.arms = stories
        self.see.put(self.arms)
        self._put_address()

    async def _choose(self, guided: Guided) -> None:
        self.session.visitor.spend(4 * TOLD_PRICE)
        found = await self.session.desk.quick(self.session.visitor, lambda: told(guided))
        if found is None or self.session.gone:
            return
        self.guided, self.told, self.at = guided, found, 0
        self.arms = list(zip(found.names, found.stories, strict=True))
        self.see.put(self.arms)
        self.see.run_method("show", 0, 0, PROVIDER, guided.steps[0].shade)
        self.lead.set_visibility(False)
        self._mark()
        self._step()
        self.rests.set_content(_rests(found.stories[1].scenario, guided=True))
        self._put_address()
        self.session.client.run_javascript("scrollTo(0, 0)")

    def _put_address(self) -> None:
        """The address says what is shown; links to the other views carry the plan."""
        plan = query(self.plan) or ""
        link_views(self.links, plan)
        if self.guided is not None:
            found = f"story={self.guided.key}"
        else:
            settings = (self.left, self.right, self.staff, self.luck)
            see = "" if settings == USUAL else ",".join(f"{value:g}" for value in settings)
            usual = self.plan == shipped("classroom") and not see
            found = "" if usual else query(self.plan, see=see) or ""
        self.session.client.run_javascript(f"codoseAddress({json.dumps(found)})")

    def _mark(self) -> None:
        for key, card in self.cards.items():
            chosen = self.guided is not None and self.guided.key == key
            card.put(aria_pressed="true" if chosen else "false")

    def _step(self) -> None:
        """The step of the guided story, with its question; the answer is not shown yet."""
        guided, found = self.guided, self.told
        if guided is None or found is None:
            return
        step = guided.steps[self.at]
        self.guide.clear()
        self.guide.set_visibility(True)
        with self.guide:
            Tag("h2", f"{guided.title}: step {self.at + 1} of {len(guided.steps)}")
            Tag("p", step.text)
            Tag("h3", step.question)
            with Tag("div", class_="answers", role="group", aria_label="Your guess"):
                self.guesses = {
                    answer: button(answer, self.session.guard(_guessing(self, step, answer)))
                    for answer in step.answers
                }
            self.shown = Tag("div", role="status")
            with Tag("div", class_="row-of no-print"):
                self.next = button("Next step", self.session.guard(self._next), "main")
                self.next.set_visibility(False)
                Tag("a", "Class sheet to print", class_="b quiet", href=f"/sheet/{guided.key}",
                    target="_blank")  # fmt: skip
                button("Leave the story", self.session.guard(self._leave), "quiet")

    async def _guess(self, step: Step, answer: str) -> None:
        """Reveal: go to the week, and say what happens."""
        guided, found = self.guided, self.told
        if guided is None or found is None or guided.steps[self.at] is not step:
            return
        self.see.run_method("show", step.week, step.arm, step.who, step.shade)
        for name, made in self.guesses.items():
            made.put(aria_pressed="true" if name == answer else "false")
        self.shown.clear()
        with self.shown:
            island(
                f"<p class='reveal'><b>You said: {text(answer)}.</b> {text(step.reveal(found))} "
                "<small>Means over 200 regions like these two; the ones on the screen may differ."
                "</small></p>"
            )
            if self.at + 1 == len(guided.steps):
                island(f"<p><b>To discuss.</b> {text(guided.discuss)}</p>")

        self.next.set_visibility(self.at + 1 < len(guided.steps))

    async def _next(self) -> None:
        if self.guided is not None and self.at + 1 < len(self.guided.steps):
            self.at += 1
            self._step()

    async def _leave(self) -> None:
        await self._free()

    async def _picked(self, picked: dict[str, Any]) -> None:
        """Somebody was clicked, or the week moved: say why they changed."""
        try:
            arm, who, week = (int(picked[key]) for key in ("arm", "who", "week"))
            name, story = self.arms[arm]
            known = who in (PROVIDER, REGION) or 0 <= who < len(story.core)
            if not known or not 0 <= week < len(story.people):
                return
        except (KeyError, TypeError, ValueError, IndexError):
            return  # a click on what is no longer shown
        self.panel.set_content(why(story, who, week, name if len(self.arms) > 1 else ""))


def _tell(scenario: Scenario) -> Story:
    """A story; it is a pure function of its scenario, so a class asks for the same one once."""
    return _STORIES.get(scenario.digest(), lambda: tell(scenario))


def _has_plan(address: str) -> bool:
    """Whether an address says a plan, beside what the views add of their own."""
    names = {part.partition("=")[0] for part in address.split("&")}
    return bool(names - {*ELSE, ""})


def _settings(words: str) -> tuple[float, float, float, float]:
    """What an address says of the two sides.

    Raises:
        InputError: not four numbers within their limits.
    """
    if not words:
        return USUAL
    try:
        values = [float(part) for part in words.split(",")]
        low_high = zip(values, LIMITS, strict=True)
        if all(low <= value <= high for value, (low, high) in low_high):
            return values[0], values[1], values[2], values[3]
    except ValueError:
        pass
    raise InputError(
        Problem(f"{words[:40]!r} are no settings of this view", "see", words[:40],
                f"co-creation left and right (0..1), staff (2..{MOST_STAFF}), luck (1..999)")
    )  # fmt: skip


def _rests(scenario: Scenario, guided: bool) -> str:
    """Under the networks: which numbers they rest on."""
    own = len(scenario.parameters)
    values = (
        "the usual values of all parameters, but nobody leaves unless the story says so"
        if guided
        else f"the usual values of all parameters{f' but {own} of your own' * (own > 0)}"
    )
    return (
        f"Rests on one run a side of the readable engine, luck {scenario.seed}, with {values}: one "
        "region, not a mean. <a href='/rests'>Every number, with its source</a>."
    )


def _manner(co_creation: float) -> str:
    if co_creation < 0.2:
        return "Directive"
    return "Co-creative" if co_creation >= 0.5 else "Partly shared"


def _choosing(page: SeePage, guided: Guided) -> Any:
    async def chosen() -> None:
        page.problems.clear()
        await page._choose(guided)

    return chosen


def _guessing(page: SeePage, step: Step, answer: str) -> Any:
    return lambda: page._guess(step, answer)
