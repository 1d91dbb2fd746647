/** Draws frames: not more often than the eye sees, and none while the terminal has not taken the last one. */

/** The least time between two frames, in milliseconds. */
const FRAME_TIME = 33;

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

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isWanted = false;
  }
}
