"""Whether promises to customers are kept: a pure function of the register, the rules and an instant."""
