"""Why it changed this week: the terms of each rule in words and numbers, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sim import rules
from sim.view.style import words
from sim.web.parts import text
from sim.web.plan_words import share, signed
from sim.web.story import PROVIDER, REGION, Story, Term

STATE_WORDS = {
    "trust": "Trust in the provider", "accountability": "Accountability for what was agreed",
    "knowledge": "Knowledge of implementation science", "integration": "Use in everyday work",
    "workload": "Workload", "record": "Accountability to the region (its record)",
    "context": "Knows the region", "routines": "Routines of the region", "skill": "Skill",
    "load": "Load of the diary", "open commitments": "Open commitments",
}  # fmt: skip
CHANCE_WORDS = {
    "attendance_probability": "chance to come to a contact",
    "staff_keeping_probability": "chance to have kept a commitment",
    "provider_keeping_probability": "chance to have kept a commitment",
    "provider_fails_probability": "chance to fail a contact",
    "region_fails_probability": "chance that the region cancels",
}
SMALLEST = 0.00005
"""Changes below it are not shown: half of the last digit."""
Numbers = Mapping[str, float]


def _n(value: float) -> str:
    return f"{value:.2f}"


def _judged(a: Numbers) -> str:
    way = "above" if a["quality"] >= a["trust"] else "below"
    faster = (
        f", and trust is lost {a['asymmetry']:g} times as fast" if a["quality"] < a["trust"] else ""
    )
    return (
        f"Judged the contact at {_n(a['quality'])}, {way} own trust {_n(a['trust'])}: closes a "
        f"share "
        f"of the gap (step {_n(a['step'])} × richness {_n(a['richness'])} × effect "
        f"{_n(a['effect'])}{faster})"
    )


def _learned(a: Numbers) -> str:
    return (
        f"Learned in the contact: {_n(a['rate'])} × richness {_n(a['richness'])} × effect "
        f"{_n(a['learning_effect'])} × skill {_n(a['skill'])}, tailoring {_n(a['tailoring'])}, "
        f"trust "
        f"{_n(a['trust'])}, of what was still to learn ({_n(1 - a['knowledge'])})"
    )


def _reviewed(a: Numbers) -> str:
    kept, reviewed = int(a["kept"]), int(a["reviewed"])
    if not reviewed:
        return "No commitments to review"
    return (
        f"Review: {kept} of {reviewed} commitment{'s' * (reviewed != 1)} kept, against "
        f"{_n(a['value'])} (step {_n(a['step'])} a commitment)"
    )


def _applied(a: Numbers) -> str:
    return (
        f"Tried it at work: + {a['growth']:.4f} of what is left (knowledge {_n(a['knowledge'])}, "
        f"motivation {_n(a['motivation'])}, trust {_n(a['trust'])}, accountability "
        f"{_n(a['accountability'])}, workload {_n(a['own_workload'])}), − {a['decline']:.4f} "
        f"of what "
        f"is there (routines {_n(a['routines'])} and accountability hold it)"
    )


_WORDS: dict[str, Callable[[Numbers], str]] = {
    "trust_after_contact": _judged,
    "knowledge_after_contact": _learned,
    "accountability_after_review": _reviewed,
    "integration_after_week": _applied,
    "faded": lambda a: (
        f"Back towards the own start {_n(a['start'])}: {a['rate']:.3f} of the distance a week"
    ),
    "decayed": lambda a: f"Ages: {a['rate']:.3f} of it a week",
    "forgotten_knowledge": lambda a: (
        f"Forgot {a['rate']:.4f} of what was gained ({_n(a['knowledge'] - a['start'])}); what "
        f"is used "
        f"({_n(a['integration'])}) is forgotten more slowly"
        if a["knowledge"] > a["start"]
        else "Nothing gained yet, so nothing to forget"
    ),
    "knowledge_from_peer": lambda a: (
        f"A word with a colleague, who had gained {_n(a['peer_knowledge'] - a['peer_start'])} (own "
        f"gain {_n(a['knowledge'] - a['start'])}): passes on {_n(a['transfer'])} of the gap"
    ),
    "record_after_broken_promise": lambda a: (
        f"Failed a contact: a broken promise costs {_n(a['step'])} of the record"
    ),
    "record_after_kept_promise": lambda a: (
        f"Came on the agreed date: a promise kept ({_n(a['step'])} × share {_n(a['share'])} × "
        f"effect "
        f"{_n(a['effect'])} of what is missing)"
    ),
    "context_after_contact": lambda a: (
        f"Worked together: {_n(a['rate'])} × effect {_n(a['effect'])} × co-creation "
        f"{_n(a['co_creation'])} of what it did not know"
    ),
    "routines_after_kept": lambda a: (
        f"{int(a['kept'])} commitment{'s' * (a['kept'] != 1)} kept, each leaves "
        f"{a['step']:.3f} of routine"
    ),
    "routines_after_week": lambda a: (
        f"Follows how much is used on average ({_n(a['mean_integration'])}), {a['pace']:.2f} "
        f"of the gap"
    ),
    "after_handover": lambda a: (
        f"The provider left: {share(a['share'])} of what was built up is handed over"
    ),
    "successor": lambda _: "A successor came, who knows the region from hearsay",
    "newcomer": lambda _: "Somebody new took over the post, with a start of their own",
    "drifted": lambda _: "The world improves by itself (background trend)",
}


def reason(term: Term) -> str:
    """One term in a sentence."""
    return _WORDS[term.rule](term.arguments)


def _saw(quality: Numbers) -> str:
    """What a person saw in a contact."""
    return (
        f"Saw: skill {_n(quality['skill'])}, knows us {_n(quality['context'])}, shared decisions "
        f"{_n(quality['co_creation'])}, keeps its word {_n(quality['record'])}; own impression "
        f"{signed(quality['noise'])}"
    )


def equation(rule: str) -> str:
    """The equation of a rule, as the code states it; empty for what is no rule."""
    found = getattr(rules, rule, None)
    return (found.__doc__ or "").strip().splitlines()[0] if found is not None else ""


def why(story: Story, who: int, week: int, side: str = "") -> str:
    """A person's (or the provider's, or the region's) states in a week and why they changed.

    Args:
        side: name of the side of two that this is; empty: there is one.
    """
    now = story.state(who, week)
    before = story.state(who, week - 1) if week > 0 else now
    terms = story.terms.get((week, who), [])
    parts = [f"<h3>{text(name(story, who, week))}, week {week}</h3>"]
    if side:
        parts.append(f"<p class='note'>{text(side)}</p>")
    if week == 0:
        parts.append("<p class='note'>This is the start. Step on to see what changes, and why.</p>")
    for state, value in now.items():
        if state == "open commitments":
            parts.append(f"<p class='state'><b>{STATE_WORDS[state]}</b> {int(value)}</p>")
            continue
        change = value - before[state]
        kind = "change none" if abs(change) < SMALLEST else "change"
        moved = f" <span class='{kind}'>{_change(change)}</span>" if week else ""
        parts.append(
            f"<p class='state'><b>{STATE_WORDS[state]}</b> {_n(value)}{moved}</p>"
            + _reasons([term for term in terms if term.state == state])
        )
        if state == "workload":
            parts.append(_load(story.loads.get((week, who))))
    return "".join(parts) + _chances(story, who, week)


def _change(change: float) -> str:
    if abs(change) < SMALLEST:
        return "unchanged"
    digits = 3 if abs(change) >= 0.0005 else 4
    return f"{change:+.{digits}f}".replace("-", "−")


def _reasons(terms: list[Term]) -> str:
    shown = [term for term in terms if abs(term.change) >= SMALLEST]
    if not shown:
        return ""
    items = []
    for term in shown:
        saw = f"<br><small>{text(_saw(term.quality))}</small>" if term.quality else ""
        rule = equation(term.rule)
        tip = f" title='{text(rule)}'" if rule else ""
        items.append(
            f"<li{tip}><span class='change'>{_change(term.change)}</span> "
            f"{text(reason(term))}{saw}</li>"
        )
    return f"<ul class='why'>{''.join(items)}</ul>"


def _load(a: Numbers | None) -> str:
    if a is None:
        return ""
    line = (
        f"ongoing work {_n(a['demand'])}, own {signed(a['offset'])}, contacts {_n(a['contacts'])}, "
        f"{int(a['open_commitments'])} open commitments × {_n(a['per_commitment'])}"
    )
    return f"<p class='note'>{text(line)}</p>"


def _chances(story: Story, who: int, week: int) -> str:
    found = story.chances.get((week, who), [])
    if not found:
        return ""
    lines = "; ".join(f"{CHANCE_WORDS[rule]} {share(value)}" for rule, value in found)
    return f"<p class='note'>The draws of this week: {text(lines)}.</p>"


def name(story: Story, who: int, week: int) -> str:
    """Who that is."""
    if who == PROVIDER:
        return "The provider"
    if who == REGION:
        return "The region"
    return story.names[week][who]


def week_words(story: Story, week: int) -> list[str]:
    """What happened in a week, in sentences."""
    names = story.names[max(week - 1, 0)]
    found = []
    for event in story.events[week]:
        kind = event["kind"]
        if kind == "contact":
            found += _contact(event, names)
        elif kind == "word":
            found.append(f"{names[event['who']]} has a word with {names[event['with']]}.")
        elif kind == "leaves":
            found.append(f"{event['name']} leaves; {event['new']} takes over.")
        else:
            found.append("The provider leaves; a successor takes over.")
    return found or ["No contact; everyday work goes on." if week else "The start."]


def _contact(event: dict[str, object], names: list[str]) -> list[str]:
    what = "A visit" if event["mode"] == "onsite" else f"A contact by {words(str(event['mode']))}"
    what += f" of {event['hours']:g} h"
    if event["state"] == "failed_provider":
        return [f"{what} was due: the provider cancels. A promise broken."]
    if event["state"] == "failed_region":
        return [f"{what} was due: the region cancels."]
    present: list[int] = event["present"]  # type: ignore[assignment]
    invited: list[int] = event["invited"]  # type: ignore[assignment]
    who = ", ".join(names[i] for i in present) or "nobody"
    found = [f"{what}: {len(present)} of {len(invited)} come ({who})."]
    counts = {key: int(event.get(key, 0)) for key in _COUNTS}  # type: ignore[call-overload]
    reviewed = sum(counts[k] for k in _COUNTS[:4])
    if reviewed:
        found.append(
            f"Commitments: staff keep {counts['kept_staff']} and break "
            f"{counts['broken_staff']}; the "
            f"provider keeps {counts['kept_provider']} and breaks {counts['broken_provider']}."
        )
    made = counts["made_staff"] + counts["made_provider"]
    if made:
        found.append(
            f"New commitments: {counts['made_staff']} by staff, {counts['made_provider']} by the "
            "provider."
        )
    return found


_COUNTS = (
    "kept_staff", "broken_staff", "kept_provider", "broken_provider", "made_staff", "made_provider",
)  # fmt: skip
