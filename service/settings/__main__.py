"""``python -m service.settings > deploy/env.example`` writes the example anew."""

import sys

from service.settings import env_example

sys.stdout.write(env_example())
