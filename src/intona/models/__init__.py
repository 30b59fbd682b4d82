"""Models: scikit-learn heads, networks, calibration, export."""
