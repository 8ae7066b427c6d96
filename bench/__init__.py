"""The benchmark: Portico beside its peers and its limits, in one run on one machine (docs/benchmarks)."""
