"""What an operator may get wrong about replay jobs."""

from domain.dead_letters.errors import RepairError
from domain.replay.entities import ReplayJob


class NoSuchJobError(RepairError):
    """There is no replay job with this id."""

    def __init__(self, id: str) -> None:
        """`id` as it was given."""
        super().__init__(f"there is no replay job {id}")


class JobStateError(RepairError):
    """As the job stands, this cannot be done with it."""

    def __init__(self, job: ReplayJob) -> None:
        """`job` as it is now."""
        super().__init__(f"the replay job {job.id} is {job.state} already")
        self.job = job
