"""Finds the environment variables that the code reads, in its syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path


def _is_environment(node: ast.expr) -> bool:
    """Whether an expression is `os.environ`, or a mapping that is named as it is passed on; WSGI has an `environ`."""
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ") | ast.Name(id="environment" | "keys"):
            return True
    return False


def variables_read(path: Path) -> Iterator[str]:
    """Yield the names that a module reads: by index, `get`, `pop` or `in` of the environment, or as an alias."""
    constants: dict[str, str] = {}
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                constants[name] = text
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, slice=key, ctx=ast.Load()) if _is_environment(value):
                yield from _name(key, constants)
            case ast.Call(func=ast.Attribute(value=value, attr="get" | "pop" | "setdefault"), args=[key, *_]) if (
                _is_environment(value)
            ):
                yield from _name(key, constants)
            case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[value]) if _is_environment(value):
                yield from _name(key, constants)
            case ast.Call(func=ast.Attribute(attr="getenv"), args=[key, *_]):
                yield from _name(key, constants)
            case ast.Call(func=ast.Name(id="Field"), keywords=keywords):
                for keyword in keywords:
                    match keyword:
                        case ast.keyword(arg="alias", value=ast.Constant(value=str() as alias)) if alias.isupper():
                            yield alias


def _name(key: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    match key:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
