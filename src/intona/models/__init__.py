"""Heads, networks, calibration and export."""
