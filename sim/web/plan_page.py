"""The plan view: levers on one side, what they would come to on the other."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import lru_cache

from nicegui import ui

from sim.errors import InputError, ScenarioError
from sim.loading import SIZE_LIMIT
from sim.scenario import Scenario, shipped_names
from sim.view import hover_plan
from sim.web import plan_words
from sim.web.address import BLANK, FILE, MOST_KEPT, Plan, from_file, more_of, parse, query, shipped
from sim.web.answer import CURVES, Answer, answer, planned, price
from sim.web.desk import SLOW, Desk
from sim.web.downloads import csv_of, report_of
from sim.web.levers import KINDS, LEVERS, MORE, REMOTE, Changes, Lever, read, remarks
from sim.web.map_section import MapSection
from sim.web.parts import (
    Choice,
    Drop,
    Problems,
    Tag,
    button,
    file_name,
    frame,
    island,
    link_views,
    text,
)
from sim.web.parts import Lever as LeverPart
from sim.web.plan_compare import KeptPlans
from sim.web.session import Session

GROUPS: dict[str, str] = {
    "Contacts": "", MORE: MORE, "Manner": "", "Regions and providers": "",
    "Prices": "Prices (put in your own)",
}  # fmt: skip
"""Groups of levers; those with words are folded away under them."""
MODE_CHOICES = {"calls": ("mode", "Remote contacts by"), "more": ("more_mode", "They come by")}
"""Lever -> the choice of a mode that follows it, and its label."""
MODE_NAMES = {"video": "Video", "phone": "Phone", "email": "E-mail"}


class PlanPage:
    """One visitor's plan view."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.session = Session(desk)
        self.session.take_file = self._file
        self.plan, kept, wrong = _opened(address)
        self.found: Answer | None = None
        self.wanted = 0  # how many plans were asked for; tells figures from older ones
        self.levers: dict[str, LeverPart] = {}
        self.modes: dict[str, Choice] = {}
        self.charts: dict[str, tuple[Tag, ui.plotly]] = {}
        body, self.links = frame("Plan", "Plan", address if not wrong else "")
        with body:
            Tag("h1", "Plan technical assistance")
            Tag("p", "How much, in which form and for how long? Move a slider and see what would "
                "follow, for regions like these.", class_="lead")  # fmt: skip
            self.session.problems = self.problems = Problems()
            with Tag("div", class_="plan"):
                with Tag("section", class_="side", aria_label="The plan"):
                    self._controls()
                with Tag("section", class_="follows", aria_label="What would follow",
                         id_="follows"):  # fmt: skip
                    self._results(kept, more_of(address, "target"))
            with Tag("nav", class_="dock no-print", aria_label="In short"):
                self.dock = island("", tag="a", href="#follows")
        if wrong is not None:
            self.problems.show(wrong, "The address could not be used:")
        self._show_plan()
        ui.timer(0.01, self.session.guard(self._refresh), once=True)

    # --- building ----------------------------------------------------------------------------

    def _controls(self) -> None:
        self.start = Choice(
            "start", "Start from", _starts(self.plan), self.plan.source,
            self.session.guard(self._start),
        )  # fmt: skip
        Drop(self.session.token, "or drop a scenario file here", SIZE_LIMIT, self._refuse)
        levels = read(self.plan.scenario())
        for group, folded in GROUPS.items():
            rows = [lever for lever in LEVERS if lever.group == group]
            if not folded:
                self._group(group, rows, levels)
                continue
            with Tag("details") as block:
                if group == MORE and float(levels["more"]) > 0:
                    block.put(open="")
                Tag("summary", folded)
                self._group(group, rows, levels)
        self.notes = island("", class_="note")

    def _group(self, group: str, rows: list[Lever], levels: Changes) -> None:
        with Tag("fieldset"):
            Tag("legend", group)
            for lever in rows:
                self.levers[lever.name] = LeverPart(
                    lever.name, lever.label, lever.unit,
                    (lever.low, lever.high, max(lever.step, 0.05)), float(levels[lever.name]),
                    self.session.guard(self._move), hint=lever.hint,
                    rhythm=lever.name in KINDS,
                )  # fmt: skip
                if lever.name in MODE_CHOICES:
                    name, label = MODE_CHOICES[lever.name]
                    self.modes[name] = Choice(
                        name, label, [(m, MODE_NAMES[m]) for m in REMOTE], str(levels[name]),
                        self.session.guard(_moving(self, name)),
                    )  # fmt: skip

    def _results(self, kept: list[Plan], aim: str) -> None:
        self.sentence = Tag("p", class_="headline")
        self.costs = island("")
        self.costs_note = Tag("p", class_="note")
        with Tag("div") as self.answers:
            Tag("h2", "Effect of the assistance")
            self.queue = Tag("p", class_="note", role="status")
            self.effects = island("", role="status")
            self.note = island("", tag="p", class_="note")
            Tag("h2", "Over time")
            self.legend = island("", tag="ul", class_="legend")
            with Tag("div", class_="charts"):
                for outcome in CURVES:
                    with Tag("figure", role="group") as figure:
                        island(plan_words.unit_words(outcome), tag="figcaption")
                        self.charts[outcome] = figure, ui.plotly({}).classes("chart")
            self.rests = island("")
            with Tag("details"):
                Tag("summary", "The numbers as a table")
                self.table = island("")
        with Tag("div", class_="row-of no-print"):
            button("Keep for comparison", self.session.guard(self._keep), "main")
            button("Download scenario", self.session.guard(self._scenario))
            button("Download CSV", self.session.guard(self._csv))
            button("Download report", self.session.guard(self._report))
            button("Copy link", self.session.guard(self._copy), "quiet")
            self.said = Tag("span", class_="note", role="status")
        self.kept = KeptPlans(self.session, kept, self._kept_changed)
        self.map = MapSection(
            self.session, lambda: self.plan.scenario(), self._adopt, self._put_address, aim
        )

    # --- changing the plan -------------------------------------------------------------------

    async def _start(self, name: str) -> None:
        if name not in (*shipped_names(), BLANK):
            return
        await self._take(shipped(name))

    async def _file(self, words: str, name: str) -> None:
        """A dropped file, checked as on the command line."""
        await self._take(from_file(words, name))

    def _refuse(self, message: str) -> None:
        self.problems.show(message, "The file cannot be used:")

    async def _move(self, name: str, value: float) -> None:
        try:
            await self._change({name: value})
        except ScenarioError:
            self.levers[name].reset()
            raise

    async def _adopt(self, changes: dict[str, float | str]) -> None:
        await self._change(changes)

    async def _change(self, changes: dict[str, float | str]) -> None:
        plan = self.plan
        for name, value in changes.items():
            plan = plan.moved(name, value)
        await self._take(plan)

    async def _take(self, plan: Plan) -> None:
        scenario = plan.scenario()  # says what cannot be
        price(scenario)
        self.plan = plan
        self.problems.clear()
        self._show_plan()
        await self._refresh()

    def _show_plan(self) -> None:
        """What is there at once: levers, cost, load, the address."""
        scenario = self.plan.scenario()
        levels = read(scenario)
        for lever in LEVERS:
            self.levers[lever.name].put(float(levels[lever.name]), lever.name in self.plan.changes)
        for name, choice in self.modes.items():
            choice.put(str(levels[name]))
        self.start.put(self.plan.source, _starts(self.plan))
        self.sentence.say(plan_words.headline(scenario))
        self.costs.set_content(plan_words.cost_tiles(planned(scenario)))
        self.costs_note.say(plan_words.costs_rest_on(scenario))
        self.map.planned(scenario)
        lines = [self.plan.start.question, *remarks(self.plan.start)]
        self.notes.set_content("".join(f"<p>{text(line)}</p>" for line in lines if line))
        self.wanted += 1
        self.answers.put(data_wanted=self.wanted)
        self._put_address()

    def _put_address(self) -> None:
        found = query(self.plan, self.kept.plans, target=self.map.aim)
        link_views(self.links, query(self.plan) or "")
        self.session.client.run_javascript(f"codoseAddress({json.dumps(found or '')})")
        self.too_long = found is None

    # --- showing -----------------------------------------------------------------------------

    async def _refresh(self) -> None:
        session, scenario, wanted = self.session, self.plan.scenario(), self.wanted
        size = price(scenario)
        session.visitor.spend(size)
        self.answers.classes(add="busy")
        ahead = session.desk.waiting
        self.queue.say(f"{ahead} visitors before you …" if ahead > 4 else "")
        try:
            found = await session.desk.quick(
                session.visitor, lambda: answer(scenario, session.desk.busy), "answer", size
            )
        finally:
            if not session.gone:
                self.answers.classes(remove="busy")
                self.queue.say("")
        if found is None or session.gone:
            return
        self.found = found
        self._show(found)
        self.answers.put(data_shown=wanted)
        await self.kept.refresh(self.plan)

    def _show(self, found: Answer) -> None:
        self.effects.set_content(plan_words.effect_tiles(found))
        self.dock.set_content(plan_words.dock(found, planned(found.scenario)))
        self.note.set_content(text(plan_words.effect_note(found)))
        self.rests.set_content(plan_words.rests_on(found))
        self.table.set_content(plan_words.numbers_table(found))
        self.legend.set_content(plan_words.legend(self.kept.labels))
        for outcome, (figure, chart) in self.charts.items():
            chart.update_figure(
                hover_plan.trajectory(
                    outcome, found.weeks.tolist(), found.with_ta[outcome], found.without[outcome],
                    found.end, self.kept.curves(outcome),
                )
            )  # fmt: skip
            figure.put(aria_label=plan_words.chart_words(outcome, found))

    # --- keeping and taking home -------------------------------------------------------------

    async def _keep(self) -> None:
        if self.found is None:
            return
        mine = self.found.scenario.digest() == self.plan.scenario().digest()
        self.kept.keep(self.plan, self.found if mine else None)  # None: with the table
        await self._kept_changed()

    async def _kept_changed(self) -> None:
        self._put_address()
        if self.found is not None:
            self._show(self.found)
        await self.kept.refresh(self.plan)

    async def _scenario(self) -> None:
        scenario = self.plan.scenario()
        self.session.offer(file_name(scenario.name, "yaml"), scenario.to_yaml())

    async def _csv(self) -> None:
        if self.found is not None:
            name = file_name(self.found.scenario.name, "csv")
            self.session.offer(name, csv_of(self.found))

    async def _report(self) -> None:
        """What the page shows now, in one file."""
        if self.found is None:
            return
        found, kept, made, mode = self.found, self.kept, self.map.made, self.map.mode
        lines = {outcome: kept.curves(outcome) for outcome in CURVES}
        labels, table = kept.labels, kept.shown
        if made is not None and made.found.scenario.digest() != found.scenario.digest():
            made = None  # a map of another plan
        self.said.say("Making the report …")
        try:
            report = await self.session.desk.quick(
                self.session.visitor,
                lambda: report_of(found, lines, labels, table, made, mode), "report", SLOW,
            )  # fmt: skip
        finally:
            if not self.session.gone:
                self.said.say("")
        if report is not None and not self.session.gone:
            self.session.offer(file_name(found.scenario.name, "html"), report)

    async def _copy(self) -> None:
        if self.too_long:
            raise InputError(
                "this plan is too long for a link; download the scenario and pass it on instead"
            )
        copied = await self.session.client.run_javascript("codoseCopy()")
        self.said.say(
            "Link copied." if copied else "Copy the address of this page: it has the plan."
        )


def _moving(page: PlanPage, name: str) -> Callable[[str], Awaitable[None]]:
    return lambda mode: page._change({name: mode})


@lru_cache(maxsize=1)
def _shipped() -> tuple[tuple[str, str], ...]:
    """Names of the shipped scenarios, the source case first."""
    options = [(name, Scenario.shipped(name).name) for name in shipped_names()]
    return tuple(sorted(options, key=lambda option: (option[0] != "source", option[1])))


def _starts(plan: Plan) -> list[tuple[str, str]]:
    """What a plan can start from."""
    options = [*_shipped(), (BLANK, "Blank: nothing planned yet")]
    if plan.source == FILE:
        options.insert(0, (FILE, f"Your file: {plan.start.name}"))
    return options


def _opened(address: str) -> tuple[Plan, list[Plan], InputError | None]:
    """The plan of an address; the usual one when the address cannot be used."""
    try:
        plan, kept = parse(address)
        price(plan.scenario())
    except InputError as error:
        return shipped(), [], error
    return plan, kept[:MOST_KEPT], None
