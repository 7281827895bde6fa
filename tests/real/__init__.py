"""The real broker and the real database: how they are installed, started and stopped."""
