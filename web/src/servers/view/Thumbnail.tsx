import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Server } from "../api.ts";
import { conditionOf } from "../condition.ts";
import type { Page } from "../page.ts";

/** What is on a server's screen now, or a calm stand-in where no picture can be had. */
export function Thumbnail({ page, server }: { page: Page; server: Server }) {
  const place = useRef<HTMLSpanElement>(null);
  const [picture, setPicture] = useState<ReadonlySignal<string | null> | null>(null);
  const hasScreen =
    conditionOf(server) === "running" && server.consoles.some((type) => type === "novnc");
  useEffect(() => {
    if (place.current === null || !hasScreen) {
      setPicture(null);
      return;
    }
    let wanted = false;
    const watcher = new IntersectionObserver((entries) => {
      const inSight = entries.at(-1)?.isIntersecting === true;
      if (inSight && !wanted) {
        setPicture(page.pictures.want(server.id));
      } else if (!inSight && wanted) {
        page.pictures.release(server.id);
      }
      wanted = inSight;
    });
    watcher.observe(place.current);
    return () => {
      watcher.disconnect();
      if (wanted) {
        page.pictures.release(server.id);
      }
    };
  }, [page, server.id, hasScreen]);
  const url = picture?.value ?? null;
  return (
    <span class="thumbnail" ref={place}>
      {url === null ? <StandIn /> : <img src={url} alt="" draggable={false} />}
    </span>
  );
}

function StandIn() {
  return (
    <svg class="stand-in" viewBox="0 0 48 30" aria-hidden="true">
      <path class="prompt" d="m17 10 5 5-5 5M25 20h7" />
      <path class="off" d="M24 8v7M19.2 10.4a7 7 0 1 0 9.6 0" />
    </svg>
  );
}
