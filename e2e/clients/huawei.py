"""Makes calls with the unmodified SDK of Huawei Cloud and prints what came of each, as JSON.

The variable CALLS holds a JSON list of objects:

  endpoint   where the service is
  ak, sk     the access key
  project    the project's id; without it the SDK asks IAM at the same endpoint
  region     the region's name; needed without a project, and for `derived`
  derived    sign with a derived key (V11-HMAC-SHA256)
  headers    further headers
  call       remote_console, serial_console or console_output
  server     the server's id
  protocol, type, length    what to ask for
"""

import json
import os
import sys

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkecs.v2 import (
    EcsClient,
    GetServerRemoteConsoleOption,
    ShowSerialConsoleActionsRequest,
    ShowServerConsoleOutputRequest,
    ShowServerRemoteConsoleRequest,
    ShowServerRemoteConsoleRequestBody,
)


def client(call):
    credentials = BasicCredentials(call["ak"], call["sk"], call.get("project"))
    credentials.with_iam_endpoint(call["endpoint"])
    if call.get("derived"):
        credentials.with_derived_predicate(lambda request: True)
    config = HttpConfig.get_default_config()
    config.timeout = (5, 20)
    builder = EcsClient.new_builder().with_http_config(config).with_credentials(credentials)
    if "region" in call:
        # What the SDK's newer clients call for themselves.
        builder = builder._with_derived_auth_service_name("ecs")
        return builder.with_region(Region(call["region"], call["endpoint"])).build()
    return builder.with_endpoint(call["endpoint"]).build()


def invoke(call):
    ecs = client(call)
    server = call["server"]
    if call["call"] == "remote_console":
        option = GetServerRemoteConsoleOption(
            protocol=call.get("protocol", "vnc"), type=call.get("type", "novnc")
        )
        body = ShowServerRemoteConsoleRequestBody(remote_console=option)
        request = ShowServerRemoteConsoleRequest(server_id=server, body=body)
        invoker = ecs.show_server_remote_console_invoker(request)
    elif call["call"] == "serial_console":
        request = ShowSerialConsoleActionsRequest(server_id=server)
        invoker = ecs.show_serial_console_actions_invoker(request)
    else:
        request = ShowServerConsoleOutputRequest(server_id=server, length=call.get("length"))
        invoker = ecs.show_server_console_output_invoker(request)
    for name, value in call.get("headers", {}).items():
        invoker.add_header(name, value)
    return invoker.invoke()


def outcome(call):
    try:
        return {"answer": invoke(call).to_dict()}
    except ServiceResponseException as error:
        return {
            "error": {
                "kind": type(error).__name__,
                "status": error.status_code,
                "code": error.error_code,
                "message": error.error_msg,
                "request_id": error.request_id,
            }
        }
    except SdkException as error:
        return {"error": {"kind": type(error).__name__, "message": error.error_msg}}


json.dump([outcome(call) for call in json.loads(os.environ["CALLS"])], sys.stdout)
