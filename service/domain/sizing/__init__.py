"""How much it takes: measured coefficients, the arithmetic over them, and what a fleet of consumers does to a database."""
