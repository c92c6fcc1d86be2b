import type { MessageKey } from "../common/messages/index.ts";
import type { Server } from "./api.ts";

/** How a server is, in as many words as colours can tell apart. */
export type Condition = "running" | "busy" | "off" | "trouble";

export const conditions: readonly Condition[] = ["running", "busy", "off", "trouble"];

const byStatus: Record<string, Condition> = {
  ACTIVE: "running",
  RESCUE: "running",
  VERIFY_RESIZE: "running",
  BUILD: "busy",
  SHUTOFF: "off",
  PAUSED: "off",
  SUSPENDED: "off",
  SHELVED: "off",
  SHELVED_OFFLOADED: "off",
  SOFT_DELETED: "off",
  ERROR: "trouble",
};

const words: Record<string, MessageKey> = {
  ACTIVE: "servers.status.active",
  RESCUE: "servers.status.rescue",
  VERIFY_RESIZE: "servers.status.verify-resize",
  BUILD: "servers.status.build",
  SHUTOFF: "servers.status.shutoff",
  PAUSED: "servers.status.paused",
  SUSPENDED: "servers.status.suspended",
  SHELVED: "servers.status.shelved",
  SHELVED_OFFLOADED: "servers.status.shelved",
  SOFT_DELETED: "servers.status.deleted",
  ERROR: "servers.status.error",
};

const taskWords: Record<string, MessageKey> = {
  deleting: "servers.task.deleting",
  migrating: "servers.task.migrating",
  "powering-on": "servers.task.powering-on",
  "powering-off": "servers.task.powering-off",
  rebooting: "servers.task.rebooting",
  scheduling: "servers.status.build",
  spawning: "servers.status.build",
};

export function conditionOf({ status, taskState }: Server): Condition {
  return taskState === null ? (byStatus[status] ?? "trouble") : "busy";
}

/** The message that says how a server is. */
export function stateWords({ status, taskState }: Server): MessageKey {
  const task = taskState === null ? undefined : taskWords[taskState];
  return task ?? words[status] ?? "servers.status.unknown";
}

/** Whether a console surely has nothing to show. */
export function isDown({ status }: Server): boolean {
  return !["ACTIVE", "PAUSED", "RESCUE", "VERIFY_RESIZE", "ERROR", "UNKNOWN"].includes(status);
}
