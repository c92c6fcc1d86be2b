/** Whose login it is, or where it is good. */
export interface Place {
  id: string;
  name: string;
  domain: string;
}

export interface Login {
  user: Place;
  /** Null: the person has a role in no project. */
  project: Place | null;
  projects: Place[];
  /** Whether the servers of all projects may be seen. */
  admin: boolean;
}

/** How people log in here, and who has. */
export interface LoginState {
  identity: "embedded" | "keystone";
  asksForDomain: boolean;
  /** There is nobody yet who could. */
  firstRun: boolean;
  login: Login | null;
}

export interface Server {
  id: string;
  name: string;
  /** As in Nova: `ACTIVE`, ... */
  status: string;
  taskState: string | null;
  project: string;
  flavor: { name: string; vcpus: number; ram: number; disk: number } | null;
  addresses: string[];
  /** The types of the consoles that can be opened, such as `novnc`. */
  consoles: string[];
  fault: string | null;
}

/** Why a call was not answered as hoped. */
export class Problem extends Error {
  /** The reason's name: the gateway's own, or `network-lost`. */
  readonly code: string;
  /** After how many seconds to try again, where that was told. */
  readonly retryAfter: number | null;

  constructor(code: string, retryAfter: number | null = null) {
    super(code);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const patienceMs = 30_000;

/** Calls of Oriel's own API. `key` is this page's half of the login. Each throws a `Problem`. */
export class Api {
  readonly #key: () => string | null;

  constructor(key: () => string | null) {
    this.#key = key;
  }

  async loginState(): Promise<LoginState> {
    const answer = await this.#json("GET", "login");
    return {
      identity: answer.identity === "keystone" ? "keystone" : "embedded",
      asksForDomain: answer.asks_for_domain === true,
      firstRun: answer.first_run === true,
      login: answer.login === null ? null : readLogin(answer.login),
    };
  }

  async logIn(
    user: string,
    password: string,
    domain: string,
    project: string | null,
  ): Promise<{ login: Login; key: string }> {
    const body = {
      user,
      password,
      ...(domain === "" ? {} : { domain }),
      ...(project === null ? {} : { project }),
    };
    const answer = await this.#json("POST", "login", body);
    return { login: readLogin(answer.login), key: text(answer.key) };
  }

  async enter(project: string): Promise<Login> {
    return readLogin((await this.#json("POST", "login/project", { project })).login);
  }

  async logOut(): Promise<void> {
    await this.#call("DELETE", "login");
  }

  /** One page of servers, and the marker of the next. */
  async servers(
    marker: string | null,
    allProjects: boolean,
  ): Promise<{ servers: Server[]; next: string | null }> {
    const query = new URLSearchParams({ limit: "500" });
    if (marker !== null) {
      query.set("marker", marker);
    }
    if (allProjects) {
      query.set("all_projects", "1");
    }
    const answer = await this.#json("GET", `servers?${query}`);
    return {
      servers: list(answer.servers).map(readServer),
      next: typeof answer.next === "string" ? answer.next : null,
    };
  }

  /** A link to a console. It is good once, and for a short time. */
  async console(server: string, type: string, lang: string): Promise<string> {
    const answer = await this.#json("POST", `servers/${encodeURIComponent(server)}/console`, {
      type,
      lang,
    });
    return text(record(answer.console).url);
  }

  /** What is on a server's screen now, as a picture. */
  async screenshot(server: string, width: number): Promise<Blob> {
    const path = `servers/${encodeURIComponent(server)}/screenshot?width=${width}`;
    return (await this.#call("GET", path)).blob();
  }

  async #json(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await this.#call(method, path, body);
    try {
      return record(await response.json());
    } catch {
      throw new Problem("unreadable");
    }
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const key = this.#key();
    let response: Response;
    try {
      response = await fetch(`/oriel/v1/${path}`, {
        method,
        credentials: "same-origin",
        headers: {
          ...(key === null ? {} : { "X-Oriel-Login": key }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
      });
    } catch {
      throw new Problem("network-lost");
    }
    if (!response.ok) {
      throw await readProblem(response);
    }
    return response;
  }
}

async function readProblem(response: Response): Promise<Problem> {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  const body = record(await response.json().catch(() => null));
  const code = record(body.error).code;
  return new Problem(typeof code === "string" ? code : `http-${response.status}`, retryAfter);
}

function readLogin(value: unknown): Login {
  const login = record(value);
  return {
    user: readPlace(login.user),
    project: login.project === null ? null : readPlace(login.project),
    projects: list(login.projects).map(readPlace),
    admin: login.admin === true,
  };
}

function readPlace(value: unknown): Place {
  const { id, name, domain } = record(value);
  return { id: text(id), name: text(name), domain: text(domain) };
}

function readServer(value: unknown): Server {
  const server = record(value);
  const flavor = record(server.flavor);
  const name = text(server.name);
  return {
    id: text(server.id),
    name: name === "" ? text(server.id) : name,
    status: text(server.status),
    taskState: typeof server.task_state === "string" ? server.task_state : null,
    project: text(server.project),
    flavor:
      typeof flavor.name === "string"
        ? {
            name: flavor.name,
            vcpus: number(flavor.vcpus),
            ram: number(flavor.ram),
            disk: number(flavor.disk),
          }
        : null,
    addresses: Object.values(record(server.addresses)).flatMap(list).map(text),
    consoles: list(server.consoles).map(text),
    fault: typeof server.fault === "string" ? server.fault : null,
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
