"""The role ``serve`` towards its clients: routes, answers, problems."""
