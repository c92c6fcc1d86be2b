import type { MessageKey } from "../../common/messages/index.ts";
import { t } from "../../common/words.ts";
import type { Problem } from "../api.ts";

/** Reasons that have words of their own, each as two messages: `.what` and `.next`. */
const known = new Set([
  "network-lost",
  "unavailable",
  "forbidden",
  "no-role",
  "no-such-server",
  "not-running",
  "busy",
  "no-such-console",
  "not-served",
  "login-required",
  "login-refused",
  "second-proof",
  "locked",
  "origin-refused",
  "http-429",
  "http-503",
]);

const sameAs: Record<string, string> = { "http-429": "too-many", "http-503": "unavailable" };

/** What happened, and what to do. */
export function problemWords(problem: Problem, name = ""): { what: string; next: string } {
  const code = known.has(problem.code) ? (sameAs[problem.code] ?? problem.code) : "unknown";
  const values = { name, seconds: String(problem.retryAfter ?? 1), code: problem.code };
  return {
    what: t(`problem.${code}.what` as MessageKey, values),
    next: t(`problem.${code}.next` as MessageKey, values),
  };
}
