"""`python -m feint` is `feint`."""

import sys

from feint.app.cli import main

sys.exit(main())
