"""An error as the REST interface reports it."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error answer with `status` and Salesforce's error body; `fields` None leaves the key out, as the org does."""

    def __init__(self, code: str, message: str, *, status: int = 400, fields: list[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.fields = code, message, status, fields

    def body(self) -> list[dict[str, Any]]:
        """The body of a failed call, with `errorCode`."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error]

    def row(self) -> dict[str, Any]:
        """The error in a row of a collection, with `statusCode`."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    return ApiError("NOT_FOUND", message, status=404)


def too_deep() -> ApiError:
    return ApiError("JSON_PARSER_ERROR", "The document is nested too deeply")
