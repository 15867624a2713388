"""Settings of every test."""

from hypothesis import settings

# A slow machine is not a fault: no time limit for a single example.
settings.register_profile("meds3", deadline=None)
settings.load_profile("meds3")
