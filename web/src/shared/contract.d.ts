// Printed from the structs in rtc/messages.py and server/*/schemas.py by `python -m server.typescript`.
// Do not edit: change the struct and print again; tests/test_typescript.py fails when the two differ.

/** One row of the agent's checklist; `weight` is its share of the score in points of 100. */
export interface ChecklistItem {
  readonly criterion: string;
  readonly label: string;
  readonly weight: number;
}

/** First message on the channel. `analysed` is false when the patient asked to be put through without it. */
export interface Hello {
  readonly type: "hello";
  readonly call_id: string;
  readonly analysed: boolean;
  readonly playbook: string;
  readonly checklist: readonly ChecklistItem[];
}

/** Words heard on one leg. A later caption with the same `id` replaces it; `final` ends that id. */
export interface Caption {
  readonly type: "caption";
  readonly id: string;
  readonly leg: "agent" | "patient";
  readonly text: string;
  readonly final: boolean;
  readonly start: number;
  readonly end: number;
}

/** A card for the agent. `id` is idempotent: a repeat of a known id is the same cue. `at` is media time. */
export interface Cue {
  readonly type: "cue";
  readonly id: string;
  readonly lane: "coach" | "compliance" | "safety";
  readonly label: string;
  readonly title: string;
  readonly say: string;
  readonly do_not_say: string | null;
  readonly leg: "agent" | "patient";
  readonly at: number;
  readonly ttl_s: number | null;
  readonly needs_ack: boolean;
}

/** A criterion changed state. `utterances`: ids of the captions whose words did it, for the page to quote them. */
export interface Checklist {
  readonly type: "checklist";
  readonly criterion: string;
  readonly state: "insufficient" | "met" | "not_applicable" | "not_met" | "open" | "partly_met";
  readonly utterances: readonly string[];
}

/** Where the sound of this call is right now. Counts are of 20 ms frames, both legs, since the call began. */
export interface Pipeline {
  readonly type: "pipeline";
  readonly stage: "analyse" | "keep" | "live" | "purge";
  readonly buffered_ms: number;
  readonly oldest_sample_ms: number;
  readonly frames_in: number;
  readonly frames_wiped: number;
}

/** To both pages: whether this call is listened to, as media does it. The channel is unordered: of two messages the one with the higher `number` is true. */
export interface Listening {
  readonly type: "listening";
  readonly number: number;
  readonly state: "declined" | "on" | "paused" | "stopped";
  readonly since: string;
  readonly by: "agent" | "patient" | null;
  readonly held: boolean;
}

/** Evidence without content (mission: no words, no names): how often, which side, in which 10 s bucket first. */
export interface CriterionResult {
  readonly criterion: string;
  readonly label: string;
  readonly weight: number;
  readonly state: "insufficient" | "met" | "not_applicable" | "not_met" | "open" | "partly_met";
  readonly hits: number;
  readonly leg: "agent" | "patient" | null;
  readonly first_bucket: number | null;
  readonly points: number | null;
  readonly option: string | null;
  readonly reason: string | null;
  readonly automatic_fail: "candidate" | "confirmed" | "none";
}

/** About the agent's conduct, the process or the system; never about the patient's condition. */
export interface Flag {
  readonly code: string;
  readonly severity: "critical" | "major" | "minor";
  readonly about: "conduct" | "process" | "system";
}

/** `total` is 0 to 100 over the criteria that applied, None when the call was not scored (`reason` says why). */
export interface Scorecard {
  readonly type: "scorecard";
  readonly total: number | null;
  readonly reason: string | null;
  readonly coverage: number;
  readonly criteria: readonly CriterionResult[];
  readonly flags: readonly Flag[];
  readonly automatic_fail: "candidate" | "confirmed" | "none";
}

/** Something the agent must know about the system, in words for people. Stable `code`s: */
export interface Notice {
  readonly type: "notice";
  readonly code: string;
  readonly severity: "error" | "info" | "warning";
  readonly text: string;
}

/** A stretch in which nothing was listened to (`hold`), or not to the patient (`card_number`). Whole seconds of media time; it may have gone on until the end of the call. */
export interface Pause {
  readonly reason: "card_number" | "hold";
  readonly from_s: number;
  readonly to_s: number;
}

/** What the kernel forbade a process, by its own `SandboxState`. `unproven`: it has not told. */
export interface Confinement {
  readonly process: "media" | "speech";
  readonly state: "enforced" | "unproven" | "weaker";
  readonly weaker: readonly string[];
}

/** What became of the sound of one call, both legs, since it was bridged. */
export interface PurgeReceipt {
  readonly call_id: string;
  readonly frames_in: number;
  readonly bytes_in: number;
  readonly frames_heard: number;
  readonly frames_wiped: number;
  readonly oldest_sample_ms: number;
  readonly oldest_in_media_ms: number;
  readonly wipe_ms: number | null;
  readonly wiped_at: string;
  readonly complete: boolean;
  readonly stopped_by: "agent" | "patient" | null;
  readonly stopped_at_s: number | null;
  readonly pauses: readonly Pause[];
  readonly confinement: readonly Confinement[];
  readonly engines: Readonly<Record<string, string>>;
  readonly hash: string;
}

/** The last message of a call: what the agent's page shows is what is stored. */
export interface Purged {
  readonly type: "purged";
  readonly receipt: PurgeReceipt;
}

/** The page is alive: once a second, from either side's page. */
export interface Ping {
  readonly type: "ping";
}

/** What became of a card, from the agent's page: the card's id and one of our words, nothing else. */
export interface CueFeedback {
  readonly type: "cue_feedback";
  readonly cue: string;
  readonly choice: "acknowledged" | "done" | "later" | "not_relevant" | "shown";
}

/** From either side: nothing of this call is listened to from now on. There is no way back but a new call. */
export interface StopListening {
  readonly type: "stop_listening";
}

/** From the agent's page. `value` false: talk again. */
export interface Hold {
  readonly type: "hold";
  readonly value: boolean;
}

/** From the agent's page: the card number is over. Ends that pause and nothing else. */
export interface ResumeListening {
  readonly type: "resume_listening";
}

export interface PracticeName {
  readonly id: string;
  readonly name: string;
}

/** Who is signed in. */
export interface Me {
  readonly person_id: string;
  readonly name: string;
  readonly email: string;
  readonly practice: PracticeName;
  readonly roles: readonly ("admin" | "agent" | "dpo" | "manager")[];
}

/** `analyse` false: the patient asked to be put through without analysis. */
export interface PlaceCall {
  readonly analyse: boolean;
}

/** `token` proves to later requests that they come from this caller. Shown once. */
export interface PlacedCall {
  readonly call_id: string;
  readonly token: string;
}

/** A browser's session description, type offer (RFC 8866, RFC 9429). */
export interface Offer {
  readonly sdp: string;
}

/** An RTCIceServer, with credentials that end by themselves. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

/** Empty unless this installation has TURN servers of its own. */
export interface IceServers {
  readonly ice_servers: readonly IceServer[];
}

/** The call this agent is in, for a page that was reloaded. */
export interface CurrentCall {
  readonly call_id: string;
  readonly line: string;
  readonly since: string;
  readonly analyse: boolean;
}

/** What this agent is doing now. `call` is None between calls. */
export interface Present {
  readonly call: CurrentCall | null;
}

/** The session description of type answer. */
export interface Answer {
  readonly sdp: string;
}

/** A caller is waiting. `since` is UTC, RFC 3339. */
export interface Ring {
  readonly type: "ring";
  readonly call_id: string;
  readonly line: string;
  readonly since: string;
}

export interface RingStopped {
  readonly type: "ring_stopped";
  readonly call_id: string;
  readonly reason: "abandoned" | "answered";
}

/** About the call this agent answered. `interrupted`: the caller's connection was lost and is waited for, until `connected` or `ended`. `by` says who ended it. */
export interface AgentCallState {
  readonly type: "call_state";
  readonly call_id: string;
  readonly state: "connected" | "ended" | "interrupted";
  readonly by: "agent" | "patient" | "server" | null;
}

/** Whether calls ring here, as the server sees it. */
export interface Presence {
  readonly type: "presence";
  readonly available: boolean;
}

export interface Pong {
  readonly type: "pong";
}

/** For managers: a colleague's call may need them. `lane` says how urgent it is; what is the matter is not told. */
export interface HelpWanted {
  readonly type: "help_wanted";
  readonly call_id: string;
  readonly agent: string;
  readonly line: string;
  readonly lane: "coach" | "compliance" | "safety";
}

export interface Available {
  readonly type: "available";
  readonly value: boolean;
}

/** First message of the caller's page. */
export interface Join {
  readonly type: "join";
  readonly token: string;
}

/** `interrupted`: reception's connection was lost and is waited for, until `answered` or `ended`. */
export interface CallerCallState {
  readonly type: "call_state";
  readonly state: "answered" | "ended" | "interrupted" | "ringing";
  readonly by: "agent" | "patient" | "server" | null;
}

/** How many cards met each fate. `acknowledged` takes the place of `done` for cards that must be acknowledged. */
export interface CueAnswers {
  readonly done: number;
  readonly acknowledged: number;
  readonly not_relevant: number;
  readonly later: number;
}

/** One trigger of one version of a playbook. `answers` is None while too few cards were shown to say anything: about the trigger, or without saying it about one person. */
export interface CueUse {
  readonly playbook: string;
  readonly playbook_own: boolean;
  readonly playbook_version: number;
  readonly trigger: string;
  readonly shown: number;
  readonly answers: CueAnswers | null;
}

/** The triggers that have shown a card, those of the newest version first. `fewest`: from how many cards on there are answers. */
export interface CuesInUse {
  readonly items: readonly CueUse[];
  readonly fewest: number;
}

/** One that ships with ClinixCue. `cases`: how many sentences and calls come with it. */
export interface StarterPlaybook {
  readonly name: string;
  readonly title: string;
  readonly version: number;
  readonly language: string;
  readonly country: string;
  readonly cases: number;
}

/** A playbook of the practice. `version` is the one that calls get: None before the first, and when archived. */
export interface PlaybookRow {
  readonly id: string;
  readonly name: string;
  readonly state: "archived" | "draft" | "published";
  readonly version: number | null;
  readonly published_at: string | null;
  readonly published_by: string | null;
  readonly has_draft: boolean;
}

/** Which playbook the next call on a line gets. `own`: the practice's; else ours. `version` None: there is none. */
export interface LineUse {
  readonly id: string;
  readonly line: string;
  readonly monitor: boolean;
  readonly playbook: string;
  readonly own: boolean;
  readonly version: number | null;
}

/** Everything a manager chooses from. */
export interface Playbooks {
  readonly playbooks: readonly PlaybookRow[];
  readonly starters: readonly StarterPlaybook[];
  readonly lines: readonly LineUse[];
}

/** `line` counts from 1 in the file that `where` names: the playbook, the practice's own cases, or the starter's. */
export interface Fault {
  readonly where: "cases" | "playbook" | "starter";
  readonly line: number;
  readonly place: string;
  readonly reason: string;
}

/** What is being written. `faults`: what is wrong with it; empty when it can be run and published. */
export interface Draft {
  readonly source: string;
  readonly cases: string;
  readonly starter_cases: boolean;
  readonly revision: number;
  readonly saved_at: string;
  readonly saved_by: string;
  readonly faults: readonly Fault[];
}

/** Never changes. `cases_right` of `cases_run` came out as expected when it was published. */
export interface PublishedVersion {
  readonly number: number;
  readonly published_at: string;
  readonly published_by: string;
  readonly starter_cases: boolean;
  readonly cases_run: number;
  readonly cases_right: number;
}

/** One playbook of the practice in full, newest version first. Its lines: those that name it. */
export interface PracticePlaybook {
  readonly id: string;
  readonly name: string;
  readonly state: "archived" | "draft" | "published";
  readonly starter: string | null;
  readonly draft: Draft | null;
  readonly versions: readonly PublishedVersion[];
  readonly lines: readonly string[];
}

/** The text of a published version. */
export interface VersionText {
  readonly number: number;
  readonly source: string;
  readonly cases: string;
}

/** Begin a draft: as a copy of a starter playbook, under its own or another name, or with a file (`source`). */
export interface NewPlaybook {
  readonly starter: string | null;
  readonly name: string | null;
  readonly source: string | null;
}

/** Begin a draft as a copy of this version. */
export interface NewDraft {
  readonly number: number;
}

/** Replace the draft. `revision`: of the draft this was made from. */
export interface DraftText {
  readonly source: string;
  readonly cases: string;
  readonly starter_cases: boolean;
  readonly revision: number;
}

/** Publish the draft as it was seen, at this revision. */
export interface Publication {
  readonly revision: number;
}

/** Name of a starter playbook, or of one that the practice has published. */
export interface LinePlaybook {
  readonly playbook: string;
}

/** `done` of `of` cases were heard. */
export interface RunProgress {
  readonly type: "progress";
  readonly done: number;
  readonly of: number;
}

/** How one cue, criterion or flag did on the sentences. Ratios are None where there is nothing to divide by. */
export interface LabelResult {
  readonly label: string;
  readonly kind: "absent" | "criterion" | "cue" | "flag";
  readonly safety: boolean;
  readonly expected: number;
  readonly found: number;
  readonly false_alarms: number;
  readonly precision: number | null;
  readonly recall: number | null;
}

/** A case that did not come out as it should. `blocks`: while it is so, the draft is not published. */
export interface CaseFinding {
  readonly what: "another state" | "false alarm" | "missed";
  readonly label: string;
  readonly case: string;
  readonly own: boolean;
  readonly line: number;
  readonly text: string;
  readonly why: string;
  readonly blocks: boolean;
  readonly as_ours: boolean;
}

/** What came of all cases. */
export interface CaseRun {
  readonly type: "run";
  readonly sentences: number;
  readonly calls: number;
  readonly right: number;
  readonly macro_f1: number | null;
  readonly labels: readonly LabelResult[];
  readonly criteria: number;
  readonly criteria_right: number;
  readonly findings: readonly CaseFinding[];
  readonly unlisted: number;
  readonly blocking: number;
  readonly left_out: readonly string[];
  readonly untested: readonly string[];
}

/** The draft has faults, or the run was stopped. */
export interface CannotRun {
  readonly type: "cannot_run";
  readonly faults: readonly Fault[];
}

/** What a caller's page shows before a call. `open`: a call can be taken right now. */
export interface Line {
  readonly practice: string;
  readonly line: string;
  readonly emergency_number: string;
  readonly open: boolean;
}

/** The link of the line that rings no person. */
export interface MonitoringLine {
  readonly link: string;
}

/** What this practice's callers and receptionists say: clinicians, streets, hospitals, medicines. No patient's name. */
export interface PracticeWords {
  readonly words: readonly string[];
}

/** Who answered: a person, or for monitoring calls a service account. */
export interface Answerer {
  readonly id: string;
  readonly name: string;
}

/** One line of the list. `total` is 0 to 100, None when the call was not scored (`reason` says why). */
export interface EvaluationRow {
  readonly id: string;
  readonly call_id: string;
  readonly agent: Answerer;
  readonly started_at: string;
  readonly duration_s: number;
  readonly playbook: string;
  readonly playbook_version: number;
  readonly playbook_own: boolean;
  readonly total: number | null;
  readonly reason: string | null;
  readonly coverage: number;
  readonly flags: number;
  readonly state: "acknowledged" | "in_review" | "revised" | "submitted" | "upheld";
  readonly revised_total: number | null;
  readonly automatic_fail: "candidate" | "confirmed" | "none";
}

/** `next`: ask again with `before` set to this; None at the end. `in_review`: how many wait for a decision. */
export interface EvaluationPage {
  readonly items: readonly EvaluationRow[];
  readonly next: string | null;
  readonly in_review: number;
}

/** What agent and manager said about a score, in codes. `code`: a ContestReason, UpheldReason or RevisedReason. */
export interface ReviewStep {
  readonly kind: "acknowledged" | "contested" | "fail_confirmed" | "fail_dismissed" | "revised" | "upheld";
  readonly criterion: string | null;
  readonly code: string | null;
  readonly state: "met" | "not_applicable" | "not_met" | null;
  readonly by: string;
  readonly at: string;
}

/** One evaluation in full. */
export interface Evaluation {
  readonly id: string;
  readonly call_id: string;
  readonly agent: Answerer;
  readonly started_at: string;
  readonly duration_s: number;
  readonly playbook: string;
  readonly playbook_version: number;
  readonly playbook_own: boolean;
  readonly total: number | null;
  readonly reason: string | null;
  readonly coverage: number;
  readonly flags: readonly Flag[];
  readonly criteria: readonly CriterionResult[];
  readonly receipt: PurgeReceipt;
  readonly state: "acknowledged" | "in_review" | "revised" | "submitted" | "upheld";
  readonly revised_total: number | null;
  readonly automatic_fail: "candidate" | "confirmed" | "none";
  readonly review: readonly ReviewStep[];
}

/** A call without a complete purge receipt. `missing`: the process that would have written it is gone. */
export interface PurgeAlert {
  readonly call_id: string;
  readonly evaluation_id: string | null;
  readonly started_at: string;
  readonly reason: "incomplete" | "missing";
}

/** The newest first, of the last `days` days. */
export interface PurgeAlerts {
  readonly items: readonly PurgeAlert[];
  readonly days: number;
}

/** An agent contests one criterion of their own call. Once for each. */
export interface Contest {
  readonly criterion: string;
  readonly reason: "bad_connection" | "did_not_apply" | "done_without_words" | "misheard" | "other_speaker" | "said_differently" | "something_urgent";
}

/** The manager's answer: the result stays. */
export interface Upheld {
  readonly outcome: "upheld";
  readonly criterion: string;
  readonly rationale: "cannot_be_told" | "evidence_stands" | "needed_here_too";
}

/** The manager's answer: the criterion is now `state`, and the total follows. The first result stays in sight. */
export interface Revised {
  readonly outcome: "revised";
  readonly criterion: string;
  readonly rationale: "account_accepted" | "did_not_apply" | "recognition_at_fault" | "rule_at_fault";
  readonly state: "met" | "not_applicable" | "not_met";
}

/** The manager's answer to a candidate of the machine: yes, this fails the whole call, which then counts 0. */
export interface FailConfirmed {
  readonly outcome: "fail_confirmed";
  readonly criterion: string;
  readonly rationale: "cannot_be_told" | "evidence_stands" | "needed_here_too";
}

/** The manager's answer to a candidate of the machine: no. The criterion stays as it is. */
export interface FailDismissed {
  readonly outcome: "fail_dismissed";
  readonly criterion: string;
  readonly rationale: "account_accepted" | "did_not_apply" | "recognition_at_fault" | "rule_at_fault";
}

export type ChannelMessage = Hello | Caption | Cue | Checklist | Pipeline | Listening | Scorecard | Notice | Purged;

export type AgentSocketOut = Ring | RingStopped | AgentCallState | Presence | HelpWanted | Pong;

export type AgentSocketIn = Available | Ping;

export type CallerSocketIn = Join | Ping;

export type CallerSocketOut = CallerCallState | Pong;

export type RunAnswer = RunProgress | CaseRun | CannotRun;

export type Decision = Upheld | Revised | FailConfirmed | FailDismissed;
