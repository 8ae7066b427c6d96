"""Errors of the admin port's REST."""

from pydantic import Field

from contracts.admin.job_models import ReplayJob
from contracts.admin.models import Model, WholeLetter


class WrongPart(Model):
    """A part of the request that is wrong."""

    parameter: str | None = None
    pointer: str | None = None
    code: str
    message: str


class Problem(Model):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: tuple[WrongPart, ...] | None = None
    required_scope: str | None = None
    letter: WholeLetter | None = Field(default=None, description="The other's version, masked.")
    job: ReplayJob | None = Field(default=None, description="The replay job as it is now.")
    max_bytes: int | None = None
    error_id: str | None = None
