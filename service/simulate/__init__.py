"""A simulated district whose truth is known: `voltpass simulate`. It shares no code with what it is to test."""
