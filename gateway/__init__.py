"""The front door: what every surface shares, and in its own room each surface."""
