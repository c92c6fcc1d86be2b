/**
 * The part of noVNC that the console uses. The package brings no types of its own. What begins with `_` is not in its
 * documentation: only `measured-rfb.ts` uses that, and the tests say when a new version has it no more.
 */
declare module "@novnc/novnc" {
  interface Events {
    connect: CustomEvent<Record<string, never>>;
    disconnect: CustomEvent<{ clean: boolean }>;
    clipboard: CustomEvent<{ text: string }>;
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket);

    background: string;
    scaleViewport: boolean;
    resizeSession: boolean;
    viewOnly: boolean;
    showDotCursor: boolean;
    focusOnClick: boolean;
    qualityLevel: number;
    compressionLevel: number;

    addEventListener<Name extends keyof Events>(
      name: Name,
      listener: (event: Events[Name]) => void,
    ): void;

    disconnect(): void;
    focus(options?: FocusOptions): void;
    clipboardPasteFrom(text: string): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    toBlob(callback: (picture: Blob | null) => void, type?: string): void;

    protected _qemuExtKeyEventSupported: boolean;
    protected _FBU: { x: number; y: number; encoding: number | null };
    protected _framebufferUpdate(): boolean;
    protected _handleRect(): boolean;
    protected _handleExtendedDesktopSize(): boolean;
    protected _resize(width: number, height: number): void;
  }
}
