"""The peers: what one writes first with well-known parts, one message and one upsert a record."""
