"""Serves a Keystone at 127.0.0.1:$KEYSTONE_PORT, with the configuration that $OS_KEYSTONE_CONFIG_FILES names."""

import os

from cheroot import wsgi
from keystone.server.wsgi import initialize_public_application

keystone = initialize_public_application()


def application(environ, start_response):
    """Keystone, with a line for each request, by which tests count what it was asked."""
    print(environ["REQUEST_METHOD"], environ["PATH_INFO"], flush=True)
    return keystone(environ, start_response)


address = ("127.0.0.1", int(os.environ["KEYSTONE_PORT"]))
wsgi.Server(address, application, numthreads=4).safe_start()
