import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const compressible = new Set([".css", ".html", ".js", ".json", ".md", ".svg"]);

const encodings = [
  {
    suffix: ".br",
    compress: (content: Buffer) =>
      promisify(brotliCompress)(content, {
        params: {
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        },
      }),
  },
  {
    suffix: ".gz",
    compress: (content: Buffer) =>
      promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
  },
];

/** Writes a `.br` and a `.gz` sibling of every text file in the output, so that no server compresses at run time. */
export function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    async writeBundle({ dir }) {
      if (dir === undefined) {
        return;
      }
      const files = await readdir(dir, { recursive: true });
      await Promise.all(
        files
          .filter((file) => compressible.has(extname(file)))
          .map((file) => writeSiblings(join(dir, file))),
      );
    },
  };
}

async function writeSiblings(path: string): Promise<void> {
  const content = await readFile(path);
  for (const { suffix, compress } of encodings) {
    await writeFile(path + suffix, await compress(content));
  }
}
