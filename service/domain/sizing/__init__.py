"""How much it takes: measured coefficients, the arithmetic over them, and a fleet of consumers before a database."""
