"""Audit: behaviour tests of a recogniser."""
