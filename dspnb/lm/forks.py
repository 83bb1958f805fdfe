"""Locks that a fork leaves open: a child has no thread that could release what another one held."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import NamedTuple

Method = Callable[[], object]


def lock(*, before: Method | None = None, in_child: Method | None = None) -> threading.Lock:
    """A lock that a fork waits for, so that what it protects is whole in the child.

    `before` is called before a fork, and `in_child` after it in the child, with the lock held. They
    are methods of the object that has the lock, which may go like any other. No thread may wait for
    a second such lock while it holds one.

    >>> with lock() as held:
    ...     held
    True
    """
    made = threading.Lock()
    with _making:
        _hooks[made] = _Hooks(
            None if before is None else weakref.WeakMethod(before),
            None if in_child is None else weakref.WeakMethod(in_child),
        )
    return made


class _Hooks(NamedTuple):
    before: weakref.WeakMethod[Method] | None
    in_child: weakref.WeakMethod[Method] | None


_hooks: weakref.WeakKeyDictionary[threading.Lock, _Hooks] = weakref.WeakKeyDictionary()
_making = threading.Lock()  # protects `_hooks`, and by that from two forks at once
_held: list[tuple[threading.Lock, _Hooks]] = []  # while a fork is made


def _before() -> None:
    _making.acquire()
    for lock, hooks in list(_hooks.items()):
        lock.acquire()
        _held.append((lock, hooks))
    for _, hooks in _held:
        _call(hooks.before)


def _in_child() -> None:
    for _, hooks in _held:
        _call(hooks.in_child)
    _after()


def _after() -> None:
    for lock, _ in _held:
        lock.release()
    _held.clear()
    _making.release()


def _call(method: weakref.WeakMethod[Method] | None) -> None:
    if method is not None and (known := method()) is not None:
        known()


if hasattr(os, "register_at_fork"):  # Windows knows no forks
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
