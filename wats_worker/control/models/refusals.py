"""How the door says no."""

from pydantic import BaseModel, ConfigDict


class ProblemBody(BaseModel):
    """What went wrong, for programs and for people."""

    model_config = ConfigDict(frozen=True)

    code: str
    text: str
    fix: str = ""
    request_id: str = ""


class Refused(BaseModel):
    """The body of every answer that is a refusal."""

    model_config = ConfigDict(frozen=True)

    error: ProblemBody
