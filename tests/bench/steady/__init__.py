"""The whole service at its rated load: consume, settle and serve beside a producer that keeps real time."""
