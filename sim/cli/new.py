"""``codose new``: writes a commented scenario from five answers, each asked by a :class:`Question`.

An answer is a few words and numbers, typed or given as an option. Its limits are those of scenario
files, because an answer is checked by making a scenario from it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli import shell
from sim.core.errors import InputError, Problem, did_you_mean
from sim.core.units import WEEKS_A_YEAR, weeks_of

MODES: Mapping[str, str] = {
    "onsite": "onsite", "on-site": "onsite", "site": "onsite", "visit": "onsite",
    "visits": "onsite", "video": "video", "phone": "phone", "telephone": "phone",
    "email": "email", "e-mail": "email",
}  # fmt: skip
SELECTIONS: Mapping[str, str] = {"readiest": "readiest", "random": "random", "all": "all"}
FILLERS = frozenset({
    "a", "an", "and", "at", "by", "candidates", "chosen", "co-created", "contact", "each", "every",
    "for", "from", "h", "hour", "hours", "in", "meet", "month", "months", "of", "on", "per",
    "provider", "providers", "region", "regions", "staff", "the", "week", "weeks", "with",
})  # fmt: skip
"""Words that an answer may hold without effect."""
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")


class NotUnderstood(ValueError):
    """An answer is not understood; the message is for the user."""


def _words(text: str, known: Mapping[str, str]) -> tuple[list[float], list[str]]:
    """Numbers and known words of an answer; filler words are skipped."""
    numbers: list[float] = []
    words: list[str] = []
    for token in re.split(r"[\s:;]+", text.strip().lower()):
        if not token or token in FILLERS:
            continue
        if _NUMBER.fullmatch(token):
            numbers.append(float(token))
        elif token in known:
            words.append(known[token])
        else:
            near = did_you_mean(token, known)
            raise NotUnderstood(
                f"{token!r} is not understood" + (f"; did you mean {near!r}?" if near else "")
            )
    return numbers, words


def _expect(numbers: list[float], words: list[str], what: str, counts: tuple[int, ...]) -> None:
    if len(numbers) not in counts or len(words) > 1:
        raise NotUnderstood(f"expected {what}")


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def parse_regions(text: str) -> dict[str, Any]:
    """Number, selection and candidates of regions.

    >>> parse_regions("3 readiest of 12")
    {'candidates': 12, 'count': 3, 'selection': 'readiest'}
    >>> parse_regions("12 all")
    {'candidates': 12, 'count': 12, 'selection': 'all'}
    """
    numbers, words = _words(text, SELECTIONS)
    _expect(numbers, words, "a number and readiest, random or all: '3 readiest of 12'", (1, 2))
    count = _whole(numbers[0])
    selection = words[0] if words else "readiest"
    if len(numbers) == 2:
        candidates = _whole(numbers[1])
    else:
        candidates = count if selection == "all" else max(12, count)
    return {"candidates": candidates, "count": count, "selection": selection}


def parse_staff(text: str) -> dict[str, Any]:
    """Staff of a region.

    >>> parse_staff("12 staff")
    {'staff': 12}
    """
    numbers, words = _words(text, {})
    _expect(numbers, words, "one number: '12'", (1,))
    return {"staff": _whole(numbers[0])}


def parse_providers(text: str) -> dict[str, Any]:
    """Number of providers and their hours.

    >>> parse_providers("2 with 20 hours")
    {'count': 2, 'weekly_hours': 20}
    """
    numbers, words = _words(text, {})
    _expect(numbers, words, "two numbers: '2 with 20 hours'", (2,))
    return {"count": _whole(numbers[0]), "weekly_hours": _whole(numbers[1])}


def parse_meetings(text: str) -> list[dict[str, Any]]:
    """Contact series, separated by commas, each with a named mix of functions if desired.

    >>> parse_meetings("onsite every 13 weeks 4 hours")
    [{'mode': 'onsite', 'every_weeks': 13, 'hours': 4}]
    >>> parse_meetings("video every 2 weeks 1 hour training")
    [{'mode': 'video', 'every_weeks': 2, 'hours': 1, 'functions': 'training'}]
    """
    from sim.scenario.functions import PRESETS  # loads pydantic, which --help does not need

    example = "mode, weeks, hours: 'onsite every 13 weeks 4 hours, video every 4 weeks 1.5 hours'"
    series = []
    for part in filter(str.strip, text.split(",")):
        numbers, known = _words(part, {**MODES, **{name: name for name in PRESETS}})
        words = [word for word in known if word not in PRESETS]
        mixes = [word for word in known if word in PRESETS]
        _expect(numbers, words, example, (2,))
        if len(mixes) > 1:
            raise NotUnderstood(f"{part.strip()!r} names two mixes of functions; expected one")
        if not words:
            raise NotUnderstood(f"{part.strip()!r} names no mode; expected {example}")
        every, hours = (_whole(number) for number in numbers)
        mix = {"functions": mixes[0]} if mixes else {}
        series.append({"mode": words[0], "every_weeks": every, "hours": hours, **mix})
    if not series:
        raise NotUnderstood(f"expected {example}")
    return series


def parse_months(text: str) -> dict[str, Any]:
    """Length of the plan in weeks, and planned co-creation.

    >>> parse_months("24 months 0.6")
    {'weeks': 104, 'co_creation': 0.6}
    """
    numbers, words = _words(text, {})
    _expect(numbers, words, "months, and 0 to 1: '24 months 0.6'", (2,))
    if numbers[0] <= 0:
        raise NotUnderstood("assistance lasts for more than 0 months")
    weeks = weeks_of(numbers[0])
    return {"weeks": weeks, "co_creation": _whole(numbers[1])}


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its option, text, default answer, parser and fields."""

    option: str
    text: str
    usual: str
    parse: Callable[[str], Any]
    fields: Callable[[Any], dict[str, Any]]

    def check(self, answer: str) -> Any:
        """The parsed answer.

        Raises:
            NotUnderstood: the answer is not understood, or no scenario can have it.
        """
        from sim.core.errors import ScenarioError
        from sim.scenario.scenario import Scenario

        value = self.parse(answer)
        try:
            Scenario(name="answer", **self.fields(value))
        except ScenarioError as error:
            raise NotUnderstood("; ".join(str(problem) for problem in error.problems)) from None
        return value


def _dated(value: dict[str, Any]) -> dict[str, Any]:
    series = {"mode": "onsite", "every_weeks": 1, "hours": 1, "co_creation": value["co_creation"]}
    return {"horizon_weeks": value["weeks"] + WEEKS_A_YEAR, "dosage": [series]}


QUESTIONS: Mapping[str, Question] = {
    "regions": Question(
        "--regions",
        "How many regions, and how are they chosen (readiest, random, all)?",
        "3 readiest of 12", parse_regions, lambda value: {"regions": value},
    ),
    "staff": Question(
        "--staff",
        "How many staff are there in each region?",
        "12", parse_staff,
        lambda value: {"regions": {**value, "network": network(value["staff"])}},
    ),
    "providers": Question(
        "--providers",
        "How many providers, with how many hours a week each for this work?",
        "2 with 20 hours", parse_providers, lambda value: {"providers": value},
    ),
    "meet": Question(
        "--meet",
        "How do you meet (onsite, video, phone, email), how often, for how long?",
        "onsite every 13 weeks 4 hours, video every 4 weeks 1.5 hours",
        parse_meetings, lambda value: {"horizon_weeks": 520, "dosage": value},
    ),
    "months": Question(
        "--months",
        "For how many months, and how co-created (0 the provider decides, 1 all together)?",
        "24 months 0.6", parse_months, _dated,
    ),
}  # fmt: skip


def network(staff: Any) -> dict[str, Any]:
    """A team network that suits the number of staff."""
    if isinstance(staff, int) and staff <= 5:
        return {"kind": "complete"}
    return {"kind": "small_world", "neighbours": 4, "rewiring": 0.1}


def new(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("scenario.yaml"),
    regions: Annotated[
        str | None, typer.Option(metavar="ANSWER", help="Such as '3 readiest of 12'.")
    ] = None,
    staff: Annotated[
        str | None, typer.Option(metavar="ANSWER", help="Of each region, such as 12.")
    ] = None,
    providers: Annotated[
        str | None, typer.Option(metavar="ANSWER", help="Such as '2 with 20 hours'.")
    ] = None,
    meet: Annotated[
        str | None,
        typer.Option(
            metavar="ANSWER",
            help="Such as 'onsite every 13 weeks 4 hours, video 4 1.5 training' (a named mix).",
        ),
    ] = None,
    months: Annotated[
        str | None,
        typer.Option(metavar="ANSWER", help="Months and co-creation, such as '24 months 0.6'."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take the usual answer for the rest.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write a commented scenario from five answers.

    What is given as an option is not asked. Without FILE it is scenario.yaml.

    \b
    Examples:
      codose new my.yaml
      codose new my.yaml --yes --regions '4 random of 12' --meet 'video every 2 weeks 1 hour'
    """
    from sim.scenario.scenario import Scenario

    shell.check_file(file, force=force)
    given = {"regions": regions, "staff": staff, "providers": providers, "meet": meet,
             "months": months}  # fmt: skip
    answers = _from_options(given)
    if not yes and len(answers) < len(QUESTIONS):
        shell.remark("Enter takes the answer in brackets.")
    for name, question in QUESTIONS.items():
        if name not in answers:
            answers[name] = question.check(question.usual) if yes else _ask(question)
    text = scenario_text(answers, file)
    Scenario.from_text(text, file=str(file))  # the user must resolve inconsistencies
    shell.write_file(file, text, force=force)
    typer.echo(f"written: {file}")
    typer.echo(f"next: codose run {file}")


def _from_options(given: Mapping[str, str | None]) -> dict[str, Any]:
    """The answers given as options; raises an error that lists every mistake in them."""
    answers: dict[str, Any] = {}
    problems = []
    for name, text in given.items():
        if text is None:
            continue
        try:
            answers[name] = QUESTIONS[name].check(text)
        except NotUnderstood as error:
            option = QUESTIONS[name].option
            problems.append(Problem(str(error), field=option, value=text))
    if problems:
        raise InputError(problems)
    return answers


def _ask(question: Question) -> Any:
    """Ask until the answer is understood."""
    while True:
        try:
            answer = typer.prompt(question.text, default=question.usual)
        except typer.Abort:
            typer.echo("")
            if not sys.stdin.isatty():
                problem = Problem("no answer is given", field=question.option,
                                  allowed="the option, or --yes for the usual answers")  # fmt: skip
                raise InputError(problem) from None
            shell.remark("stopped; nothing was written")
            raise typer.Exit(shell.INTERRUPTED) from None
        try:
            return question.check(str(answer))
        except NotUnderstood as error:
            shell.remark(f"  {error}")


# --- the file -----------------------------------------------------------------------------------


def _flow(fields: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def _line(text: str, comment: str) -> str:
    return f"{text:<27} # {comment}"


def scenario_text(answers: Mapping[str, Any], file: Path) -> str:
    """The scenario as YAML with comments."""
    from sim.scenario.functions import FUNCTIONS, PRESETS, REFERENCE

    weeks, co_creation = answers["months"]["weeks"], answers["months"]["co_creation"]
    regions, first = answers["regions"], answers["meet"][0]
    name = " ".join(file.stem.replace("_", " ").split()) or "scenario"
    lines = [
        f"# Check it with 'codose validate {file.name}', run it with 'codose run {file.name}'.",
        f"name: {json.dumps(name, ensure_ascii=False)}",
        f"question: What do {weeks} weeks of assistance change, and what is left a year later?",
        _line(f"horizon_weeks: {weeks + WEEKS_A_YEAR}",
              f"{weeks} weeks of assistance and {WEEKS_A_YEAR} after it"),
        "regions:",
        _line(f"  candidates: {regions['candidates']}", "regions to choose from"),
        f"  count: {regions['count']}",
        _line(f"  selection: {regions['selection']}", "readiest | random | all"),
        _line(f"  staff: {answers['staff']['staff']}", "in each region"),
        f"  network: {_flow(network(answers['staff']['staff']))}   # who talks with whom",
        _line("  core_team: 1.0", "share of the staff who are asked to contacts"),
        f"providers: {_flow(answers['providers'])}   # hours a week of each, for this work",
        "dosage:",
        _line(f"  - mode: {first['mode']}", "onsite | video | phone | email"),
        f"    every_weeks: {first['every_weeks']}",
        f"    hours: {first['hours']}",
        f"    last_week: {weeks}",
        _line(f"    co_creation: {co_creation}",
              "0 the provider decides, 1 everything is decided together"),
        _line("    taper: 1.0", "what the hours shrink to by the last week: 0.5 is half"),
        _line("    timing: scheduled", "scheduled | irregular | on_demand"),
        f"    # What the time goes to: {' | '.join(PRESETS)};",
        f"    # or shares of {', '.join(FUNCTIONS)}: {{learning: 0.7, review: 0.3}}",
        f"    functions: {first.get('functions', REFERENCE)}",
    ]  # fmt: skip
    for number, series in enumerate(answers["meet"][1:], start=1):
        start = min(1 + 2 * number, weeks)
        more = {"first_week": start, "last_week": weeks, "co_creation": co_creation}
        lines.append(f"  - {_flow({**series, **more})}")
    lines += [
        "costs: {provider_hour: 100, staff_hour: 50, travel_visit: 600}   # enter your own",
        "# shocks: [{week: 52, kind: provider_leaves, provider: provider_1}]",
        "# parameters: {trust_step: 0.3}   # any row of 'codose parameters'",
    ]
    return "\n".join(lines) + "\n"
