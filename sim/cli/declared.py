"""What the command of a kind of study takes: :func:`declared`, from its Spec or from a file.

A Spec brings pydantic and the fields of scenarios, which takes longer than all else that a help
text needs. So ``declared.json`` keeps what all Specs say, and is used for a kind while its sources
are those that the file was made from; :func:`write` (``make docs-tables``) makes it anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from sim import studies

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from sim.studies.spec import Header, Option

FILE = Path(__file__).with_name("declared.json")
TYPES: Mapping[str, type] = {one.__name__: one for one in (bool, float, int, str)}


@dataclass(frozen=True)
class Taken:
    """An option of a command.

    Attributes:
        field: the field of the Spec that it sets.
        names: its names, such as ``--replicates`` and ``-n``.
        type: the name of its type in :data:`TYPES`.
        many: whether it may be repeated.
        metavar: the placeholder of its value; empty for that of its type.
        default: the default in the help; False for none.
        help: what it does.
    """

    field: str
    names: tuple[str, ...]
    type: str
    many: bool
    metavar: str
    default: str | bool
    help: str


@dataclass(frozen=True)
class Declared:
    """What the command of a kind takes, and what its help says."""

    argument: str
    help: str
    options: tuple[Taken, ...]


def declared(name: str) -> Declared:
    """What the command of a kind takes.

    >>> [option.field for option in declared("audit").options][:2]
    ['replicates', 'seed']
    """
    try:
        kept = json.loads(FILE.read_text(encoding="utf-8"))[name]
        if kept.pop("sources") == _sources(name):
            options = [Taken(**{**one, "names": tuple(one["names"])}) for one in kept["options"]]
            return Declared(**{**kept, "options": tuple(options)})
    except (OSError, ValueError, KeyError):
        pass
    return from_spec(name)


def from_spec(name: str) -> Declared:
    """What the command of a kind takes, from its Spec."""
    from sim.scenario.checking import meanings

    spec = importlib.import_module(f"sim.studies.{name}.spec")
    argument, told = getattr(spec, "ARGUMENT", "study"), meanings(spec.Spec)
    return Declared(
        argument,
        inspect.cleandoc(spec.HELP),
        tuple(
            _taken(field, *found, told[field], from_file=argument == "study")
            for field, found in options_of(spec.Spec).items()
        ),
    )


def _sources(name: str) -> str:
    """A hash of the files in which a kind declares its options."""
    digest = hashlib.sha256()
    for path in (studies.spec_of(name), Path(studies.__file__).with_name("spec.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def text() -> str:
    """The content of ``declared.json``."""
    every = {
        name: {"sources": _sources(name), **dataclasses.asdict(from_spec(name))}
        for name in studies.names()
    }
    return json.dumps(every, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Make ``declared.json`` anew."""
    FILE.write_text(text(), encoding="utf-8", newline="\n")


# --- from a Spec ---------------------------------------------------------------------------------

Found = tuple["Option", "FieldInfo"]


def options_of(spec: type[Header]) -> dict[str, Found]:
    """The fields of a kind that are also options."""
    from sim.studies.spec import Option

    found = {}
    for field, info in spec.model_fields.items():
        for mark in info.metadata:
            if isinstance(mark, Option):
                found[field] = (mark, info)
    return found


def flag(field: str, option: Option) -> str:
    """The name of the option of a field."""
    return option.name or f"--{field.replace('_', '-')}"


def _taken(field: str, option: Option, info: FieldInfo, meaning: str, *, from_file: bool) -> Taken:
    names = (flag(field, option), *([option.short] if option.short else []))
    base = _base(info)
    shown: Any = False
    if base is not bool and not option.many:
        shown = "the study's" if from_file else option.default or _shown(info.default)
    said = " ".join(meaning.replace("`", "").split())
    return Taken(field, names, base.__name__, option.many, option.metavar, shown, said)


def _base(info: FieldInfo) -> type:
    """The type of an option: a number where only numbers are allowed, and else text."""
    kinds = [_plain(one) for one in get_args(info.annotation) or (info.annotation,)]
    kinds = [one for one in kinds if one is not NoneType]
    only = kinds[0] if len(kinds) == 1 else str
    return only if only in TYPES.values() else str


def _plain(annotation: Any) -> Any:
    """A type without its annotations."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _shown(default: Any) -> str | bool:
    if default is None:
        return "the scenario's"
    if isinstance(default, tuple):
        return ", ".join(map(str, default)) or False
    return str(default)
