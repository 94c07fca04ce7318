#!/usr/bin/env python3
"""Lists the types of a release of Bevy that derive `Reflect`, which is what a game can save of them.

    ci/engine_types.py 0.20.1 >tests/engine_types/bevy-0.20.txt

They are read out of the sources of all of Bevy's crates, which cargo has after `cargo fetch` of a package that depends on
`bevy` with its default features: no build has all crates in it. `src/capture/engine_moves/registries.rs` holds the list
against the registry of the build that it is part of.
"""

import os
import pathlib
import re
import sys

# Comments go, and so does what stands in strings and characters, where a brace means nothing.
NO_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\\\'])\'', re.DOTALL
)
TOKEN = re.compile(
    r"#!?\[|\bmacro_rules!\s*\w+\s*[{(]|\bmod\s+(?P<module>\w+)\s*\{|\b(?P<flags>bitflags!)\s*\{"
    r"|\b(?:struct|enum|union)\s+(?P<type>\w+)|[{};]"
)
# `bevy_reflect` does it for the types of crates that it builds on.
FOR_OTHERS = re.compile(r"\bimpl_(?:reflect\w*|type_path)!\(\s*::(bevy_\w+(?:::\w+)+)")
BRACKETS = {"[": "]", "{": "}", "(": ")"}


def end_of_group(code, start):
    """The place behind the bracket that closes the one before `start`."""
    opening = code[start - 1]
    depth = 1
    while depth and start < len(code):
        depth += (code[start] == opening) - (code[start] == BRACKETS[opening])
        start += 1
    return start


def types_in(code, modules):
    """Kind and path of each type in a file that stands in a module, tests aside."""
    depth, inner, attributes, place = 0, [], "", 0
    while token := TOKEN.search(code, place):
        text, place = token.group(), token.end()
        if text.startswith("#"):
            place = end_of_group(code, place)
            attributes += "" if text == "#![" else code[token.start() : place]
            continue
        if text.startswith("macro_rules"):
            place = end_of_group(code, place)
        elif token["module"] or token["flags"]:
            # What the macro makes of its types stands where it is called.
            inner.append((depth, token["module"], "cfg(test)" in attributes))
            depth += 1
        elif token["type"]:
            is_in_function = depth > len(inner)
            is_test = any(test for _, _, test in inner)
            kind = kind_of(attributes)
            if kind and not is_in_function and not is_test:
                yield kind, "::".join([*modules, *(name for _, name, _ in inner if name), token["type"]])
        elif text == "{":
            depth += 1
        elif text == "}":
            depth -= 1
            if inner and inner[-1][0] == depth:
                inner.pop()
        attributes = ""


def kind_of(attributes):
    derived = " ".join(re.findall(r"\bderive\(([^()]*)\)", attributes))
    has = lambda name: re.search(rf"\b{name}\b", derived)
    if not has("Reflect") or re.search(r"\btype_path\s*=\s*false", attributes):
        return None
    return "component" if has("Component") else "resource" if has("Resource") else "type"


def types_of(crate, name):
    for file in sorted((crate / "src").rglob("*.rs")):
        *modules, last = file.relative_to(crate / "src").with_suffix("").parts
        modules = [name, *modules, *([] if last in ("mod", "lib") else [last])]
        code = NO_CODE.sub(" ", file.read_text())
        yield from types_in(code, modules)
        yield from (("type", path) for path in FOR_OTHERS.findall(code))


def main():
    release = sys.argv[1]
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    crates = sorted((home / "registry/src").glob(f"*/bevy_*-{release}"))
    names = {crate.name.removesuffix(f"-{release}") for crate in crates}
    if "bevy_render" not in names:
        sys.exit(f"Cargo hasn't fetched all crates of Bevy {release}.")
    found = {row for crate in crates for row in types_of(crate, crate.name.removesuffix(f"-{release}"))}
    for kind, path in sorted(found):
        print(kind, path)


main()
