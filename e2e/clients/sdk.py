"""What a program does with openstacksdk to open a server's consoles. Prints each answer as JSON.

sdk.py SERVER
"""

import json
import sys

import openstack


def refusal(call):
    """The answer to a call that is to be refused."""
    try:
        return {"answer": str(call())}
    except openstack.exceptions.HttpException as error:
        return {"status": error.status_code, "message": error.details}
    except ValueError as error:
        return {"client": str(error)}


def at_default(name):
    compute = openstack.connect().compute
    server = compute.find_server(name, ignore_missing=False)
    granted = compute.create_server_remote_console(server, protocol="vnc", type="novnc")
    return {
        "servers": [server.name for server in compute.servers()],
        "novnc": compute.create_console(server, "novnc"),
        "serial": compute.create_console(server, "serial"),
        "spice-html5": compute.create_console(server, "spice-html5"),
        "remote_console": {"protocol": granted.protocol, "type": granted.type, "url": granted.url},
        "token": compute.validate_console_auth_token(granted.url.split("token=")[1].split("&")[0])
        .to_dict(computed=False)["instance_uuid"],
        "output": compute.get_server_console_output(server)["output"],
        "last line": compute.get_server_console_output(server, length=1)["output"],
        "webmks": refusal(lambda: compute.create_console(server, "webmks")),
        "xvpvnc": refusal(lambda: compute.create_console(server, "xvpvnc")),
        "rdp-html5": refusal(lambda: compute.create_console(server, "rdp-html5")),
    }


def at_2_5(name):
    compute = openstack.connect(compute_default_microversion="2.5").compute
    server = compute.find_server(name, ignore_missing=False)
    return {
        "novnc": compute.create_console(server, "novnc"),
        "serial": compute.create_console(server, "serial"),
        "spice-html5": compute.create_console(server, "spice-html5"),
        "by its old name": compute.get_server_console_url(server, "novnc"),
        "xvpvnc": refusal(lambda: compute.create_console(server, "xvpvnc")),
        "rdp-html5": refusal(lambda: compute.create_console(server, "rdp-html5")),
    }


def main():
    answers = {"default": at_default(sys.argv[1]), "2.5": at_2_5(sys.argv[1])}
    print(json.dumps(answers))


main()
