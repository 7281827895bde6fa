"""The job of `consume` by what else would be picked; each peer is a process of its own, in an environment of its own."""
