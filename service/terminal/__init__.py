"""What people at a terminal are shown of the database, or of a `serve` that runs."""
