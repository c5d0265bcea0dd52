"""The identity of the token's user: `/id/<org>/<user>` and `/services/oauth2/userinfo`."""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org.store.work import Work

_URLS = {
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "query": "/services/data/v{version}/query/",
    "profile": "/",
}


def identity(work: Work, instance_url: str, organization_id: str) -> dict[str, Any]:
    """The answer of the identity URL."""
    user = work.database.row(work.database.schema["User"], work.user_id) or {}
    urls = {name: instance_url + path for name, path in _URLS.items()}
    return {
        "id": f"{instance_url}/id/{organization_id}/{work.user_id}",
        "asserted_user": True,
        "user_id": work.user_id,
        "organization_id": organization_id,
        "username": user.get("Username"),
        "nick_name": user.get("CommunityNickname"),
        "display_name": user.get("Name"),
        "email": user.get("Email"),
        "email_verified": True,
        "first_name": user.get("FirstName"),
        "last_name": user.get("LastName"),
        "timezone": user.get("TimeZoneSidKey"),
        "photos": {},
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": user.get("LanguageLocaleKey"),
        "locale": user.get("LocaleSidKey"),
        "utcOffset": 0,
        "last_modified_date": user.get("LastModifiedDate"),
        "is_app_installed": True,
        "urls": urls,
    }


def userinfo(work: Work, instance_url: str, organization_id: str) -> dict[str, Any]:
    """The same identity in the form of OpenID Connect."""
    known = identity(work, instance_url, organization_id)
    return {
        "sub": known["id"],
        "user_id": work.user_id,
        "organization_id": organization_id,
        "preferred_username": known["username"],
        "nickname": known["nick_name"],
        "name": known["display_name"],
        "email": known["email"],
        "email_verified": True,
        "given_name": known["first_name"],
        "family_name": known["last_name"],
        "zoneinfo": known["timezone"],
        "photos": {},
        "profile": f"{instance_url}/{work.user_id}",
        "picture": "",
        "urls": known["urls"],
        "active": known["active"],
        "user_type": "STANDARD",
        "language": known["language"],
        "locale": known["locale"],
        "utcOffset": 0,
        "updated_at": known["last_modified_date"],
    }
