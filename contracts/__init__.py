"""The wire dialects: models, wire to domain, domain to wire. Imports domain."""
