/** What a console link asks for. */
export interface Link {
  /** Null when the link carries none. */
  token: string | null;
  /** The `lang` value as it stands in the link. */
  language: string | null;
  /** Whether keys and clicks are to stay on the page: a portal's wish. What a viewer may do is decided elsewhere. */
  viewOnly: boolean;
}

/**
 * Reads a console link in either form: `?token=…` or `?path=%3Ftoken%3D…`, where `path` is itself a path with a
 * query. Where a link has several tokens, the last one wins.
 */
export function parseLink(url: URL): Link {
  const link: Link = { token: null, language: null, viewOnly: false };
  for (const [name, value] of url.searchParams) {
    if (name === "token") {
      link.token = value || link.token;
    } else if (name === "path") {
      link.token = tokenInPath(value) ?? link.token;
    } else if (name === "lang") {
      link.language = value || link.language;
    } else if (name === "view_only") {
      link.viewOnly = /^(1|true)$/i.test(value);
    }
  }
  return link;
}

function tokenInPath(path: string): string | null {
  const query = new URLSearchParams(path.slice(path.indexOf("?") + 1));
  return query.getAll("token").findLast((token) => token !== "") ?? null;
}
