"""The slow plain twin of the kernels: what a log means, in Python integers, from the design.

Nothing here imports ``kernels``: where both agree, two readings of the design agree.
"""
