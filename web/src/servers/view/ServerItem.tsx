import { memo } from "preact/compat";
import type { MessageKey } from "../../common/messages/index.ts";
import { language, t } from "../../common/words.ts";
import type { Server } from "../api.ts";
import { conditionOf, stateWords } from "../condition.ts";
import type { Layout } from "../grid.ts";
import type { Page } from "../page.ts";
import { Thumbnail } from "./Thumbnail.tsx";

interface Props {
  page: Page;
  server: Server;
  layout: Layout;
  /** Null where all are of the same. */
  projectName: string | null;
  position: number;
  of: number;
  isCurrent: boolean;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The consoles' types with their words. A type without any is shown by its name. */
const kinds: Record<string, MessageKey> = {
  novnc: "servers.console.screen",
  serial: "servers.console.serial",
};

/** A server, as a tile or a row. A click opens its first console; further ones have buttons. */
export const ServerItem = memo(function ServerItem({ page, server, layout, ...props }: Props) {
  const [main, ...others] = server.consoles;
  const state = t(stateWords(server));
  const busy = page.opening.busy.value === server.id;
  const openMain = () => {
    page.current.value = server.id;
    if (main !== undefined) {
      void page.opening.open(server, main);
    }
  };
  return (
    <li
      class="server"
      lang={language.value}
      data-condition={conditionOf(server)}
      data-busy={busy}
      aria-setsize={props.of}
      aria-posinset={props.position}
      style={{
        transform: `translate(${props.x}px, ${props.y}px)`,
        width: `${props.width}px`,
        height: `${props.height}px`,
      }}
    >
      <button
        type="button"
        class="open"
        aria-disabled={main === undefined}
        title={server.fault ?? undefined}
        tabIndex={props.isCurrent ? 0 : -1}
        onFocus={() => {
          page.current.value = server.id;
        }}
        onClick={openMain}
      >
        <Thumbnail page={page} server={server} />
        <span class="name">{server.name}</span>
        <span class="state">
          <span class="dot" aria-hidden="true" />
          {busy ? t("servers.opening") : state}
        </span>
        <span class="facts">
          {[props.projectName, ...facts(server)].filter((fact) => fact !== null).join(" · ")}
        </span>
        {layout === "rows" && <span class="size">{sizeOf(server)}</span>}
        <span class="visually-hidden">
          {main === undefined
            ? t("servers.no-console")
            : t("servers.open", { console: kindWords(main) })}
        </span>
      </button>
      {others.length > 0 && (
        <span class="others">
          {others.map((type) => (
            <button
              key={type}
              type="button"
              class="other"
              tabIndex={props.isCurrent ? 0 : -1}
              aria-label={`${server.name}: ${kindWords(type)}`}
              onClick={() => void page.opening.open(server, type)}
            >
              {kindWords(type)}
            </button>
          ))}
        </span>
      )}
    </li>
  );
});

function kindWords(type: string): string {
  const key = kinds[type];
  if (key !== undefined) {
    return t(key);
  }
  return type === "spice-html5" ? "SPICE" : type;
}

function facts({ addresses, flavor, id }: Server): string[] {
  const [address, ...more] = addresses;
  if (address !== undefined) {
    return [more.length > 0 ? `${address} +${more.length}` : address];
  }
  return [flavor?.name ?? id.slice(0, 8)];
}

/** Such as "2 vCPU · 4 GiB". */
function sizeOf({ flavor }: Server): string {
  if (flavor === null) {
    return "";
  }
  const { vcpus, ram } = flavor;
  const numbers = new Intl.NumberFormat(language.value, { maximumFractionDigits: 1 });
  const memory = ram >= 1024 ? `${numbers.format(ram / 1024)} GiB` : `${numbers.format(ram)} MiB`;
  return vcpus > 0 ? `${numbers.format(vcpus)} vCPU · ${memory}` : flavor.name;
}
