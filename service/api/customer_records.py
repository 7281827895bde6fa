"""What a key needs to be shown accounts and files of single customers."""

from typing import Final

from fastapi import params

# Dependencies of every route that shows them; the one that asks for the scope read:customer goes here.
CUSTOMER_RECORDS: Final[tuple[params.Depends, ...]] = ()
