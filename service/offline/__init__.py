"""Scoring a file of readings through the kernels, without any service running."""
