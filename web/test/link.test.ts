import { describe, expect, it } from "vitest";
import { parseLink } from "../src/console/link.ts";

const token = "6d2bd1f4-5d3f-4f5e-9d7c-1f0d3c1c2b3a";
const other = "00000000-0000-4000-8000-000000000000";

const parse = (query: string) => parseLink(new URL(query, "https://host:8002/vnc.auto.html"));

describe("a console link's token", () => {
  it.each([
    ["of its own", `?token=${token}&lang=EN`],
    ["in a path", `?path=%3Ftoken%3D${token}`],
    ["in a path with a file name", `?path=websockify%3Ftoken%3D${token}`],
    ["in a path with a slash", `?path=%2Fwebsockify%3Ftoken%3D${token}%26x%3D1`],
    ["in a path that is not encoded", `?path=?token=${token}`],
    ["last of several", `?token=${other}&token=${token}`],
    ["last in a path", `?path=%3Ftoken%3D${other}%26token%3D${token}`],
    ["after a path's", `?path=%3Ftoken%3D${other}&token=${token}`],
    ["in a path after another", `?token=${other}&path=%3Ftoken%3D${token}`],
    ["ahead of an empty one", `?token=${token}&token=&path=%3Ftoken%3D`],
  ])("is read where it stands %s", (_where, query) => {
    expect(parse(query).token).toBe(token);
  });

  it.each(["", "?", "?token=", "?lang=EN", "?path=websockify", "?path=", "?Token=x"])(
    "is missing in %j",
    (query) => {
      expect(parse(query).token).toBeNull();
    },
  );
});

describe("a console link's language", () => {
  it("is read as it stands", () => {
    expect(parse("?token=x&lang=zh_CN").language).toBe("zh_CN");
  });

  it("may be missing", () => {
    expect(parse("?token=x").language).toBeNull();
    expect(parse("?token=x&lang=").language).toBeNull();
  });
});
