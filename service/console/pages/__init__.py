"""One module for each page: its route, and what its template is shown."""
