"""A process that starts an embedded part and then waits to be killed.

``python -m tests.embedded.owner broker|postgres [FOLDER]`` prints one line of JSON when it is up.
"""

import asyncio
import json
import sys
from pathlib import Path

from service.embedded.broker import EmbeddedBroker
from service.embedded.postgres import EmbeddedPostgres


async def main() -> None:
    part = EmbeddedBroker() if sys.argv[1] == "broker" else _postgres()
    await part.start()
    where = part.bootstrap if isinstance(part, EmbeddedBroker) else part.dsn
    sys.stdout.write(json.dumps({"pid": part.pid, "where": where}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _postgres() -> EmbeddedPostgres:
    return EmbeddedPostgres(folder=Path(sys.argv[2]) if len(sys.argv) > 2 else None)


if __name__ == "__main__":
    asyncio.run(main())
