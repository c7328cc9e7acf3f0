"""``python -m actionprompt``: the command line."""

import sys

from actionprompt.cli import main

if __name__ == "__main__":
    sys.exit(main())
