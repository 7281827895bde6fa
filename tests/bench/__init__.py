"""How fast it is here: ratios against a floor or a peer, measured in the same run."""
