"""The REST surfaces, one module each, and the HTTP mechanisms that they share."""
