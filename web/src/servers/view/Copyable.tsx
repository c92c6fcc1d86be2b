import { useEffect, useState } from "preact/hooks";
import { t } from "../../common/words.ts";

/** A text for a terminal or a file, with a button that copies it. */
export function Copyable({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? setTimeout(() => setCopied(false), 2000) : undefined;
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    // Where the page is no secure context, there is no clipboard, and the text can be marked by hand.
    await navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => {},
    );
  };
  return (
    <div class="copyable">
      <pre>
        <code>{text}</code>
      </pre>
      <button type="button" class="small" onClick={copy}>
        {t(copied ? "servers.copied" : "servers.copy")}
      </button>
    </div>
  );
}
