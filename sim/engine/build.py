"""Make the artefact: :func:`portable` code by Numba; :func:`browser_module`, :func:`ready` from it.

Only developers need this, Numba and (for the browser) LLVM's linker ``wasm-ld``:

    python -m sim.engine.build            # what the package ships: make engine
    python -m sim.engine.build --to FILE  # the portable code alone

Numba compiles for no processor in particular and optimises nothing: what Numba adds for Python
(wrappers, reference counts of arrays) goes first. What is left calls nothing outside itself, or the
build fails, and is then simplified as far as that suits every processor.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path
from typing import Any

PORTABLE = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "NUMBA_OPT": "0",
    "NUMBA_LOOP_VECTORIZE": "0",
    "NUMBA_SLP_VECTORIZE": "0",
    "NUMBA_DISABLE_JIT": "0",
}
"""Settings of Numba, which reads them when it is imported."""
WASM = "wasm32-unknown-unknown"
WASM_FEATURES = "+bulk-memory,+nontrapping-fptoint,+sign-ext,+simd128"
"""Features that every browser since March 2023 has. Vectors of two numbers make a run a quarter
shorter and the module a fifth larger."""
MOST_PAGES = 16384
"""Pages of 64 KiB that the browser's memory may grow to."""

if __name__ == "__main__":
    os.environ.update(PORTABLE)

import llvmlite.binding as llvm  # noqa: E402
import numba  # noqa: E402
from numba.core import types  # noqa: E402
from numba.extending import register_jitable  # noqa: E402
from numba.np.numpy_support import from_dtype  # noqa: E402

from sim.engine import artefact, layout, marks  # noqa: E402
from sim.engine.arguments import FLOAT, Argument, Entry, Group  # noqa: E402
from sim.engine.entries import ENTRIES, FUNCTIONS, signature  # noqa: E402
from sim.engine.native import LINUX, READY, optimised, target  # noqa: E402

_SCALAR = {float: types.float64, int: types.int64, bool: types.boolean}


# --- from Python to LLVM's language --------------------------------------------------------------


def portable() -> bytes:
    """The text in LLVM's language of all that is exported, for no machine in particular."""
    for function in layout.compiled_functions():
        register_jitable(**{"error_model": "numpy", **marks.options(function)})(function)
    whole = llvm.parse_assembly(_ground())
    exported = {f"{layout.PREFIX}stamp"}
    for entry in ENTRIES.values():
        text, name, _ = _compiled(entry.function, tuple(_numba_type(a) for a in entry.arguments))
        _link(whole, text, _entry_call(entry, name))
        exported.add(layout.PREFIX + entry.name)
    for name, function in FUNCTIONS.items():
        kinds, result = signature(function)
        text, inner, given = _compiled(function, tuple(_SCALAR[kind] for kind in kinds.values()))
        if given != _SCALAR[result] and (given, result) != (types.int64, float):
            raise TypeError(f"{name} is said to give {result.__name__}, and gives {given}")
        _link(whole, text, _function_call(name, inner, list(kinds.values()), given))
        exported.add(layout.PREFIX + name)
    for function in whole.functions:
        if not function.is_declaration:
            function.linkage = "external" if function.name in exported else "internal"
    for variable in whole.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    _drop_unused(whole)
    whole.name = "codose"
    whole.verify()
    return _simplified(whole).encode()


def _simplified(module: llvm.ModuleRef) -> str:
    """The text of a module after the optimisations that suit every processor, a fifth as long.

    What is left for each machine is to make vectors and to unroll loops for it. The sizes of a
    machine would be folded in where structures with addresses stand in memory; so none may be left.

    Raises:
        RuntimeError: one is left.
    """
    # A machine with addresses of 64 bits and no vectors.
    machine = llvm.Target.from_triple(LINUX).create_target_machine(cpu="x86-64")
    module.triple, module.data_layout = LINUX, str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    module.triple = module.data_layout = ""
    text = _for_older_llvm(str(module))
    if left := re.findall(r"alloca (?!ptr,|double,|i\d+,).*", text):
        raise RuntimeError(f"structures are left in memory: {'; '.join(left)}")
    return text


def _for_older_llvm(text: str) -> str:
    """The text without what versions of LLVM say differently and find by themselves: what functions
    do, and how long variables live."""
    text = re.sub(r"^attributes #\d+ = .*\n", "", text, flags=re.M)
    text = re.sub(r" #\d+(?=[ ,\n])", "", text)
    text = re.sub(r" (?:captures|initializes|memory)\((?:[^()]|\([^()]*\))*\)", "", text)
    return re.sub(r"^.*@llvm\.lifetime\..*\n", "", text, flags=re.M)


def _numba_type(argument: Argument | Group) -> Any:
    if isinstance(argument, Group):
        names = [one.name for one in argument.fields]
        return types.NamedTuple(
            [_numba_type(one) for one in argument.fields], namedtuple(argument.name, names)
        )
    element = from_dtype(argument.dtype)
    return types.Array(element, argument.ndim, "C") if argument.ndim else element


def _compiled(function: Any, kinds: tuple[Any, ...]) -> tuple[str, str, Any]:
    """LLVM's text of a function, its name there, and the type of what it gives."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    jitted = numba.njit(error_model="numpy", **options)(function)
    jitted.compile(kinds)
    result = jitted.overloads[kinds]
    text = result.library.get_llvm_str()
    # Nothing here owns memory: counting references would count nothing.
    text = re.sub(r"^define [^\n]*@NRT_(?:incref|decref)\(.*?^}\n", "", text, flags=re.S | re.M)
    text = re.sub(r"^declare [^\n]*@NRT_(?:incref|decref)\([^\n]*\n", "", text, flags=re.M)
    # Every processor rounds these two exactly, by itself where it can.
    for name in ("sqrt", "floor"):
        if f"@llvm.{name}.f64(" in text:  # declared already
            text = re.sub(rf"^declare [^\n]*@{name}\([^\n]*\n", "", text, flags=re.M)
    text = re.sub(r"@(sqrt|floor)\(", r"@llvm.\1.f64(", text)
    text = re.sub(r" common (?=global)", " linkonce_odr ", text)
    text = _pasting(text)
    text = re.sub(r'"(?:target-cpu|target-features|tune-cpu)"="[^"]*"', "", text)
    text = re.sub(r"^target (?:datalayout|triple) = .*\n", "", text, flags=re.M)
    declared = (
        "declare void @NRT_incref(ptr)\ndeclare void @NRT_decref(ptr)\n" if "@NRT_" in text else ""
    )
    return text + declared, result.fndesc.llvm_func_name, result.signature.return_type


def _pasting(text: str) -> str:
    """The text in which functions marked so are to be pasted, and their arrays do not overlap.

    Numba would paste them too early: LLVM first has to take apart the tuples of arrays, or it
    forgets which is which.
    """
    names = "|".join(
        "".join(f"{len(part)}{part}" for part in f"{one.__module__}.{one.__name__}".split("."))
        for one in layout.compiled_functions()
        if marks.is_pasted(one)
    )
    return re.sub(
        rf"^(define [^\n]*@_ZN(?:{names})B\w*)\((.*)\)(.*)$",
        lambda found: "{}({}) alwaysinline{}".format(
            found[1], found[2].replace("ptr %", "ptr noalias %"), found[3]
        ),
        text,
        flags=re.M,
    )


def _ground() -> str:
    """The module that all others are linked into: no reference counts, and the stamp."""
    return (
        "define void @NRT_incref(ptr %object) alwaysinline { ret void }\n"
        "define void @NRT_decref(ptr %object) alwaysinline { ret void }\n"
        f"define i32 @{layout.PREFIX}stamp() {{ ret i32 {layout.number_of(layout.stamp())} }}\n"
    )


# --- what the outside calls ----------------------------------------------------------------------

# A compiled function takes where to put its result, where to put an exception, then its arguments
# (an array as owner, parent, length, item size, address, shape and strides); it gives a status.
_LLVM = {float: "double", int: "i64", bool: "i8"}


def _entry_call(entry: Entry, inner: str) -> str:
    """The exported function of an entry: it reads the arguments from the words of a block."""
    lines: list[str] = []
    given = ["ptr %result", "ptr %error"]

    def word(place: int, kind: str) -> str:
        lines.append(f"%at{place} = getelementptr i64, ptr %block, i64 {place}")
        lines.append(f"%word{place} = load {kind}, ptr %at{place}, align 8")
        return f"%word{place}"

    for place, argument in entry.flat():
        if argument.ndim == 0:
            kind = "double" if argument.dtype == FLOAT else "i64"
            given.append(f"{kind} {word(place, kind)}")
            continue
        lines.append(f"%data{place} = inttoptr i64 {word(place, 'i64')} to ptr")
        shape = [word(place + 1 + axis, "i64") for axis in range(argument.ndim)]
        strides = [str(argument.dtype.itemsize)]
        for axis in range(argument.ndim - 1, 0, -1):
            lines.append(f"%step{place}_{axis} = mul i64 {strides[0]}, {shape[axis]}")
            strides.insert(0, f"%step{place}_{axis}")
        length = shape[0]
        for axis in range(1, argument.ndim):
            lines.append(f"%length{place}_{axis} = mul i64 {length}, {shape[axis]}")
            length = f"%length{place}_{axis}"
        given += ["ptr null", "ptr null", f"i64 {length}", f"i64 {argument.dtype.itemsize}"]
        given += [f"ptr %data{place}", *(f"i64 {one}" for one in shape + strides)]
    kinds = ", ".join(one.split()[0] for one in given)
    lines.append(f'%status = call i32 @"{inner}"({", ".join(given)})')
    body = "\n".join(lines)
    return (
        f'declare i32 @"{inner}"({kinds})\n'
        f"define i32 @{layout.PREFIX}{entry.name}(ptr %block) {{\n"
        "%result = alloca ptr, align 8\n%error = alloca ptr, align 8\n"
        f"{body}\n"
        "%fine = icmp sle i32 %status, 0\n"  # 0: done; -2: done, and gives nothing
        "%code = select i1 %fine, i32 0, i32 %status\n"
        "ret i32 %code\n}\n"
    )


def _function_call(name: str, inner: str, kinds: list[type], result: Any) -> str:
    """The exported function of a rule: float64 in, float64 out."""
    lines, given = [], ["ptr %result", "ptr %error"]
    for i, kind in enumerate(kinds):
        if kind is float:
            given.append(f"double %a{i}")
        else:
            lines.append(f"%whole{i} = fptosi double %a{i} to {_LLVM[kind]}")
            given.append(f"{_LLVM[kind]} %whole{i}")
    back = {types.float64: "double", types.int64: "i64", types.boolean: "i8"}[result]
    types_ = ", ".join(one.split()[0] for one in given)
    outside = ", ".join(f"double %a{i}" for i in range(len(kinds)))
    lines.append(f'%status = call i32 @"{inner}"({", ".join(given)})')
    lines.append(f"%value = load {back}, ptr %result, align 8")
    if back == "double":
        lines.append("ret double %value")
    else:
        lines.append(f"%number = {'sitofp' if back == 'i64' else 'uitofp'} {back} %value to double")
        lines.append("ret double %number")
    body = "\n".join(lines)
    return (
        f'declare i32 @"{inner}"({types_})\n'
        f"define double @{layout.PREFIX}{name}({outside}) {{\n"
        f"%result = alloca {back}, align 8\n%error = alloca ptr, align 8\n{body}\n}}\n"
    )


def _link(whole: llvm.ModuleRef, *texts: str) -> None:
    for text in texts:
        part = llvm.parse_assembly(text)
        part.verify()
        whole.link_in(part)


def _drop_unused(module: llvm.ModuleRef) -> None:
    """Paste in what is to be pasted, and take out what no exported function reaches; what is left
    needs nothing from outside.

    Raises:
        RuntimeError: compiled code would allocate, raise, or call a library.
    """
    llvm.initialize_native_target()
    machine = llvm.Target.from_default_triple().create_target_machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(0))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_always_inliner_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_strip_dead_prototype_pass()
    passes.add_strip_symbols_pass()
    passes.run(module, builder)
    outside = sorted(
        function.name
        for function in module.functions
        if function.is_declaration and not function.name.startswith("llvm.")
    )
    if outside:
        raise RuntimeError(
            "compiled code needs something from outside: "
            + ", ".join(outside)
            + "; it may not allocate, raise, or call a library"
        )


# --- for browsers --------------------------------------------------------------------------------


def browser_module(code: bytes) -> bytes:
    """WebAssembly of a portable module; it imports its memory and nothing else.

    Raises:
        FileNotFoundError: there is no ``wasm-ld`` here.
        subprocess.CalledProcessError: it could not link.
    """
    linker = shutil.which("wasm-ld")
    if linker is None:
        raise FileNotFoundError("wasm-ld is not here: on Debian or Ubuntu, apt-get install lld")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(WASM).create_target_machine(
        cpu="generic", features=WASM_FEATURES, opt=3
    )
    with tempfile.TemporaryDirectory() as folder:
        made, linked = Path(folder, "engine.o"), Path(folder, "engine.wasm")
        made.write_bytes(optimised(code, machine))
        entries = (name for name, entry in ENTRIES.items() if entry.browser)
        exported = [*entries, *FUNCTIONS, "stamp"]
        subprocess.run(
            [
                linker, str(made), "-o", str(linked), "--no-entry", "--import-memory",
                "--stack-first", "--strip-all", "-O2", "--initial-memory=2097152",
                f"--max-memory={MOST_PAGES * 65536}", "--export=__heap_base",
                *(f"--export={layout.PREFIX}{name}" for name in exported),
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return linked.read_bytes()


# --- for the commonest processors ----------------------------------------------------------------


def ready(code: bytes, processor: str) -> bytes:
    """Machine code of a portable module for one of :data:`~sim.engine.native.READY` on Linux."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return optimised(code, target(LINUX, processor))


# --- what the package ships ----------------------------------------------------------------------


def ship(folder: Path) -> None:
    """Write the artefact, what is made from it, and their description."""
    code = portable()
    files = {
        "engine.ll.gz": gzip.compress(code, 9, mtime=0),
        **{
            artefact.object_name(name): gzip.compress(ready(code, name), 9, mtime=0)
            for name in READY
        },
        # Last: once LLVM has made WebAssembly, this process makes other machine code.
        "engine.wasm": browser_module(code),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    about = {
        "stamp": layout.stamp(),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "made_with": {"numba": numba.__version__, "llvmlite": llvm_version()},
        "pages": MOST_PAGES,
        **layout.layout(),
    }
    (folder / "layout.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def llvm_version() -> str:
    """The version of llvmlite."""
    import llvmlite

    return llvmlite.__version__


def main() -> None:
    """Make the artefact, or the portable code alone."""
    parser = argparse.ArgumentParser(description="Make the compiled artefact of the engine.")
    parser.add_argument("--to", type=Path, help="write the portable code alone into this file")
    to = parser.parse_args().to
    if sys.flags.hash_randomization:
        # Numba walks through sets of names: the order of some variables would change every time.
        again = [sys.executable, "-m", "sim.engine.build", *sys.argv[1:]]
        sys.exit(subprocess.run(again, env={**os.environ, "PYTHONHASHSEED": "0"}).returncode)
    if to is None:
        ship(Path(__file__).parent / "shipped")
    else:
        to.write_bytes(portable())


if __name__ == "__main__":
    sys.exit(main())
