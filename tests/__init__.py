"""The tests of Voltpass."""
