"""`python -m dspnb` does what the command `dspnb` does."""

import sys

from .frontends.command import main

if __name__ == "__main__":
    sys.exit(main())
