"""Voltpass: voltage pass rate and supply reliability from meter telemetry."""
