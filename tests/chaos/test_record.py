"""What is recorded of campaigns, and the page about it."""

from chaos.summary import PAGE, page_of, read_record


def test_the_page_says_what_the_record_says() -> None:
    """Totals are sums of the lines, and nobody has edited one of the two alone."""
    results = read_record()
    kills = sum(
        count
        for one in results
        for fault, count in one["happened"].items()
        if fault.startswith(("kill", "crash"))
    )
    acknowledged = sum(one["ledger"]["acknowledged"] for one in results)

    assert page_of(results) == PAGE.read_text()
    assert f"| kills and crashes | {kills:,}" in page_of(results)
    assert f"| records acknowledged | {acknowledged:,} |" in page_of(results)


def test_every_recorded_round_is_whole() -> None:
    """Each line says how it is played again, on what, and that every accepted record was accounted for."""
    for one in read_record():
        ledger = one["ledger"]
        assert ledger["acknowledged"] == sum(
            ledger[name] for name in ("stored", "unchanged", "stale", "dead")
        ), f"seed {one['seed']}, round {one['round']}"
        assert {"portico", "python", "store"} <= one["versions"].keys()
        assert {"stack", "faults", "rate", "batch", "only", "set", "store"} == one["arguments"].keys()
