"""Who was without supply, from when to when, and why: from evidence to interruptions and outages.

Pieces of evidence of one point come from its readings and its meter's events (``own_evidence``), from
outages of places that witnesses saw (``places``, ``place_evidence``) and from the register
(``register``). ``interruptions`` unites them, ``outages`` groups what went together, ``feeders`` does
all of it for the points of one feeder. ``docs/interruptions.md`` says how and why.
"""
