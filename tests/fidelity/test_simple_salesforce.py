"""simple-salesforce, unmodified, works on the embedded org as it does on Salesforce, including its logins."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_soql

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp
from tests.stories.world import NOW

CASES = 4_001
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class ToTheOrg(requests.Session):
    """A session that sends to the org on loopback, because the client always uses https and salesforce.com."""

    def __init__(self, org: EmbeddedOrg) -> None:
        super().__init__()
        self.trust_env, self._org = False, org.instance_url

    def request(self, method: str | bytes, url: str | bytes, *given: Any, **more: Any) -> requests.Response:
        return super().request(method, re.sub(r"https://[^/]+", self._org, str(url)), *given, **more)


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedOrg]:
    folder: Path = tmp_path_factory.mktemp("data")
    rows = [f"{number:08},Case {number},K{number}" for number in range(1, CASES + 1)]
    cases = ["CaseNumber,Subject,Key__c:external_id", *rows]
    (folder / "Case.csv").write_text("\n".join(cases) + "\n", encoding="utf-8")
    (folder / "Contact.csv").write_text("LastName,Email\nLee,twin@example.com\nLi,twin@example.com\n", encoding="utf-8")
    with EmbeddedOrg(data=folder, now=NOW, app=ConnectedApp("key", "secret", PUBLIC)) as made:
        yield made


@pytest.fixture
def session(org: EmbeddedOrg) -> Iterator[ToTheOrg]:
    with ToTheOrg(org) as made:
        yield made


@pytest.fixture
def sf(org: EmbeddedOrg, session: ToTheOrg) -> Any:
    return Salesforce(instance_url=org.instance_url, session_id=org.access_token, version="67.0", session=session)


@pytest.mark.parametrize(
    "login",
    [
        {"consumer_key": "key", "consumer_secret": "secret", "domain": "acme.my"},
        {"username": "integration@embedded.example", "consumer_key": "key", "privatekey": PRIVATE},
        {"username": "integration@embedded.example", "consumer_key": "key", "privatekey": PRIVATE, "domain": "test"},
    ],
    ids=["client credentials", "JWT", "JWT of a sandbox"],
)
def test_it_logs_in(session: ToTheOrg, login: dict[str, Any]) -> None:
    sf = Salesforce(**login, version="67.0", session=session)
    assert sf.query("SELECT COUNT() FROM Case")["totalSize"] == CASES


@pytest.mark.parametrize(("key", "secret"), [("key", "other"), ("other", "secret"), ("key", "")])
def test_a_login_with_a_wrong_key_or_secret_fails(session: ToTheOrg, key: str, secret: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid"):
        Salesforce(consumer_key=key, consumer_secret=secret, domain="acme.my", session=session)


def test_more_than_two_thousand_rows_are_read_page_by_page(sf: Any) -> None:
    assert len({each["Id"] for each in sf.query_all_iter("SELECT Id FROM Case")}) == CASES
    everything = sf.query_all("SELECT Id FROM Case WHERE IsDeleted = FALSE", include_deleted=True)
    assert (everything["totalSize"], everything["done"], len(everything["records"])) == (CASES, True, CASES)
    first = sf.query("SELECT Id FROM Case")
    assert len(sf.query_more(first["nextRecordsUrl"], True)["records"]) == 2_000


def test_a_record_is_created_updated_and_deleted(sf: Any) -> None:
    made = sf.Case.create({"Subject": "It's 100%", "Status": "New"})
    soql = format_soql("SELECT Id FROM Case WHERE Subject = {} AND Status IN {}", "It's 100%", ["New", "Working"])
    assert [each["Id"] for each in sf.query(soql)["records"]] == [made["id"]]
    assert sf.Case.update(made["id"], {"Priority": "High"}) == 204
    assert sf.Case.get(made["id"])["Priority"] == "High"
    assert sf.Case.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="entity is deleted"):
        sf.Case.get(made["id"])


def test_records_are_found_and_saved_by_their_key(sf: Any) -> None:
    assert sf.Case.get_by_custom_id("Key__c", "K7")["CaseNumber"] == "00000007"
    assert [sf.Case.upsert(f"Key__c/{key}", {"Subject": "x"}) for key in ("K7", "new")] == [200, 201]
    sf.Case.delete(sf.Case.get_by_custom_id("Key__c", "new")["Id"])
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Email/twin@example.com", {"Phone": "1"})


def test_it_describes_the_org(sf: Any) -> None:
    assert sf.is_sandbox() is True
    assert {"Case", "Contact"} <= {each["name"] for each in sf.describe()["sobjects"]}
    assert "Key__c" in {each["name"] for each in sf.Case.describe()["fields"]}
    assert sf.Case.metadata()["objectDescribe"]["keyPrefix"] == "500"
    assert sf.limits()["DailyApiRequests"]["Max"] == 15_000
    assert 0 < sf.api_usage["api-usage"].used < sf.api_usage["api-usage"].total == 15_000


def test_errors_are_raised_as_the_clients_own(org: EmbeddedOrg, session: ToTheOrg, sf: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="unexpected token: SELEKT"):
        sf.query("SELEKT Id FROM Case")
    with pytest.raises(SalesforceResourceNotFound):
        sf.Nothing__c.create({"Name": "x"})
    stranger: Any = Salesforce(instance_url=org.instance_url, session_id="00D!wrong", version="67.0", session=session)
    with pytest.raises(SalesforceExpiredSession):
        stranger.query("SELECT Id FROM Case")
