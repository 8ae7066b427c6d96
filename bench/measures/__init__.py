"""The rows of the table, in its order."""

from bench.measure import Measure
from bench.measures import accepted_batches, accepted_singles, stored_new, stored_updates

MEASURES: tuple[Measure, ...] = (
    accepted_batches.MEASURE,
    accepted_singles.MEASURE,
    stored_new.MEASURE,
    stored_updates.MEASURE,
)
