// The frames of one message, each once and in their order: the network keeps neither.

export class InOrder {
  #after = 0;
  #early = new Map();

  /** The number of the last frame that was given out. */
  get after() {
    return this.#after;
  }

  /** Whether frames are held because one before them is missing. */
  get gap() {
    return this.#early.size > 0;
  }

  /** Takes a frame with its `seq` and gives those whose turn it is. */
  take(frame) {
    if (frame.seq > this.#after) this.#early.set(frame.seq, frame);
    const ready = [];
    for (let next = this.#early.get(this.#after + 1); next; next = this.#early.get(this.#after + 1)) {
      this.#after += 1;
      this.#early.delete(this.#after);
      ready.push(next);
    }
    return ready;
  }
}
