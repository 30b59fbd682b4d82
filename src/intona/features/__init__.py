"""Front ends: callables from samples to features."""
