import { useEffect, useState } from "preact/hooks";

/** The whole seconds until then, counted down as they pass; 0 once it has come. */
export function useCountdown(to: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, [to]);
  return Math.max(0, Math.ceil((to - now) / 1000));
}
