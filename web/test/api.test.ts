import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleSocketUrl, openConsole } from "../src/console/api.ts";

const token = "6d2bd1f4-5d3f-4f5e-9d7c-1f0d3c1c2b3a";

function gatewayAnswers(status: number, body: string) {
  const fetched = vi.fn<typeof fetch>(async () => new Response(body, { status }));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

const granted = (server: object) =>
  JSON.stringify({
    console: {
      ...{ server, protocol: "vnc", type: "novnc", reconnect_for: 60 },
      may: { input: true, clipboard_to_server: true, clipboard_to_client: false, max_clipboard: 9 },
      typing: { layouts: ["de"], max_characters: 20, max_rate: 90 },
    },
  });

const refused = (code: unknown) => JSON.stringify({ error: { code, message: "…" } });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("opening a console", () => {
  it("shows the token to the gateway and learns the server", async () => {
    const fetched = gatewayAnswers(200, granted({ id: "1", name: "web-1" }));
    expect(await openConsole(token)).toEqual({
      server: { id: "1", name: "web-1" },
      type: "novnc",
      consoles: [{ type: "novnc", canBreak: false }],
      role: "owner",
      reconnectMs: 60_000,
      rights: { clipboardToServer: true, clipboardToClient: false, maxClipboard: 9 },
      typing: { layouts: ["de"], maxCharacters: 20, maxRate: 90 },
    });

    const [path, request] = fetched.mock.calls[0] ?? [];
    expect(path).toBe("/oriel/v1/console");
    expect(request).toMatchObject({ method: "POST", credentials: "same-origin" });
    expect(JSON.parse(String(request?.body))).toEqual({ token });
  });

  it("chooses among the consoles of the link, and learns which there are", async () => {
    const consoles = [
      { protocol: "vnc", type: "novnc", can_break: false },
      { protocol: "serial", type: "serial", can_break: true },
      { protocol: "telepathy", type: "of-the-future" },
    ];
    const server = { id: "1", name: "web-1" };
    const fetched = gatewayAnswers(
      200,
      JSON.stringify({ console: { server, protocol: "serial", type: "serial", consoles } }),
    );
    expect(await openConsole(token, "serial")).toMatchObject({
      type: "serial",
      consoles: [
        { type: "novnc", canBreak: false },
        { type: "serial", canBreak: true },
      ],
    });
    expect(JSON.parse(String(fetched.mock.calls[0]?.[1]?.body))).toEqual({
      token,
      console: "serial",
    });
  });

  it("calls a server without a name by its id", async () => {
    gatewayAnswers(200, granted({ id: "1", name: "" }));
    expect(await openConsole(token)).toMatchObject({ server: { id: "1", name: "1" } });
  });

  it.each([400, 403, 503])("learns the reason of a refusal with status %i", async (status) => {
    gatewayAnswers(status, refused("token-used"));
    expect(await openConsole(token)).toEqual({ end: { reason: "token-used" } });
  });

  it.each([
    ["a proxy's error page", 502, "<html>Bad Gateway</html>", "HTTP 502"],
    ["an empty refusal", 404, "", "HTTP 404"],
    ["a refusal of another shape", 400, refused(7), "HTTP 400"],
    ["a reason of the future", 400, refused("on-fire"), "on-fire"],
    ["a success without a server", 200, "null", "the answer names no server"],
  ])("does not know what to make of %s", async (_what, status, body, detail) => {
    gatewayAnswers(status, body);
    expect(await openConsole(token)).toEqual({ end: { reason: "unknown", detail } });
  });

  it("tells when the gateway cannot be reached", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
    expect(await openConsole(token)).toEqual({ end: { reason: "network-lost" } });
  });
});

describe("the console's WebSocket", () => {
  it("says which of the link's consoles it is for", () => {
    const url = consoleSocketUrl(new URL("https://host/"), token, "0123456789abcdef", "serial");
    expect(url.searchParams.get("console")).toBe("serial");
  });

  it.each([
    [
      "https://host:8002/vnc.auto.html?token=x",
      `wss://host:8002/websockify?token=${token}&page=0123456789abcdef`,
    ],
    [
      "http://[::1]/vnc.html?path=%3Ftoken%3Dx#y",
      `ws://[::1]/websockify?token=${token}&page=0123456789abcdef`,
    ],
  ])("for the page at %s is %s", (page, socket) => {
    expect(consoleSocketUrl(new URL(page), token, "0123456789abcdef").href).toBe(socket);
  });
});
