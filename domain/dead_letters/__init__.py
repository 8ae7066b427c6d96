"""Dead letters as operators see them: found, understood, tried, repaired, replayed, discarded."""
