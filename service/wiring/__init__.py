"""The roles, put together from their parts."""
