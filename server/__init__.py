"""HTTP, sign-in, signalling and storage: the only process that knows the database. It never sees sound or text."""
