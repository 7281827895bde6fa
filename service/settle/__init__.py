"""The settle role: what can wait is brought in order, at a bounded rate, by one process at a time."""
