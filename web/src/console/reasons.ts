interface ReasonFacts {
  /** The WebSocket close code by which the gateway says it. */
  code?: number;
  /** Whether the same link may open the console again in this browser. */
  retry: boolean;
  /** Whether the page comes back by itself: what broke heals without a person's deciding anything. */
  resume?: boolean;
}

/** Every way in which a console can end. The words for each are in `messages/`. */
const facts = {
  "client-closed": { code: 1000, retry: true },
  "client-lost": { code: 4000, retry: true, resume: true },
  "token-missing": { code: 4001, retry: false },
  "token-unknown": { code: 4002, retry: false },
  "token-expired": { code: 4003, retry: false },
  "token-used": { code: 4004, retry: false },
  "origin-refused": { code: 4005, retry: false },
  "client-protocol": { code: 4006, retry: true },
  "client-timeout": { code: 4007, retry: true, resume: true },
  "server-gone": { code: 4010, retry: false },
  "console-gone": { code: 4011, retry: true, resume: true },
  "console-not-granted": { code: 4012, retry: false },
  "back-end-unreachable": { code: 4020, retry: true, resume: true },
  "back-end-timeout": { code: 4021, retry: true, resume: true },
  "back-end-protocol": { code: 4022, retry: true },
  "back-end-security": { code: 4023, retry: false },
  "back-end-closed": { code: 4024, retry: true, resume: true },
  "back-end-lost": { code: 4025, retry: true, resume: true },
  stopping: { code: 4030, retry: true, resume: true },
  "too-many-sessions": { code: 4031, retry: true, resume: true },
  "session-too-long": { code: 4032, retry: false },
  "too-many-of-user": { code: 4033, retry: true },
  "too-many-of-project": { code: 4034, retry: true },
  "too-many-of-server": { code: 4035, retry: true },
  drained: { code: 4036, retry: true, resume: true },
  idle: { code: 4040, retry: true },
  "taken-over": { code: 4041, retry: true },
  "server-in-use": { code: 4042, retry: true },
  "no-session": { code: 4043, retry: true },
  "too-many-streams": { code: 4044, retry: true },
  "rules-unkept": { code: 4045, retry: false },
  internal: { code: 4099, retry: true, resume: true },
  /** The page's own: the gateway could not be reached, or the connection broke without a word. */
  "network-lost": { retry: true, resume: true },
  /** The page's own: it shows no consoles of this kind. */
  "spice-not-shown": { retry: false },
  /** The page's own: the gateway gave a reason that this page does not know. */
  unknown: { retry: true },
} satisfies Record<string, ReasonFacts>;

export type Reason = keyof typeof facts;

export interface End {
  reason: Reason;
  /** What else is known, for whoever has to find the fault. */
  detail?: string;
  /** Who took over, where the gateway says so, and when. */
  by?: string;
  at?: Date;
}

export const reasons = Object.keys(facts) as Reason[];

const reasonByCode = new Map(
  reasons.map((reason) => [(facts[reason] as ReasonFacts).code, reason] as const),
);

/** The codes that a browser or a proxy reports for a connection that broke: "going away" and "abnormal closure". */
const brokenConnectionCodes = new Set([1001, 1006]);

export function canRetry(reason: Reason): boolean {
  return facts[reason].retry;
}

/** What a person can do about an end, by a button. */
export type Remedy = "retry" | "new-link" | "tell";

const needsNewLink: readonly Reason[] = [
  "token-missing",
  "token-unknown",
  "token-expired",
  "token-used",
  "session-too-long",
];

/** Open the console again, get another link, or tell somebody who can do more. */
export function remedyFor(reason: Reason): Remedy {
  if (canRetry(reason)) {
    return "retry";
  }
  return needsNewLink.includes(reason) ? "new-link" : "tell";
}

export function resumesByItself(reason: Reason): boolean {
  return (facts[reason] as ReasonFacts).resume === true;
}

export function endByName(name: string): End {
  return Object.hasOwn(facts, name)
    ? { reason: name as Reason }
    : { reason: "unknown", detail: name };
}

export function endByCloseCode(code: number, name: string): End {
  if (brokenConnectionCodes.has(code)) {
    return { reason: "network-lost" };
  }
  const reason = reasonByCode.get(code);
  return reason === undefined
    ? { reason: "unknown", detail: `${code} ${name}`.trim() }
    : { reason };
}
