"""What Voltpass knows: registry, rules, folding, judging, figures. Pure: no I/O, no clock, nothing asynchronous."""
