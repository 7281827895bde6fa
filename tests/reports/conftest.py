"""The databases of the tests of the API, and the client before them."""

from tests.api.conftest import client, reader, seeded, seeder, settings, stored

__all__ = ["client", "reader", "seeded", "seeder", "settings", "stored"]
