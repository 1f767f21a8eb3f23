// What crosses HTTP and the two WebSockets.

import type { CriterionResult, Flag, PurgeReceipt } from "./contract";

export type Role = "agent" | "manager" | "dpo" | "admin";
export interface Me {
  readonly person_id: string;
  readonly name: string;
  readonly email: string;
  readonly practice: { readonly id: string; readonly name: string };
  readonly roles: readonly Role[];
}
export interface Line {
  readonly practice: string;
  readonly line: string;
  readonly emergency_number: string;
  readonly open: boolean;
}
export interface PlacedCall {
  readonly call_id: string;
  readonly token: string;
}
export interface LegAnswer {
  readonly sdp: string;
}
interface EvaluationBase {
  readonly id: string;
  readonly call_id: string;
  readonly agent: { readonly id: string; readonly name: string };
  readonly started_at: string;
  readonly duration_s: number;
  readonly playbook: string;
  readonly playbook_version: number;
  readonly total: number | null;
  readonly reason: string | null;
  readonly coverage: number;
}
export interface EvaluationRow extends EvaluationBase {
  readonly flags: number;
}
export interface EvaluationPage {
  readonly items: readonly EvaluationRow[];
  readonly next: string | null;
}
export interface Evaluation extends EvaluationBase {
  readonly flags: readonly Flag[];
  readonly criteria: readonly CriterionResult[];
  readonly receipt: PurgeReceipt;
}
export type By = "agent" | "patient" | "server" | null;
export type ToAgentPage =
  | { readonly type: "ring"; readonly call_id: string; readonly line: string; readonly since: string }
  | { readonly type: "ring_stopped"; readonly call_id: string; readonly reason: "answered" | "abandoned" }
  | { readonly type: "call_state"; readonly call_id: string; readonly state: "connected" | "ended"; readonly by: By }
  | { readonly type: "presence"; readonly available: boolean }
  | { readonly type: "pong" };
export type ToCallerPage =
  | {
      readonly type: "call_state";
      readonly call_id: string;
      readonly state: "ringing" | "answered" | "ended";
      readonly by: By;
    }
  | { readonly type: "pong" };
