"""The paths of replay jobs in the admin port's document."""

from contracts.admin.parts import GET, POST, READ, REPLAY, TEXT, Json, body, paging, parameter, responses
from contracts.openapi_parts import operation

TAG = "replay jobs"
_JOBS = "/admin/v1/replay-jobs"
_ID = parameter("path", "id", "The replay job's id.", TEXT)
_CHANGES = {
    "pause": "Hold a job; the part that it has in hand is finished first.",
    "resume": "Let a job go on that is paused, or that its breaker stopped.",
    "cancel": "End a job for good. What it did stays.",
}


def job_paths() -> Json:
    """The paths."""
    return {**_jobs(), **_job(), **{f"{_JOBS}/{{id}}/{name}": _change(name) for name in _CHANGES}}


def _jobs() -> Json:
    return {
        _JOBS: {
            "get": {
                **operation("listReplayJobs", "List replay jobs, newest first.", TAG, READ),
                "parameters": paging("Jobs"),
                "responses": responses("ReplayJobs", (*GET, "404"), "Link"),
            },
            "post": {
                **operation("startReplayJob", "Replay letters, as a job of the ingestor.", TAG, REPLAY),
                "requestBody": body("StartReplay"),
                "responses": responses("ReplayJob", POST, "Location", status="202"),
            },
        }
    }


def _job() -> Json:
    count = {"type": "integer", "minimum": 0, "default": 0}
    size = {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}
    return {
        f"{_JOBS}/{{id}}": {
            "get": {
                **operation("getReplayJob", "Say how far a job is.", TAG, READ),
                "parameters": [_ID],
                "responses": responses("ReplayJob", (*GET, "404")),
            }
        },
        f"{_JOBS}/{{id}}/lines": {
            "get": {
                **operation("listReplayLines", "Say what became of each letter.", TAG, READ),
                "parameters": [
                    _ID,
                    parameter("query", "after", "Number of the last part of the page before.", count),
                    parameter("query", "pageSize", "Parts a page.", size),
                ],
                "responses": responses("ReplayLines", (*GET, "404"), "Link"),
            }
        },
    }


def _change(name: str) -> Json:
    return {
        "post": {
            **operation(f"{name}ReplayJob", _CHANGES[name], TAG, REPLAY),
            "parameters": [_ID],
            "responses": responses("ReplayJob", (*GET, "404", "409")),
        }
    }
