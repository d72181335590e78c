"""How thorough properties are: fifty examples in each run, three hundred by night."""

import os

from hypothesis import settings

settings.register_profile("run", max_examples=50)
settings.register_profile("nightly", max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "run"))
