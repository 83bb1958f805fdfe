"""Whether a program, a metric, a model or data is the same as in another process."""

from .prints import Fingerprint, example_print, fingerprint_of, program_print, state_print

__all__ = ["Fingerprint", "example_print", "fingerprint_of", "program_print", "state_print"]
