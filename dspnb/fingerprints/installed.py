"""What comes from an installed package, and is known by its name and the package's version."""

from __future__ import annotations

import importlib.metadata
import sys
import sysconfig
import types
from functools import lru_cache
from pathlib import Path
from typing import Any

from .attributes import has

HERE = "dspnb"
HEAP = 1 << 9  # the flag of classes that are made while a program runs


def installed_name(thing: Any) -> str | None:
    """The full name of what is found under it in an installed package; None for all else.

    >>> installed_name(Path), installed_name(lambda: 1)
    ('pathlib.Path', None)
    """
    module: Any
    name: Any
    if isinstance(thing, types.ModuleType):
        module, name = thing.__name__, ""
    elif isinstance(thing, types.MethodType) or _is_bound(thing):
        module, name = type(thing.__self__).__module__, thing.__name__
    else:
        names = [name for name in ("__qualname__", "__name__") if has(thing, name)]
        module = getattr(thing, "__module__", None) or type(thing).__module__
        name = getattr(thing, names[0]) if names else None
    if not isinstance(module, str) or not isinstance(name, str) or not is_installed(module):
        return None
    if isinstance(thing, type) and not thing.__flags__ & HEAP:
        return f"{module}.{name}"  # written in C; some, such as that of None, have no place
    found: Any = sys.modules.get(module)
    for part in name.split(".") if name else ():
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
        if isinstance(found, staticmethod | classmethod):
            found = found.__func__
    if found is not thing and not (isinstance(thing, types.MethodType) and _same(found, thing)):
        return None
    top = module.partition(".")[0]
    return " ".join(filter(None, [f"{module}.{name}" if name else module, _version(top)]))


def is_installed(module: str) -> bool:
    """Whether a module is Python's own, of this package, or in a place for installed packages."""
    top = module.partition(".")[0]
    loaded = sys.modules.get(module) or sys.modules.get(top)
    if top == HERE:
        return True
    if loaded is None or top == "__main__":
        return False
    file = getattr(loaded, "__file__", None) or next(iter(getattr(loaded, "__path__", ())), None)
    if file is None:
        return top in sys.stdlib_module_names
    return _is_place(str(file))


def _is_bound(thing: Any) -> bool:
    """Whether this is a method in C of an object, as `random.random` is of a hidden one."""
    return isinstance(thing, types.BuiltinMethodType) and not isinstance(
        thing.__self__, types.ModuleType | type | None
    )


def _same(one: Any, other: types.MethodType) -> bool:
    """Whether both are one method of one object, as `random.choice` is of the same hidden one."""
    return (
        isinstance(one, types.MethodType)
        and one.__self__ is other.__self__
        and one.__func__ is other.__func__
    )


@lru_cache(maxsize=4096)
def _is_place(file: str) -> bool:
    parents = Path(file).parents
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    places = {Path(path) for name in names if (path := sysconfig.get_path(name))}
    return any(
        parent in places or parent.name in ("site-packages", "dist-packages") for parent in parents
    )


@lru_cache(maxsize=1024)
def _version(top: str) -> str:
    """The version of a package; nothing for Python's own, and where it would take long to find."""
    if top in sys.stdlib_module_names:
        return ""
    version = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(version, str):
        return version
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        return ""
