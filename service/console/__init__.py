"""The console: pages for people, rendered here, with everything they load packaged beside."""
