/** Limits how often the screen is drawn. */

/** The least time between two frames, in milliseconds. */
const FRAME_TIME = 33;

/** Draws a frame after a change: not more often than `FRAME_TIME` allows, and not while the terminal writes one. */
export class Frames {
  readonly #draw: () => void;
  readonly #isReady: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isWanted = false;
  #drawnAt = -Infinity;

  /** @param draw Draws a frame. @param isReady Whether the terminal takes one now; when it does later, call `ready`. */
  constructor(draw: () => void, isReady: () => boolean) {
    this.#draw = draw;
    this.#isReady = isReady;
  }

  /** Something has changed: draws soon. */
  readonly request = (): void => {
    this.#isWanted = true;
    if (this.#timer !== undefined || !this.#isReady()) return;
    const wait = Math.max(0, this.#drawnAt + FRAME_TIME - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isReady()) return;
      this.#isWanted = false;
      this.#drawnAt = performance.now();
      this.#draw();
    }, wait);
  };

  /** The terminal takes frames again. */
  readonly ready = (): void => {
    if (this.#isWanted) this.request();
  };

  /** Drops the frame that was requested. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isWanted = false;
  }
}
