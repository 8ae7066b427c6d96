"""The durable queue: one port, two adapters (AMQP, SQLite)."""
