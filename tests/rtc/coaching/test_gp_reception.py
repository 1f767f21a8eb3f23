"""The GP reception playbook on single utterances: what must fire, and what must not."""

import pytest

from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import load
from rtc.messages import Cue, Leg

PATIENT_CUES = [
    ("chest_pain", "I have had a tight pain across my chest for about an hour and I feel sick and sweaty"),
    ("chest_pain", "my husband has got chest pains"),
    ("chest_pain", "I've got chess pain and it won't go away"),
    ("chest_pain", "there's a crushing feeling in my chest"),
    ("chest_pain", "no I have chest pain"),
    ("chest_pain", "No, chest pain."),
    ("chest_pain", "it's not my stomach, it's a pain in my chest"),
    ("chest_pain", "I don't have a temperature but my chest is really tight"),
    ("chest_pain", "I've never had chest pain like this before"),
    ("chest_pain", "I can't get rid of this chest pain"),
    ("chest_pain", "I'm not feeling well, I've got a heavy feeling in my chest"),
    ("chest_pain", "it feels like an elephant on my chest"),
    ("chest_pain", "I think he is having a heart attack"),
    ("chest_pain", "the pain won't stop, it's in my chest"),
    ("chest_pain", "tight chest, no cough"),
    ("chest_pain", "I have a tight pain. Across my chest."),
    ("chest_pain", "it feels like somebody's parked a car on my breastbone"),
    ("chest_pain", "me chest's dead tight"),
    ("stroke", "I think my mum is having a stroke"),
    ("stroke", "his face has dropped on one side"),
    ("stroke", "her speech is all slurred"),
    ("stroke", "his words are coming out all wrong"),
    ("stroke", "I can't lift my right arm"),
    ("stroke", "my left side has gone numb"),
    ("breathing", "I can't breathe"),
    ("breathing", "she is struggling to breathe"),
    ("breathing", "he can't catch his breath"),
    ("breathing", "the baby is not breathing"),
    ("breathing", "I'm really short of breath"),
    ("breathing", "her lips have gone blue"),
    ("breathing", "I'm having trouble with my breathing"),
    ("bleeding", "the bleeding won't stop"),
    ("bleeding", "he is bleeding really badly"),
    ("bleeding", "my nose has been bleeding for an hour and it won't stop"),
    ("bleeding", "I've cut my finger and it won't stop bleeding"),
    ("bleeding", "I'm losing a lot of blood"),
    ("bleeding", "there's blood everywhere"),
    ("bleeding", "I have been vomiting blood"),
    ("anaphylaxis", "my throat is closing up"),
    ("anaphylaxis", "his tongue has swollen up"),
    ("anaphylaxis", "I've been stung and my throat feels tight"),
    ("anaphylaxis", "I think it's an allergic reaction"),
    ("sepsis", "the rash doesn't fade when I press it"),
    ("sepsis", "he hasn't had a wee all day"),
    ("unresponsive", "she's gone all floppy"),
    ("sepsis", "I can't stop shivering"),
    ("sepsis", "could it be sepsis"),
    ("self_harm", "I want to kill myself"),
    ("self_harm", "I don't want to be here any more"),
    ("self_harm", "I can't go on like this"),
    ("self_harm", "I have been hurting myself again"),
    ("overdose", "I've taken an overdose"),
    ("self_harm", "there's no point in living"),
    ("self_harm", "I don't see the point any more"),
    ("card_number", "My card number is five five five five, three four one two."),
    ("card_number", "My card number is 5555 3412"),
    ("card_number", "my card number is 5553-4-12"),
    ("card_number", "My guard number is 555-534"),
    ("card_number", "it's four five four three, double one two two, nine zero one two"),
    ("card_number", "shall I give you my card details"),
    ("card_number", "shall I read out the long number"),
    ("data_request", "I would like a copy of my medical records"),
    ("data_request", "can you delete my data please"),
    ("data_request", "I want all my records deleted"),
    ("data_request", "what information do you hold on me"),
    ("data_request", "I want to make a subject access request"),
    ("recording_question", "Are you recording this call by the way?"),
    ("recording_question", "is this call being recorded"),
    ("recording_question", "am I talking to a computer"),
    ("third_party", "I'm calling about my mum"),
    ("third_party", "I'm ringing on behalf of my neighbour"),
    ("third_party", "can I get my husband's test results"),
    ("complaint", "I want to make a complaint"),
    ("complaint", "this is absolutely disgusting"),
    ("complaint", "your receptionist was really rude to me"),
    ("complaint", "nobody called me back"),
    ("complaint", "I'm not happy with how I was spoken to"),
    ("price", "how much do you charge for a hygienist appointment"),
    ("price", "by how much you've charged for a hygienist appointment."),
    ("price", "is there a fee for the letter"),
    ("price", "what does it cost"),
    ("price", "do I have to pay for that"),
]

PATIENT_SILENT = [
    "I don't have any pain or swelling, it's only a clean",
    "good i don't have any pain or swelling it's only a clean",
    "no chest pain",
    "I don't have chest pain",
    "there isn't any pain in my chest",
    "I have never had a heart attack",
    "I've had no chest pain, no breathlessness and no bleeding",
    "he hasn't got any chest pain or trouble breathing",
    "I don't think I have chest pain",
    "without any chest pain",
    "I can't feel any pain in my chest",
    "it isn't bleeding heavily",
    "I had a chest infection last month",
    "I need the results of my chest x-ray and my knee hurts",
    "my son has a chess club on Thursday and his knee hurts",
    "I have a pain in my knee",
    "my back pain is killing me",
    "this queue is killing me",
    "Hello, I would like to make an appointment for my knee, it has been sore for two weeks.",
    "It's Helen Ward, the ninth of June nineteen seventy one.",
    "Fourteen Mill Lane.",
    "my phone number is 07700 900 123",
    "oh seven seven double oh, nine double oh, one two three",
    "It's Helen Ward, 9 June 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19",
    "I need a blood test and a repeat prescription",
    "my blood pressure is fine",
    "can I have a sick note for work",
    "I would like to see the nurse about my ears",
    "I missed my appointment card",
    "it says so in my medical records",
    "did the doctor record my blood pressure",
    "can I have a copy of my prescription",
    "my mum used to come here",
    "I will do.",
    "No, that's all, goodbye.",
    "how much pain relief can I take",
    "how much water should I drink",
    "I'm not suicidal",
    "I had a stroke in 2019",
    "my dad had a heart attack years ago",
    "my chest is fine it's my back that hurts",
    "I stopped breathing exercises",
    "can I speak to the practice manager",
    "my reference number is two three four five six seven eight nine",
    "my ankles are swollen",
    "my eyes are swollen from hay fever",
    "it stopped bleeding after a minute",
    "I haven't been bleeding since Tuesday",
    "could you put me through to the district nurses",
    "my daughter fell over and grazed her knee",
    "the number is oh one one three two seven eight double four one nine",
    "I have an appointment at ten past four",
    "my tooth broke but it doesn't hurt",
    "I was so confused about the text you sent",
    "can I go on Tuesday",
    "I can't get an appointment anywhere",
    "I couldn't get through on the phone",
    "Thank you, we will call them now.",
    "Yes, that would be perfect, thank you.",
    "is there a car park at the surgery",
    "is it free on Thursday",
    "what time does the practice close",
]

AGENT_CRITERIA = [
    ("greeting", "Good morning, Riverside Surgery, you're speaking with Tom."),
    ("own_name", "Good morning, Riverside Surgery, you're speaking with Tom."),
    ("own_name", "Good afternoon, Harbour Dental, this is Tom, how can I help?"),
    ("own_name", "Riverside Surgery, Tom speaking"),
    ("greeting", "Riverside Surgery, Tom speaking"),
    ("empathy", "I'm sorry to hear that. Is the pain there right now?"),
    ("emergency_redirect", "You need to hang up and call nine nine nine now."),
    ("emergency_redirect", "You need to hang up and call 999 now. Is somebody with you?"),
    ("emergency_redirect", "Please ask her to call my 99 straight away."),
    ("emergency_redirect", "you need to dial 9-9-9"),
    ("emergency_redirect", "I'm going to send an ambulance"),
    ("secure_payment", "Please stop there, don't read your card out to me. I will send you a secure payment link."),
    ("secure_payment", "Don't read your card."),
    ("recap", "So that's Thursday at half past nine with Doctor Evans."),
    ("recap", "Lovely, that's booked for Monday at two o'clock."),
    ("safety_net", "If it gets worse before then, please ring us back or call one one one."),
    ("anything_else", "Is there anything else I can help you with?"),
]

AGENT_FLAGS = [
    ("clinical_reassurance", "it's probably nothing serious"),
    ("clinical_reassurance", "I'm sure it's fine"),
    ("clinical_reassurance", "that can wait until next week"),
    ("diagnosis", "it sounds like a water infection to me"),
    ("diagnosis", "it's probably just a virus"),
    ("clinical_advice", "take some paracetamol and rest"),
    ("clinical_advice", "you should stop taking your tablets"),
    ("card_digits_requested", "can you read me the long card number"),
    ("card_digits_requested", "what's your card number"),
    ("card_digits_requested", "can I take your card details"),
    ("card_digits_requested", "can I take the number across the front of your card"),
]

AGENT_CLEAN = [
    "I can't say that it's nothing serious",
    "are you taking any paracetamol",
    "do you take aspirin",
    "don't read your card out to me",
    "please don't give me your card number",
    "Is the pain there right now?",
    "have you got chest pain or trouble breathing",
    "is Thursday all right for you",
    "you will be fine to come in at nine",
    "the nurse said you can take paracetamol",
    "have a look at your calendar",
    "sounds like you need to see someone today",
    "I'm sure the doctor will call you",
    "It's sixty five pounds for a new patient, and a check up is forty five.",
    "I will let the duty doctor know.",
    "No, we don't record calls. A computer helps me during the call and the sound is thrown away straight afterwards.",
    "can I take your full name and date of birth please",
    "don't worry, I'll get the doctor to call you",
]


def fired(leg: Leg, text: str) -> set[str]:
    coach = Coach(load("gp-reception"))
    return {one.label for one in coach.hear(Heard("u1", leg, text, True, 1.0, 4.0)) if isinstance(one, Cue)}


@pytest.mark.parametrize(("label", "text"), PATIENT_CUES)
def test_patient_words_raise_their_cue(label: str, text: str) -> None:
    assert label in fired("patient", text)


@pytest.mark.parametrize("text", PATIENT_SILENT)
def test_everyday_and_denied_words_raise_nothing(text: str) -> None:
    assert fired("patient", text) == set()


@pytest.mark.parametrize("text", [text for _, text in PATIENT_CUES if "card" not in text])
def test_the_agent_saying_it_raises_nothing(text: str) -> None:
    assert fired("agent", text) == set()


@pytest.mark.parametrize(("criterion", "text"), AGENT_CRITERIA)
def test_agent_words_meet_their_criterion(criterion: str, text: str) -> None:
    coach = Coach(load("gp-reception"))
    coach.hear(Heard("p1", "patient", "I have chest pain, and my card number is 5555 3412", True, 0.0, 2.0))
    coach.hear(Heard("a0", "agent", "I can book you in for Monday.", True, 2.0, 3.0))
    coach.hear(Heard("a1", "agent", text, True, 3.0, 6.0))
    assert criterion in {row.criterion for row in coach.checklist_states if row.state == "met"}


@pytest.mark.parametrize(("code", "text"), AGENT_FLAGS)
def test_agent_words_raise_their_flag(code: str, text: str) -> None:
    coach = Coach(load("gp-reception"))
    coach.hear(Heard("a1", "agent", text, True, 3.0, 6.0, 0.9))
    assert code in {flag.code for flag in coach.finish(60.0, 1.0).flags}


@pytest.mark.parametrize("text", AGENT_CLEAN)
def test_agent_words_that_are_no_fault_raise_no_flag(text: str) -> None:
    coach = Coach(load("gp-reception"))
    assert not [one for one in coach.hear(Heard("a1", "agent", text, True, 3.0, 6.0, 0.9)) if isinstance(one, Cue)]
    assert coach.finish(60.0, 1.0).flags == []


def test_nothing_is_held_against_the_agent_on_badly_heard_words() -> None:
    coach = Coach(load("gp-reception"))
    coach.hear(Heard("a1", "agent", "it's probably nothing serious", True, 3.0, 6.0, 0.2))
    assert coach.finish(60.0, 1.0).flags == []


def test_an_nhs_number_after_the_agent_asked_for_it_is_no_card() -> None:
    coach = Coach(load("gp-reception"))
    coach.hear(Heard("a1", "agent", "What's your NHS number?", True, 1.0, 2.0))
    assert (
        coach.hear(Heard("p1", "patient", "it's four eight five, seven seven seven, three four five six", True, 3, 6))
        == []
    )


def test_card_digits_in_pieces_after_talk_of_a_card() -> None:
    coach = Coach(load("gp-reception"))
    coach.hear(Heard("p1", "patient", "I have my visa here", True, 1.0, 2.0))
    cues = coach.hear(Heard("p2", "patient", "four five four three", True, 3.0, 5.0))
    assert [cue.label for cue in cues if isinstance(cue, Cue)] == ["card_number"]


def test_every_card_can_be_read_at_a_glance_and_the_weights_are_whole() -> None:
    playbook = load("gp-reception")
    assert len(playbook.triggers) == 17
    assert len(playbook.criteria) == 14
    assert {trigger.lane for trigger in playbook.triggers.values()} == {"safety", "compliance", "coach"}
    assert sum(criterion.weight for criterion in playbook.criteria.values()) == 100
