/** The part of noVNC's documented interface that the console uses. The package brings no types of its own. */
declare module "@novnc/novnc" {
  interface Events {
    connect: CustomEvent<Record<string, never>>;
    disconnect: CustomEvent<{ clean: boolean }>;
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket);

    background: string;
    scaleViewport: boolean;
    viewOnly: boolean;
    showDotCursor: boolean;

    addEventListener<Name extends keyof Events>(
      name: Name,
      listener: (event: Events[Name]) => void,
    ): void;

    disconnect(): void;
    focus(options?: FocusOptions): void;
    sendCtrlAltDel(): void;
  }
}
