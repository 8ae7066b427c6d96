"""The OpenAPI 3.1 document of the admin port's REST."""

from typing import Any

from contracts.admin import job_models, job_paths, letter_paths, models
from contracts.admin.parts import ERRORS, Json, error
from contracts.admin.problem import Problem
from contracts.openapi_parts import HEADERS, schemas_of

_MODELS: dict[str, Any] = {
    model.__name__: model
    for model in (
        models.Discard,
        models.DryRun,
        models.Export,
        models.Imported,
        models.Patch,
        models.Groups,
        models.Letters,
        models.WholeLetter,
        models.Results,
        models.Samples,
        job_models.StartReplay,
        job_models.ReplayJob,
        job_models.ReplayJobs,
        job_models.ReplayLines,
        Problem,
    )
}
_TEXT: Json = {"type": "string"}
_OWN_HEADERS: Json = {
    "ETag": {"description": "The revision.", "schema": _TEXT},
    "Location": {"description": "Where the replay job is.", "schema": _TEXT},
}


def openapi(*, version: str) -> Json:
    """The document; `version` of Portico."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Portico: operators",
            "version": version,
            "description": "What operators do with what could not be stored. On the admin port.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": [{"name": letter_paths.TAG}, {"name": job_paths.TAG}],
        "paths": {**letter_paths.letter_paths(), **job_paths.job_paths()},
        "components": {
            "schemas": schemas_of(_MODELS),
            "headers": {**HEADERS, **_OWN_HEADERS},
            "responses": {code: error(code) for code in ERRORS},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A JWT with a role among its scopes: `operator.read`, or "
                    "`operator.repair` or `operator.replay`, which imply it. With `org` it is bound to "
                    "that tenant.",
                }
            },
        },
    }
