"""simple-salesforce without the parts that nothing here uses."""

import subprocess
import sys

SCRIPT = """
import sys
from sfdc_escalator.salesforce.line.simple import PARTS, Salesforce
loaded = sorted({"zeep", "jwt", "cryptography"} & set(sys.modules))
import simple_salesforce
client = simple_salesforce.Salesforce(instance_url="https://a.my.salesforce.com", session_id="s")
used = [type(client.bulk).__name__, type(client.bulk2).__name__, type(client.mdapi).__name__]
from simple_salesforce.login import SalesforceLogin
print(loaded, used, SalesforceLogin.__module__)
"""


def test_the_parts_that_nothing_here_uses_are_loaded_when_somebody_uses_them() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[] ['SFBulkHandler', 'SFBulk2Handler', 'SfdcMetadataApi'] simple_salesforce.login", (
        done.stderr
    )
