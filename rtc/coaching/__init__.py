"""What a call means to a receptionist: cues, checklist, score. Pure: text in, structs out; nothing is stored.

Text lives only inside one `Coach` (see coach.py), in memory, and is dropped when the call is scored.
"""
