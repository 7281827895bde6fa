"""The databases of the tests of the API: what is shown here is what it answers."""

from tests.api.conftest import seeded, seeder, settings

__all__ = ["seeded", "seeder", "settings"]
