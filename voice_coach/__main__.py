"""`python -m voice_coach`: the command line."""

import sys

from voice_coach.cli import main

if __name__ == "__main__":
    sys.exit(main())
