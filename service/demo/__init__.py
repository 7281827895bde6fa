"""The demonstration: everything on one machine, on recorded and simulated voltage."""
