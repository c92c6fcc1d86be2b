"""What a program does with python-novaclient to open a server's consoles. Prints each answer as JSON.

nova.py SERVER
"""

import json
import os
import sys

from keystoneauth1 import loading, session
from novaclient import client


def log_in():
    names = ("auth_url", "username", "password", "project_name")
    given = {name: os.environ["OS_" + name.upper()] for name in names}
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    auth = loading.get_plugin_loader("password").load_from_options(**given, **domains)
    return session.Session(auth=auth, verify=os.environ["OS_CACERT"])


def main():
    logged_in = log_in()
    answers = {}
    for version in ("2.1", "2.5", "2.6", "2.79", "2.96"):
        nova = client.Client(version, session=logged_in)
        server = nova.servers.find(name=sys.argv[1])
        answers[version] = {
            "novnc": server.get_vnc_console("novnc"),
            "serial": server.get_serial_console("serial"),
            "spice-html5": server.get_spice_console("spice-html5"),
            "output": server.get_console_output(length=1),
        }
    print(json.dumps(answers))


main()
