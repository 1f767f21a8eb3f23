"""One call: media in, cues and a score out. No HTTP, no database, no law."""
