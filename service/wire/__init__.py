"""Bytes into columns: the wire formats of telemetry."""
