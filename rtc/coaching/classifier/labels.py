"""What a turn can be found to mean. The names are those of the starter packs' cues, criteria and flags."""

from rtc.messages import Leg

SAFETY = (
    "chest_pain",
    "stroke",
    "breathing",
    "bleeding",
    "anaphylaxis",
    "sepsis",
    "unresponsive",
    "self_harm",
    "overdose",
    "safeguarding",
    "pregnancy_emergency",
)
PATIENT = (*SAFETY, "card_number", "data_request", "complaint", "price", "recording_question", "third_party")
"""Said by the patient, or whoever calls for them."""

AGENT = (
    "greeting",
    "own_name",
    "offer_help",
    "identity_check",
    "empathy",
    "emergency_redirect",
    "no_clinical_advice",
    "price_given",
    "secure_payment",
    "complaint_next_step",
    "recap",
    "safety_net",
    "anything_else",
    "close",
    "clinical_reassurance",
    "diagnosis",
    "clinical_advice",
    "card_digits_requested",
    "confidentiality_breach",
)
KNOWN_LABELS = frozenset((*PATIENT, *AGENT))

ASKED = tuple(f"?{name}" for name in SAFETY)
"""The agent asks about it."""

BY_LEG: dict[Leg, tuple[str, ...]] = {"patient": PATIENT, "agent": (*AGENT, *ASKED)}
"""Who says it is part of what it means: a label is never found on the other leg."""

ALL_LABELS = (*PATIENT, *AGENT, *ASKED)
