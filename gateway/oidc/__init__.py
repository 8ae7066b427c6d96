"""Logging operators in by an OpenID provider (OpenID Connect Core 1.0; ADR 19)."""
