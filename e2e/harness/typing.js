import assert from "node:assert/strict";
import { until } from "./wait.js";

/** What a page does that has text typed for its session. */
export class Typing {
  #oriel;
  #path;
  #headers;

  /** For the youngest session on the log, whose page this is. */
  static async of(oriel, page) {
    const typing = new Typing();
    typing.#oriel = oriel;
    const began = oriel.log.split("\n").findLast((line) => line.includes('"session began"'));
    typing.#path = `/oriel/v1/sessions/${began.match(/"session_id":"([0-9a-f-]{36})"/)[1]}/type`;
    const cookies = (await page.cookies()).map(({ name, value }) => `${name}=${value}`);
    typing.#headers = { Cookie: cookies.join("; "), Origin: oriel.url };
    return typing;
  }

  call(method, body) {
    return this.#oriel.request(method, this.#path, body, this.#headers);
  }

  async start(text, layout = "en-us") {
    const { status, body } = await this.call("POST", { text, layout });
    assert.equal(status, 202, JSON.stringify(body));
  }

  async progress() {
    const { status, body } = await this.call("GET");
    assert.equal(status, 200, JSON.stringify(body));
    return body.job;
  }

  /** Waits until it has ended. */
  async ended(seconds) {
    const end = async () => {
      const job = await this.progress();
      return job.state !== "typing" && job;
    };
    return until("the text to be typed", end, seconds);
  }
}
