"""Machine-code kernels for what Polars has no expression for; importing this package alone does not import numba."""
