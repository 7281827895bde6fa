"""The job of `consume` by what else would be picked; each peer is a process and has an environment of its own."""
