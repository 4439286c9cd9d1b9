"""`python -m exonu.cli`."""

import sys

from exonu.cli import main

sys.exit(main())
