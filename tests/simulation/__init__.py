"""Deterministic simulation of whole flows; README.md says how to read and replay a world."""
