// @ts-check
/** A live talk: the microphone's sound to whoever answers, events back. */

import { Microphone } from "./microphone.js";

/** @typedef {import("./answers.js").Listener & {onLevel: (level: number) => void}} LiveHandlers */

export class Live {
  /**
   * @param {import("./answers.js").Answers} answers
   * @param {import("./answers.js").Choice} choice
   * @param {LiveHandlers} handlers
   */
  constructor(answers, choice, handlers) {
    this.answers = answers;
    this.choice = choice;
    this.handlers = handlers;
    this.microphone = new Microphone({
      onPiece: (pcm, level) => {
        handlers.onLevel(level);
        this.stream?.push(pcm);
      },
      onLost: (reason) => this.stop(reason),
    });
    /** @type {import("./answers.js").Stream | null} */
    this.stream = null;
    this.stopped = false;
    /** @type {string | null} */
    this.reason = null;
  }

  /** Ask for the microphone and begin. */
  async start() {
    const rate = await this.microphone.open();
    this.stream = await this.answers.live(rate, this.choice, {
      onEvent: this.handlers.onEvent,
      onEnd: (reason) => {
        this.microphone.close();
        this.handlers.onEnd(this.reason ?? reason);
      },
    });
    if (this.stopped) this.stream.end();
    else this.microphone.listen();
  }

  /** Stop the microphone, then wait for the last words. @param {string | null} reason */
  stop(reason = null) {
    this.reason ??= reason;
    this.stopped = true;
    this.microphone.close();
    this.stream?.end();
  }
}
