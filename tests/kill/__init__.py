"""The kill test: consumers die, freeze, come and go, and the ledger is as if nothing had happened."""
