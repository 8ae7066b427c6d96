"""The gRPC reads: one service an entity, and ingestions."""
