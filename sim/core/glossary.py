""":class:`Term` and :func:`glossary`: the words that codose explains, for planners and researchers.

The only list is ``glossary.json``, beside this file. The page's hovers, the glossary of the
documentation, ``codose glossary`` and the words at the end of a report all use it.

>>> glossary()["chance"].researchers
'stochastic variation'
>>> [term.planners for term in terms_in("Some worlds are not clear yet, by chance alone.")]
['chance', 'not clear yet']
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sim.core.errors import InputError, did_you_mean, shown
from sim.core.outcomes import OUTCOMES
from sim.core.parameters import TABLE


@dataclass(frozen=True, slots=True)
class Term:
    """A word and what it means.

    Attributes:
        name: its key, such as ``plausible_worlds``.
        planners: what planners read.
        meaning: a whole sentence.
        researchers: the field's own term; empty where it is the same.
        code: what code, tables and files call it; empty where they have no name for it.
    """

    name: str
    planners: str
    meaning: str
    researchers: str = ""
    code: str = ""


@cache
def glossary() -> Mapping[str, Term]:
    """Every term, by its key, in the order of the file.

    Example:
        >>> glossary()["regret"].meaning
        'How much worse a plan is than the best plan in that world.'
    """
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    return MappingProxyType({name: Term(name, **one) for name, one in json.loads(text).items()})


def terms_in(text: str) -> list[Term]:
    """The terms that a text uses in the words of planners, in the order of the glossary.

    Longer terms are matched first: "not clear yet" does not count as "clear". Plurals in -s count.
    """
    terms = sorted(glossary().values(), key=lambda term: -len(term.planners))
    found = set()
    for term in terms:
        words = rf"\b{re.escape(term.planners)}s?\b"
        text, times = re.subn(words, "|", text, flags=re.IGNORECASE)
        if times:
            found.add(term.name)
    return [term for term in glossary().values() if term.name in found]


def looked_up(word: str) -> list[Term]:
    """The terms with a name, which is a key or a word of planners, researchers or code.

    If no name equals the word, names that contain it count. An outcome or a parameter that the
    glossary lacks is explained by its own meaning.

    Args:
        word: the name, in any case, with spaces, hyphens or underscores.

    Raises:
        InputError: nothing has this name.

    Example:
        >>> [term.planners for term in looked_up("counterfactual")]
        ['without assistance']
    """
    wanted = _plain(word)
    names = {term: _names(term) for term in glossary().values()}
    found = [term for term, known in names.items() if wanted in known]
    found = found or [term for term, known in names.items() if any(wanted in one for one in known)]
    if not found:
        known = {**OUTCOMES, **TABLE}
        found = [
            Term(name, name.replace("_", " "), as_sentence(one.meaning), code=name)
            for name, one in known.items()
            if _plain(name) == wanted
        ]
    if found:
        return found
    every = [term.planners for term in names] + [term.name for term in names]
    raise InputError(
        f"{shown(word)} is not explained in the glossary",
        field="term",
        value=word,
        allowed="a word that 'codose glossary' lists, an outcome or a parameter",
        suggestion=did_you_mean(word, [*every, *OUTCOMES, *TABLE]),
    )


def _names(term: Term) -> set[str]:
    """All names of a term."""
    names = (term.name, term.planners, *re.split(r"[;,]", term.researchers), term.code)
    return {_plain(name) for name in names if name.strip()}


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def as_sentence(text: str) -> str:
    """A meaning, such as that of an outcome, as a sentence.

    >>> as_sentence("mean trust of staff")
    'Mean trust of staff.'
    """
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
