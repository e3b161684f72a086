"""``python -m sandbox --port 4600 [--data DIR] [--generation ID]``."""

import argparse
import sys
from pathlib import Path

from sandbox.server import HOST, bind, create_app, serve
from sandbox.state import start


def main() -> int:
    arguments = _arguments()
    try:
        listener = bind(arguments.port)
    except OSError as error:
        sys.stderr.write(f"sandbox: port {arguments.port} cannot be used: {error.strerror}\n")
        return 1
    port = listener.getsockname()[1]
    base_url = arguments.public_url or f"http://{HOST}:{port}"
    state = start(base_url, arguments.data, arguments.generation)

    def ready() -> None:
        sys.stdout.write(f"sandbox ready at http://{HOST}:{port} generation {state.generation}\n")
        sys.stdout.flush()

    serve(create_app(state), listener, ready)
    if arguments.data is not None:
        state.save(arguments.data)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="Strict local accounting providers and an issuer."
    )
    parser.add_argument("--port", type=int, default=4600, help="loopback port; 0 picks a free one")
    parser.add_argument("--data", type=Path, help="folder that keeps the state between runs")
    parser.add_argument(
        "--generation", default="", help="load the kept state only if it is of this generation"
    )
    parser.add_argument(
        "--public-url", default="", help="the address clients use, if it is not the loopback one"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
