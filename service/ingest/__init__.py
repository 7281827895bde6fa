"""Readings from Kafka, folded and stored: the role ``consume``."""
