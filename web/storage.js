// JSON values in the browser's storage. Where storage is forbidden or full, values are held in memory instead.

function createStorage(getBackend) {
  const memory = new Map();

  return {
    /** Returns the value of a key, or null. */
    get(key) {
      try {
        return JSON.parse(getBackend().getItem(key)) ?? memory.get(key) ?? null;
      } catch {
        return memory.get(key) ?? null;
      }
    },

    /** Returns whether the value is in the browser's storage, and not only in memory. */
    set(key, value) {
      memory.set(key, value);
      try {
        getBackend().setItem(key, JSON.stringify(value));
        return true;
      } catch {
        return false;
      }
    },

    remove(key) {
      memory.delete(key);
      try {
        getBackend().removeItem(key);
      } catch { /* removed from memory */ }
    },

    /** Returns the keys that start with `prefix`. */
    keys(prefix) {
      const all = new Set(memory.keys());
      try {
        for (const key of Object.keys(getBackend())) all.add(key);
      } catch { /* keys in memory only */ }
      return [...all].filter((key) => key.startsWith(prefix));
    },
  };
}

/** Storage of this tab; survives a reload. */
export const tabStorage = createStorage(() => sessionStorage);

/** Storage of this device; survives closing the browser. */
export const deviceStorage = createStorage(() => localStorage);
