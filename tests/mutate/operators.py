"""Which small faults can be planted in a module: pure, from its text.

Left alone are annotations, docstrings, imports, decorators, names of types and assertions: a fault
there is the type checker's to find, or no fault.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENOUGH = 110
"""Characters of source that say where a mutation is; with more, the mutated piece stands alone."""

_COMPARED: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}

Members = Mapping[str, Sequence[str]]
"""The members of each enumeration, by its name."""


@dataclass(frozen=True)
class Slot:
    """One place in a tree that holds a node, or a list of them at `index`."""

    owner: ast.AST
    field: str
    index: int | None = None

    def get(self) -> Any:
        held = getattr(self.owner, self.field)
        return held if self.index is None else held[self.index]

    def put(self, node: Any) -> None:
        """Put `node` there; a list at an index takes the place of the one that was."""
        if self.index is None:
            setattr(self.owner, self.field, node)
            return
        held = list(getattr(self.owner, self.field))
        held[self.index : self.index + 1] = node if isinstance(node, list) else [node]
        setattr(self.owner, self.field, held)


@dataclass(frozen=True)
class Edit:
    """One fault: `slots` hold `nodes` instead. More than one slot: keys and values of a table."""

    slots: tuple[Slot, ...]
    nodes: tuple[Any, ...]
    says: str

    def make(self) -> None:
        """Plant it. The last slots first, for they may stand in one list."""
        for slot, node in zip(self.slots, self.nodes, strict=True):
            slot.put(node)


@dataclass(frozen=True)
class Mutant:
    """A fault by its name: the file, the function or "" for the module itself, and what is changed.

    `number` is its place among the faults of the file as it is today; `line` is for people.
    """

    path: str
    function: str
    mutation: str
    line: int
    number: int

    @property
    def name(self) -> str:
        """Return what stays the same while lines move."""
        return f"{self.path}::{self.function or '(module)'}: {self.mutation}"


def mutants(path: str, text: str, members: Members) -> list[Mutant]:
    """Return every fault that can be planted in the file."""
    found: list[Mutant] = []
    seen: dict[tuple[str, str], int] = {}
    for number, (function, line, edit) in enumerate(_edits(ast.parse(text), members)):
        count = seen[function, edit.says] = seen.get((function, edit.says), 0) + 1
        says = edit.says if count == 1 else f"{edit.says} #{count}"
        found.append(Mutant(path, function, says, line, number))
    return found


def mutated(text: str, number: int, members: Members) -> ast.Module:
    """Return the tree of the file with fault `number` in it."""
    tree = ast.parse(text)
    for at, (_, _, edit) in enumerate(_edits(tree, members)):
        if at == number:
            edit.make()
            return ast.fix_missing_locations(tree)
    raise LookupError(f"there is no fault {number} in a text of {len(text)} characters")


def members_of(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the members of every enumeration that the texts define."""
    return {
        node.name: [
            one.targets[0].id
            for one in node.body
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
        ]
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef) and _is_enum(node)
    }


def _is_enum(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id.endswith("Enum") for base in node.bases)


@dataclass(frozen=True)
class _Site:
    """A node where something can go wrong, and what is around it."""

    slot: Slot
    node: ast.AST
    parent: ast.AST
    function: str


def _edits(tree: ast.Module, members: Members) -> Iterator[tuple[str, int, Edit]]:
    # A list first: an edit that is described or made must not lead the walk astray.
    for site in list(_sites(tree, (), "")):
        for edit in (*_swaps(site, members), *_drops(site)):
            yield site.function, getattr(site.node, "lineno", 0), edit


def _sites(node: ast.AST, classes: tuple[str, ...], function: str) -> Iterator[_Site]:
    if isinstance(node, ast.ClassDef):
        classes = (*classes, node.name)
    for field, held in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases"):
            continue
        inside = function
        if isinstance(node, ast.FunctionDef) and field == "body" and not function:
            inside = ".".join((*classes, node.name))
        for index, child in enumerate(held if isinstance(held, list) else [held]):
            if not isinstance(child, ast.AST) or _is_left_alone(child, node):
                continue
            slot = Slot(node, field, index if isinstance(held, list) else None)
            yield _Site(slot, child, node, inside)
            yield from _sites(child, classes, inside)


def _is_left_alone(child: ast.AST, parent: ast.AST) -> bool:
    match child:
        case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.expr_context():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True  # A docstring.
        case ast.keyword(arg="strict"):
            return True  # Of `zip`: an assertion by another name.
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Assign(value=ast.Subscript() | ast.BinOp(op=ast.BitOr())):
            return isinstance(parent, ast.Module)  # The name of a type.
        case ast.Assign():
            return isinstance(parent, ast.ClassDef) and _is_enum(parent)  # A word, no decision.
        case _:
            return False


def _swaps(site: _Site, members: Members) -> Iterator[Edit]:
    """Yield what puts another node in the place of this one."""
    node = site.node
    match node:
        case ast.Compare(left=left, ops=ops, comparators=right):
            for at, op in enumerate(ops):
                for other in _COMPARED.get(type(op), ()):
                    new = ast.Compare(left, [*ops[:at], other(), *ops[at + 1 :]], right)
                    yield _edit(site, new)
        case ast.BoolOp(op=op, values=values):
            yield _edit(site, ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values))
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield _edit(site, rest[0] if len(rest) == 1 else ast.BoolOp(op, rest))
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield _edit(site, operand)
        case ast.BinOp(left=first, op=how, right=second) if type(how) in _COMPUTED:
            yield _edit(site, ast.BinOp(first, _COMPUTED[type(how)](), second))
        case ast.IfExp(body=body, orelse=orelse):
            yield _edit(site, body)
            yield _edit(site, orelse)
        case ast.Call(func=ast.Name(id=called), args=args, keywords=keywords) if called in _CALLED:
            yield _edit(site, ast.Call(ast.Name(_CALLED[called], ast.Load()), args, keywords))
        case ast.Constant(value=bool() as yes):
            yield _edit(site, ast.Constant(not yes), around=True)
        case ast.Constant(value=int() | float() as number):
            # One more is the same again for what is very large.
            more = number + 1 if number + 1 != number else 0
            yield _edit(site, ast.Constant(more), around=True)
        case ast.Constant(value=str() as text):
            in_text = isinstance(site.parent, ast.JoinedStr)
            new_text = ast.Constant("" if text else "?")
            says = f"{text!r} -> (dropped)" if in_text else ""
            yield _edit(site, new_text, says, around=True)
        case ast.Attribute(value=ast.Name(id=kind), attr=member) if member in members.get(kind, ()):
            every = members[kind]
            other_member = every[(every.index(member) + 1) % len(every)]
            new_member = ast.Attribute(ast.Name(kind, ast.Load()), other_member, ast.Load())
            yield _edit(site, new_member, around=True)
    if isinstance(site.parent, ast.If | ast.While | ast.match_case) and site.slot.field in (
        "test",
        "guard",
    ):
        for yes in (True, False):
            if not (yes and isinstance(site.parent, ast.While)):
                yield _edit(site, ast.Constant(yes), f"if {_words(node)} -> if {yes}")
    if isinstance(site.parent, ast.comprehension) and site.slot.field == "ifs":
        yield _edit(site, ast.Constant(True), f"if {_words(node)} -> if True")


def _drops(site: _Site) -> Iterator[Edit]:
    """Yield what leaves the node out, or one of its parts."""
    node = site.node
    match node:
        case ast.Tuple(elts=parts, ctx=ast.Load()) | ast.List(elts=parts) | ast.Set(elts=parts):
            if not _has_fixed_length(site):
                for at, part in enumerate(parts):
                    yield _left_out(part, Slot(node, "elts", at))
        case ast.Dict(keys=keys, values=values):
            for at, (key, value) in enumerate(zip(keys, values, strict=True)):
                says = f"{_words(key) if key else '**'}: {_words(value)} -> (dropped)"
                yield Edit((Slot(node, "keys", at), Slot(node, "values", at)), ([], []), says)
        case ast.Call(keywords=keywords):
            for at, keyword in enumerate(keywords):
                if not _is_left_alone(keyword, node):
                    yield _left_out(keyword, Slot(node, "keywords", at))
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield Edit((site.slot,), (ast.Pass(),), f"{_words(node)} -> (dropped)")
        case ast.Raise() if not isinstance(site.parent, ast.If):  # Else its condition is mutated.
            yield Edit((site.slot,), (ast.Pass(),), f"{_words(node)} -> (dropped)")


def _has_fixed_length(site: _Site) -> bool:
    """Return whether a part that is missing would break the program at once, as all would see."""
    match site.parent:
        case ast.Subscript():
            return True
        case ast.Dict():
            return site.slot.field == "keys"
        case ast.Assign(targets=[ast.Tuple()]):
            return True
        case _:
            return False


def _left_out(part: ast.AST, slot: Slot) -> Edit:
    return Edit((slot,), ([],), f"{_words(part)} -> (dropped)")


def _edit(site: _Site, new: ast.AST, says: str = "", *, around: bool = False) -> Edit:
    """Return the edit that puts `new` there; `around`: it is named with what stands around it."""
    if says:
        return Edit((site.slot,), (new,), says)
    whole = site.parent if around and _is_short(site.parent) else None
    before = _words(whole or site.node)
    site.slot.put(new)
    after = _words(whole or new)
    site.slot.put(site.node)
    return Edit((site.slot,), (new,), f"{before} -> {after}")


def _is_short(node: ast.AST) -> bool:
    """Return whether the node names a place in few words; text in text is told otherwise by each
    version of Python."""
    if not isinstance(node, ast.expr | ast.keyword | ast.Assign | ast.AnnAssign | ast.Return):
        return False
    has_texts = any(isinstance(part, ast.JoinedStr) for part in ast.walk(node))
    return not has_texts and len(_words(node)) <= ENOUGH


def _words(node: ast.AST) -> str:
    """Return the source of `node`, the same under every version of Python: their quotes differ."""
    return ast.unparse(node).replace('"', "'")
