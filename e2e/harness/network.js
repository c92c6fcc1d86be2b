import { once } from "node:events";
import { connect, createServer } from "node:net";

/** A network between browsers and a port of this machine, that can be cut without either side being told. */
export class Network {
  #server;
  #wires = new Set();
  #waiting = [];
  #whole = true;

  static async to(port) {
    const network = new Network();
    network.#server = createServer({ pauseOnConnect: true }, (near) => {
      near.on("error", () => {});
      const join = () => network.#join(near, connect(port, "127.0.0.1"));
      if (network.#whole) {
        join();
      } else {
        network.#waiting.push(join);
      }
    });
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  #join(near, far) {
    const wire = { near, far };
    this.#wires.add(wire);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on("error", () => {});
      from.on("data", (bytes) => to.write(bytes));
      from.on("end", () => to.end());
      from.on("close", () => {
        to.destroy();
        this.#wires.delete(wire);
      });
    }
    near.resume();
  }

  /** Nothing comes through any more, and nobody hears that it does not. */
  cut() {
    this.#whole = false;
    for (const { near, far } of this.#wires) {
      near.pause();
      far.pause();
    }
  }

  /** What was held up comes through. */
  mend() {
    this.#whole = true;
    for (const { near, far } of this.#wires) {
      near.resume();
      far.resume();
    }
    for (const join of this.#waiting.splice(0)) {
      join();
    }
  }

  /** The same link by way of this network. */
  link(url) {
    const link = new URL(url);
    link.port = this.#server.address().port;
    return link;
  }

  stop() {
    for (const { near, far } of this.#wires) {
      near.destroy();
      far.destroy();
    }
    this.#server.close();
  }
}
