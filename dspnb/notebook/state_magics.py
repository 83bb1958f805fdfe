"""Magics about what a program has learned: compare it, save it, load it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core import magic_arguments as args
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dspnb import saving
from dspnb.diff import Diff, diff
from dspnb.errors import UsageError
from dspnb.module import Module
from dspnb.signature import Signature

from . import names
from .lines import plain_errors, unquoted
from .notice import show

if TYPE_CHECKING:
    from .session import Session


@magics_class
class StateMagics(Magics):
    """`%diff`, `%save_program` and `%load_program`."""

    shell: Any  # IPython says that it may be None; an installed extension's never is

    def __init__(self, shell: Any, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @args.magic_arguments()
    @args.argument("before", help="a program, a signature, or the path of a saved program")
    @args.argument("after", help="another one")
    @no_var_expand
    @line_magic
    @plain_errors
    def diff(self, line: str) -> Diff:
        """Show what differs between two programs: instructions, demos, fields, scores.

        %diff triage better
        %diff better better.json
        """
        given = unquoted(self.diff, line)
        return diff(self._side(given.before), self._side(given.after))

    @args.magic_arguments()
    @args.argument("program", help="the program")
    @args.argument("file", help="where to, such as triage.json")
    @no_var_expand
    @line_magic
    @plain_errors
    def save_program(self, line: str) -> Path:
        """Write what a program has learned to a JSON file; no key is ever in it.

        %save_program better better.json
        """
        given = unquoted(self.save_program, line)
        return names.program(given.program, self.shell.user_ns).save(given.file)

    @args.magic_arguments()
    @args.argument("program", help="the program that takes it over, in place")
    @args.argument("file", help="a file that was saved, also by DSPy")
    @args.argument("--partial", action="store_true", help="take over what fits, leave the rest")
    @no_var_expand
    @line_magic
    @plain_errors
    def load_program(self, line: str) -> Module:
        """Read what was saved into a program of the same parts. Runs no code of the file.

        %load_program triage better.json
        %load_program triage old.json --partial
        """
        given, namespace = unquoted(self.load_program, line), self.shell.user_ns
        program = names.program(given.program, namespace)
        if isinstance(namespace.get(given.program), type):
            name = given.program
            raise UsageError(f"`{name}` is a class; make a program of it, as in `p = {name}()`.")
        problems = saving.fit(saving.read(given.file), dict(program.predictors()))[1]
        if problems and not given.partial:
            raise UsageError(
                f"`{given.file}` does not fit `{given.program}`: {'; '.join(problems)}. "
                "Take over what fits with `--partial`."
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it would say is shown below
            program.load(given.file, strict=not given.partial)
        if problems:
            show([f"`{given.file}` fits `{given.program}` in part:", *problems])
        return program

    def _side(self, text: str) -> Module | Signature | Path:
        """What a word means: first a name of the notebook, then a file."""
        namespace = self.shell.user_ns
        if text.partition(".")[0] not in namespace and Path(text).is_file():
            return Path(text)
        known = names.programs(namespace)
        value = names.value_of(text, namespace, "program or saved file", known)
        if isinstance(value, Signature):
            return value
        return names.program(text, namespace)
