"""Work somewhere: processes of this machine, or a Ray cluster."""
