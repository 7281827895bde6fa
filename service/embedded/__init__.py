"""The broker and the database of the demo and of the default tests, started from wheels."""
