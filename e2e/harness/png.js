import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";

/** Reads a PNG of eight bits for each of red, green and blue: its size, and its pixels as three bytes each. */
export function readPng(file) {
  assert.equal(file.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  const data = [];
  let width;
  let height;
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const kind = file.toString("latin1", at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      width = body.readUInt32BE(0);
      height = body.readUInt32BE(4);
      // Depth 8, RGB, and neither another filter method nor interlacing.
      assert.deepEqual([...body.subarray(8)], [8, 2, 0, 0, 0]);
    } else if (kind === "IDAT") {
      data.push(body);
    }
    at += 12 + length;
  }
  return { width, height, pixels: unfilter(inflateSync(Buffer.concat(data)), width * 3, height) };
}

// PNG specification, section 9.
function unfilter(rows, stride, height) {
  assert.equal(rows.length, (stride + 1) * height);
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const to = y * stride + x;
      const left = x >= 3 ? pixels[to - 3] : 0;
      const above = y > 0 ? pixels[to - stride] : 0;
      const corner = x >= 3 && y > 0 ? pixels[to - stride - 3] : 0;
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter];
      pixels[to] = rows[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return pixels;
}

function paeth(left, above, corner) {
  const estimate = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(estimate - value));
  if (a <= b && a <= c) {
    return left;
  }
  return b <= c ? above : corner;
}
