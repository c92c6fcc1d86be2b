import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { precompress } from "./build/precompress.ts";

/** The gateway that `npm run dev` talks to. */
const gateway = process.env.ORIEL_URL ?? "http://127.0.0.1:8002";

/** The element for other sites' pages: a file of its own, which uses none of the others. */
const element = "oriel-console";

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  build: {
    target: "es2022",
    // The content security policy knows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      input: {
        index: page("index.html"),
        console: page("console.html"),
        [element]: page("src/embed/oriel-console.ts"),
      },
      output: {
        // Other sites name this file in their pages.
        entryFileNames: ({ name }) => (name === element ? "[name].js" : "assets/[name]-[hash].js"),
      },
    },
  },
  plugins: [precompress()],
  server: {
    proxy: {
      "/oriel/v1": { target: gateway, secure: false },
      "/websockify": { target: gateway, secure: false, ws: true },
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
  },
});
