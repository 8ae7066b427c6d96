"""Replay jobs as messages."""

from domain.replay.entities import JobState, ReplayJob, ReplayLine
from gateway.grpc.letter_requests import JOBS
from gateway.grpc.mapping import set_millis
from gateway.grpc.mapping_letters import counts_message, result_message
from gateway.grpc.operator_refusals import plain
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb

_STATES = {
    JobState.SCHEDULED: pb.ReplayJob.SCHEDULED,
    JobState.RUNNING: pb.ReplayJob.RUNNING,
    JobState.PAUSED: pb.ReplayJob.PAUSED,
    JobState.STOPPED: pb.ReplayJob.STOPPED,
    JobState.CANCELLED: pb.ReplayJob.CANCELLED,
    JobState.DONE: pb.ReplayJob.DONE,
}


def job_message(job: ReplayJob) -> pb.ReplayJob:
    """A job without its lines."""
    progress = job.progress
    message = pb.ReplayJob(
        name=f"{JOBS}/{job.id}",
        uid=job.id,
        actor=plain(job.actor),
        tenant=job.tenant or "",
        selection={name: plain(value) for name, value in job.selection.items()},
        state=_STATES[job.state],
        waiting=plain(job.waiting),
        options=_options(job),
        letters=job.total,
        letters_done=progress.letters,
        letters_failed=progress.failed,
        letters_refused=progress.refused,
        counts=counts_message(progress.outcomes),
    )
    set_millis(message.create_time, job.created_at)
    set_millis(message.due_time, job.due_at)
    if job.started_at is not None:
        set_millis(message.start_time, job.started_at)
    if job.finished_at is not None:
        set_millis(message.finish_time, job.finished_at)
    return message


def line_message(line: ReplayLine) -> pb.LetterResult:
    """What became of a letter of a job."""
    outcomes = line.trial.outcomes if line.trial else None
    return result_message(line.letter_id, line.state, line.refused, outcomes, line.fault)


def _options(job: ReplayJob) -> pb.ReplayOptions:
    options = job.options
    message = pb.ReplayOptions(rate=options.rate, breaker=options.breaker)
    if options.ramp:
        message.ramp.FromMilliseconds(round(options.ramp * 1000))
    if options.start_at is not None:
        set_millis(message.start_at, options.start_at)
    return message
