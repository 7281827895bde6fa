"""The notification policy: which alerts people are told, when, and why others are held."""
