"""What the report on hostile clients concludes from its samples."""

from random import Random

from bench.hostile.figures import kolmogorov_smirnov, mann_whitney, percentile
from bench.hostile.mutate import Mutator


def _sample(seed: int, shift: float = 0.0, spread: float = 1.0) -> list[float]:
    random = Random(seed)
    return [random.gauss(shift, spread) for _ in range(2000)]


def test_samples_of_one_distribution_are_not_told_apart() -> None:
    """Of twenty pairs about one is below 5 % by chance, and none below a tenth of a per cent."""
    for test in (mann_whitney, kolmogorov_smirnov):
        found = [test(_sample(seed), _sample(seed + 1000)) for seed in range(20)]
        assert min(found) > 0.001
        assert len([p for p in found if p < 0.05]) <= 4


def test_what_differs_is_told_apart() -> None:
    """By where it lies: both; by how wide it is: the second alone. Equal values share a rank."""
    assert mann_whitney(_sample(1), _sample(2, shift=0.2)) < 1e-3
    assert kolmogorov_smirnov(_sample(1), _sample(2, shift=0.2)) < 1e-3
    assert kolmogorov_smirnov(_sample(1), _sample(2, spread=1.5)) < 1e-3
    assert mann_whitney([1.0] * 500, [1.0] * 500) > 0.99


def test_percentiles() -> None:
    """The largest of a hundred is the last per cent; nothing has none."""
    assert (100, 51, 0.0) == (
        percentile(range(1, 101), 0.99),
        percentile(range(1, 101), 0.5),
        percentile([], 0.5),
    )


def test_a_seed_bends_the_same_bodies_again() -> None:
    """So that what was found can be sent once more; another seed bends others."""
    first, again, other = (Mutator(seed) for seed in (3, 3, 4))
    sent = [first.next() for _ in range(300)]
    assert sent == [again.next() for _ in range(300)]
    assert sent != [other.next() for _ in range(300)]
    assert len({one.body for one in sent}) > 200
