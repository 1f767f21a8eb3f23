"""One adapter per recognition engine."""
