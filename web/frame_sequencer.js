/** Puts the frames of one message in order and drops duplicates: the network guarantees neither. */
export class FrameSequencer {
  #lastSeq = 0;
  #buffer = new Map();

  /** The `seq` of the last frame that was released. */
  get lastSeq() {
    return this.#lastSeq;
  }

  /** Whether frames are buffered because one before them is missing. */
  get hasGap() {
    return this.#buffer.size > 0;
  }

  /** Adds a frame and returns the frames that can be processed now, in order. */
  push(frame) {
    if (frame.seq > this.#lastSeq) this.#buffer.set(frame.seq, frame);
    const released = [];
    for (let next; (next = this.#buffer.get(this.#lastSeq + 1)); ) {
      this.#lastSeq += 1;
      this.#buffer.delete(this.#lastSeq);
      released.push(next);
    }
    return released;
  }
}
