"""The kernels against their slow plain twin, in three modes."""
