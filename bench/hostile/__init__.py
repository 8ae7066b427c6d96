"""Clients who mean harm, against a running Portico: `make hostile`."""
