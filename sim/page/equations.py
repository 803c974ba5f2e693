"""The rules as expression trees, which the page prints with numbers: :func:`equations`.

The class view shows with every factor why a number changed. Its arithmetic is derived here from the
source of :mod:`sim.core.rules`, so that no equation is written twice.

A tree is a number, a name (a string), or a list of an operation and its operands:
``["+", "trust", ["*", "pace", ["-", "quality", "trust"]]]``. Operations are ``+ - * /``, ``neg``,
comparisons ``< <= > >= == and``, ``choose`` (test, then, else), and calls: ``sqrt``, ``floor``, or
the name of a rule. A rule has arguments and lines: ``["set", name, tree]``,
``["when", test, lines, otherwise]``, ``["give", tree]``.

>>> equations()["decayed"]
{'arguments': ['value', 'rate'], 'lines': [['give', ['-', 'value', ['*', 'rate', 'value']]]]}
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any

from sim.core import rules

_OPERATIONS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
}  # fmt: skip


def equations() -> dict[str, dict[str, Any]]:
    """Every rule of plain arithmetic by name; rules with loops are left out."""
    found = {}
    for name, item in vars(rules).items():
        if isinstance(item, FunctionType) and item.__module__ == rules.__name__:
            tree = _rule(item)
            if tree is not None:
                found[name] = tree
    return found


def _rule(function: Callable[..., Any]) -> dict[str, Any] | None:
    parsed = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(parsed, ast.FunctionDef)
    if any(isinstance(one, ast.For | ast.While) for one in ast.walk(parsed)):
        return None
    return {"arguments": [one.arg for one in parsed.args.args], "lines": _lines(parsed.body)}


def _lines(body: list[ast.stmt]) -> list[Any]:
    found: list[Any] = []
    for line in body:
        match line:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.append(["set", name, _tree(value)])
            case ast.If(test=test, body=then, orelse=otherwise):
                found.append(["when", _tree(test), _lines(then), _lines(otherwise)])
            case ast.Return(value=ast.expr() as value):
                found.append(["give", _tree(value)])
            case _:
                raise TypeError(f"a rule has a line that has no tree: {ast.unparse(line)}")
    return found


def _tree(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ["neg", _tree(operand)]
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            value = ast.literal_eval(left) ** ast.literal_eval(right)
            return value
        case ast.BinOp(left=left, op=op, right=right):
            return [_OPERATIONS[type(op)], _tree(left), _tree(right)]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return [_OPERATIONS[type(op)], _tree(left), _tree(right)]
        case ast.BoolOp(values=values):
            name = "and" if isinstance(node.op, ast.And) else "or"
            return [name, *(_tree(one) for one in values)]
        case ast.IfExp(test=test, body=then, orelse=otherwise):
            return ["choose", _tree(test), _tree(then), _tree(otherwise)]
        case ast.Call(func=ast.Name(id="float"), args=[value]):
            return _tree(value)
        case ast.Call(func=ast.Name(id=name), args=args):
            return [name, *(_tree(one) for one in args)]
        case ast.Call(func=ast.Attribute(attr=name), args=args):
            return [name, *(_tree(one) for one in args)]
    raise TypeError(f"a rule has an expression that has no tree: {ast.unparse(node)}")
