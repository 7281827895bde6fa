"""The whole service against a simulated district whose truth is known: ``python -m tests.district``."""
