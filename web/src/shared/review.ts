// The codes of a review in words for people, and asking the server to take a step.

import { asProblem, get, post } from "./api";
import type { Contest, CriterionResult, Evaluation, FailConfirmed, FailDismissed, ReviewStep, Revised, Upheld } from "./contract";

export const REASONS: Record<Contest["reason"], string> = {
  said_differently: "I said it in other words",
  misheard: "The words were misheard",
  did_not_apply: "It did not apply to this call",
  something_urgent: "Something urgent came first",
  other_speaker: "The other person said it",
  done_without_words: "I did it without saying it, for example on screen",
  bad_connection: "The sound or the connection was bad",
};

export const UPHELD_BECAUSE: Record<Upheld["rationale"], string> = {
  evidence_stands: "The evidence stands",
  needed_here_too: "It was needed in this call too",
  cannot_be_told: "Nothing is left that would tell otherwise",
};

export const REVISED_BECAUSE: Record<Revised["rationale"], string> = {
  account_accepted: "The receptionist's account is accepted",
  recognition_at_fault: "The recogniser was at fault",
  did_not_apply: "It did not apply to this call",
  rule_at_fault: "The rule is at fault: the playbook should change",
};

const CODES: Record<string, string> = { ...UPHELD_BECAUSE, ...REVISED_BECAUSE, ...REASONS };

export function codeInWords(code: string | null): string {
  return code === null ? "" : (CODES[code] ?? code);
}

export const REVIEW_STATES: Record<Evaluation["state"], string> = {
  submitted: "Not read yet",
  in_review: "In review",
  upheld: "Upheld",
  revised: "Revised",
  acknowledged: "Acknowledged",
};

/** What was said about one criterion, in order. */
export function stepsOf(evaluation: Evaluation, criterion: string): readonly ReviewStep[] {
  return evaluation.review.filter((step) => step.criterion === criterion);
}

/** Contested, and nobody has answered yet. */
export function waits(steps: readonly ReviewStep[]): boolean {
  const kinds = new Set(steps.map((step) => step.kind));
  return kinds.has("contested") && !kinds.has("upheld") && !kinds.has("revised");
}

/** A machine named it as failing the whole call, and nobody has said yet whether it does. */
export function mayFail(one: CriterionResult, steps: readonly ReviewStep[]): boolean {
  const said = steps.some(({ kind }) => kind === "fail_confirmed" || kind === "fail_dismissed" || kind === "revised");
  return one.automatic_fail === "candidate" && !said;
}

const OUTCOME_TRIES = 6;
const TRY_AGAIN_MS = 1000;

/** The stored score of a call that has just ended. It may take a moment to be there. Throws Problem. */
export async function outcomeOf(callId: string, tries = OUTCOME_TRIES): Promise<Evaluation> {
  return get<Evaluation>(`/api/calls/${callId}/outcome`).catch(async (error: unknown) => {
    if (asProblem(error).code !== "no-outcome-yet" || tries <= 1) {
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    return outcomeOf(callId, tries - 1);
  });
}

/** Each throws Problem. */
export async function contest(evaluation: string, contested: Contest): Promise<Evaluation> {
  return post<Evaluation>(`/api/evaluations/${evaluation}/contests`, contested);
}

export type Decision = Upheld | Revised | FailConfirmed | FailDismissed;

export async function decide(evaluation: string, decision: Decision): Promise<Evaluation> {
  return post<Evaluation>(`/api/evaluations/${evaluation}/decisions`, decision);
}

export async function acknowledge(evaluation: string): Promise<Evaluation> {
  return post<Evaluation>(`/api/evaluations/${evaluation}/acknowledgement`);
}
