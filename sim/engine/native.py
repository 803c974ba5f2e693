"""Machine code for this machine from the artefact: :func:`engine` gives the loaded :class:`Native`.

For the commonest processors (:data:`READY`) the package brings machine code. For any other one,
LLVM optimises the portable code at first use (a few seconds), and keeps the object in the user's
cache. Either is loaded in milliseconds. Arithmetic is neither contracted nor reordered, so that
results have the same bits everywhere.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from sim.core.errors import EngineError
from sim.engine import artefact, cache, layout
from sim.engine.arguments import Block
from sim.engine.entries import ENTRIES, FUNCTIONS

_lock = threading.Lock()

LINUX = "x86_64-unknown-linux-gnu"
_V3 = frozenset((
    "avx", "avx2", "bmi", "bmi2", "crc32", "cx16", "f16c", "fma", "fxsr", "lzcnt", "mmx", "movbe",
    "popcnt", "sahf", "sse", "sse2", "sse3", "sse4.1", "sse4.2", "ssse3", "xsave",
))  # fmt: skip
READY: Mapping[str, frozenset[str]] = {
    "x86-64-v4": _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "x86-64-v3": _V3,
}
"""Processors for which the package brings machine code for Linux, best first, and the features that
each has. They are levels of the x86-64 psABI; nearly every machine since 2015 is one of them."""


class Native:
    """Loaded machine code; it lives as long as this object.

    Args:
        machine_code: an object file for this processor.

    Raises:
        RuntimeError: it cannot be loaded, or was made from other sources.
    """

    def __init__(self, machine_code: bytes) -> None:
        holder = llvm.parse_assembly("")
        self._engine = llvm.create_mcjit_compiler(holder, machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(machine_code))
        self._engine.finalize_object()
        asked = self._function("stamp", ctypes.c_int32)()
        if asked != layout.number_of(layout.stamp()):
            raise RuntimeError("the machine code was made from other sources")
        self._entries = {
            name: self._function(name, ctypes.c_int32, ctypes.c_void_p) for name in ENTRIES
        }

    def _function(self, name: str, result: Any, *given: Any) -> Callable[..., Any]:
        address = self._engine.get_function_address(layout.PREFIX + name)
        if not address:
            raise RuntimeError(f"the machine code has no {name}")
        return ctypes.CFUNCTYPE(result, *given)(address)

    def call(self, block: Block) -> None:
        """Call an entry with its arguments; other threads run on meanwhile.

        Raises:
            RuntimeError: the entry returned an error, which should never happen.
        """
        status = self._entries[block.entry.name](block.address)
        if status:
            raise RuntimeError(f"compiled {block.entry.name} ended with status {status}")

    def rule(self, name: str) -> Callable[..., float]:
        """A rule as compiled code computes it; float64 in and out."""
        count = FUNCTIONS[name].__code__.co_argcount
        return self._function(name, ctypes.c_double, *[ctypes.c_double] * count)


class Call:
    """An entry with its arguments, for calls that have most of them in common.

    Where the compiled engine cannot be used, the same function runs as plain Python, slowly.

    Example:
        >>> import numpy as np
        >>> found = np.zeros(2, dtype=np.int64)
        >>> first_wrong = Call("first_wrong", np.array([[1.0, np.inf], [0.0, 1.0]]), found)
        >>> first_wrong()
        >>> found.tolist()
        [2, 0]
        >>> first_wrong(records=np.array([[np.nan, 1.0], [0.0, 1.0]]))
        >>> found.tolist()
        [1, 0]
    """

    def __init__(self, entry: str, *values: Any) -> None:
        self.block = Block(ENTRIES[entry])
        self.values = dict(zip(self.block.entry.places, values, strict=True))
        self.block.put(**self.values)

    def __call__(self, **changed: Any) -> None:
        """Call the entry once, with some arguments changed from now on."""
        if changed:
            self.values.update(changed)
            self.block.put(**changed)
        try:
            loaded = engine()
        except EngineError as error:
            artefact.tell_once(f"codose: {error}; plain Python does its work, slowly")
            with np.errstate(all="ignore"):
                self.block.entry.function(*self.values.values())
            return
        loaded.call(self.block)


def call(entry: str, *values: Any) -> None:
    """Call an entry once, with its arguments in order.

    Example:
        >>> import numpy as np
        >>> found = np.zeros(2, dtype=np.int64)
        >>> call("first_wrong", np.array([[1.0, np.inf], [0.0, 1.0]]), found)
        >>> found.tolist()
        [2, 0]
    """
    Call(entry, *values)()


def engine() -> Native:
    """The engine of this process.

    Raises:
        EngineError: no artefact can be used here.
    """
    with _lock:
        return _engine()


@lru_cache(maxsize=1)
def _engine() -> Native:
    """Load a shipped object or that in the cache, or make one from the artefact."""
    for name in fitting():
        shipped = artefact.ready(name)
        if shipped is not None:
            with suppress(RuntimeError):  # this version of LLVM cannot load it
                return Native(shipped)
    path = cache.folder() / f"engine-{object_key()}.o"
    kept = cache.read(path)
    if kept is not None:
        try:
            return Native(kept)
        except RuntimeError:  # made from other sources, or unreadable
            cache.delete(path)
    code = artefact.code()
    artefact.tell_once("codose: preparing the engine for this machine (once, a few seconds) ...")
    try:
        made = optimised(code, machine())
        native = Native(made)
    except RuntimeError as error:
        raise EngineError(
            f"LLVM of llvmlite {llvmlite.__version__} cannot use the compiled engine "
            f"({_first_line(error)}): install another llvmlite, or run with engine='mesa'"
        ) from error
    cache.write(path, made)
    return native


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def object_key() -> str:
    """A hash of what an object depends on: artefact, LLVM, system, processor and its features."""
    parts = (layout.stamp(), llvmlite.__version__, llvm.get_process_triple(), *processor())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def fitting() -> list[str]:
    """Those of :data:`READY` whose machine code runs here, best first."""
    if not re.match("x86_64-.*linux", llvm.get_process_triple()):
        return []
    known = {one[1:] for one in processor()[1].split(",") if one.startswith("+")}
    return [name for name, needed in READY.items() if needed <= known]


def processor() -> tuple[str, str]:
    """LLVM's name of the processor, and its features; "generic" where LLVM cannot tell.

    An unknown name without features would end the process.
    """
    try:
        return llvm.get_host_cpu_name() or "generic", llvm.get_host_cpu_features().flatten()
    except RuntimeError:
        return "generic", ""


def machine() -> llvm.TargetMachine:
    """LLVM's target for this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return target(llvm.get_process_triple(), *processor())


def target(triple: str, name: str, features: str = "") -> llvm.TargetMachine:
    """LLVM's target for a system and a processor; both are known already."""
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=name,
        features=features,
        opt=3,
        reloc="static" if triple.startswith("x86_64") else "default",
        codemodel="jitdefault",
        jit=True,
    )


def optimised(code: bytes, machine: llvm.TargetMachine) -> bytes:
    """An object file of a portable module, optimised for a machine.

    Raises:
        RuntimeError: this LLVM cannot read the module.
    """
    module = llvm.parse_assembly(code.decode())
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_object(module)
