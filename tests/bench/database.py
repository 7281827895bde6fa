"""How PostgreSQL is set for the benches of the whole service: as for a machine of this size, durable as ever.

With the server's own settings (128 MB of buffers, 1 GB of log between its checkpoints) pages that are written every few
seconds go to disk whole after each of the server's checkpoints, and that is every minute at this load.
"""

from typing import Final

SETTINGS: Final = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "lz4",
}
