import { FactsSide } from "./FactsSide.tsx";
import { KeysSide } from "./KeysSide.tsx";
import { ViewSide } from "./ViewSide.tsx";

export const contents = { keys: KeysSide, view: ViewSide, facts: FactsSide };
