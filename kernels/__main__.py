"""Compile every kernel into the numba cache: ``python -m kernels`` bakes an image's cache."""

import sys

from kernels import warm_up

if __name__ == "__main__":
    sys.stdout.write(f"{warm_up()} kernels ready\n")
