"""One small module for each corpus known by name."""
