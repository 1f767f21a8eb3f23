"""Media time in a live call: advice that waits for a pause, absence by a deadline, and the pause for card numbers."""

from textwrap import dedent

from rtc.coaching.playbook import Playbook, parse
from rtc.messages import SAMPLE_RATE, Cue, SupervisorAlert
from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.vad import Silero
from tests.support import sounds
from tests.support.sounds import pcm_of
from tests.support.speech import Line, pcm, plan, scheduling

PLAYBOOK = """
    name: ticking
    title: Ticking
    version: 1
    language: en-GB
    country: GB
    emergency_number: "999"
    min_duration_s: 0
    min_coverage: 0
    conditions:
      hello: {leg: agent, phrases: [good morning]}
      no_hello: {leg: agent, absent: {conditions: [hello], by_s: 6}}
      pain: {leg: patient, phrases: ["pain ... chest", "across my chest"]}
      quiet: {leg: any, silence: {at_least_s: 4}}
    triggers:
      no_hello: {lane: compliance, conditions: [no_hello], title: Greet, say: Good morning,
        actions: [supervisor_alert]}
      pain: {lane: compliance, conditions: [pain], title: Stop, say: Stop, actions: [cue_card, pause_analysis]}
      quiet: {lane: coach, conditions: [quiet], title: Quiet, say: Still there?}
    criteria:
      hello: {label: Hello, weight: 100, met_by: [hello]}
    flags:
      quiet: {severity: minor, about: process, raised_by: [no_hello]}
"""


def ticking() -> Playbook:
    return parse(dedent(PLAYBOOK))


async def test_a_call_in_which_nobody_speaks(recognizer: WhisperRecognizer, network: Silero) -> None:
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan(), playbook=ticking())
        await line.play({"agent": pcm_of(sounds.silence(8)), "patient": pcm_of(sounds.silence(8))})
    (quiet,) = line.of(Cue)
    assert quiet.label == "quiet"
    assert 4.0 <= quiet.at <= 5.3
    assert line.alerts == [SupervisorAlert("call", "compliance")], (
        "no greeting by the sixth second; no card is asked for"
    )


async def test_a_greeting_that_is_recognised_late_is_in_time(recognizer: WhisperRecognizer, network: Silero) -> None:
    """The agent greets in the first seconds; the deadline waits for the words."""
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan(), playbook=ticking())
        await line.play({"agent": pcm("chest_pain.agent")[: 10 * 2 * SAMPLE_RATE]})
    assert line.alerts == []


async def test_while_a_card_number_is_read_the_caller_is_not_heard(
    recognizer: WhisperRecognizer, network: Silero
) -> None:
    """The trigger here is another; what counts is that its pause wipes sound unheard, and that the call goes on."""
    sound = pcm("chest_pain.patient")
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan(), playbook=ticking(), pause_s=4.0)
        await line.play({"patient": sound})
        closed = await line.call.finish(30.0)
    assert "pain" in line.cues
    assert line.paused == ["patient"]
    heard = [one for one in line.finals("patient") if one.text]
    cue = next(one for one in line.of(Cue) if one.label == "pain")
    assert not [one for one in heard if cue.at + 1.0 < one.start < cue.at + 4.0]
    assert any(one.start > cue.at + 5.0 for one in heard), "and then the caller is heard again"
    assert closed.wiped.blank
    assert closed.wiped.samples_wiped == closed.wiped.samples_in <= len(sound) // 2 - 3 * SAMPLE_RATE
