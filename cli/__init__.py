"""The composition root: settings, wiring, commands. Imported by nobody (ADR 14)."""
