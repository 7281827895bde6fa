"""The tests of the store, against a real database."""
