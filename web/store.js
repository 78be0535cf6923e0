// The browser's storage, except that it can't fail: where it is forbidden or full, memory serves instead.

function createStore(storage) {
  const memory = new Map();

  return {
    load(name) {
      try {
        return JSON.parse(storage().getItem(name)) ?? memory.get(name) ?? null;
      } catch {
        return memory.get(name) ?? null;
      }
    },

    save(name, value) {
      memory.set(name, value);
      try {
        storage().setItem(name, JSON.stringify(value));
      } catch { /* memory has it */ }
    },

    forget(name) {
      memory.delete(name);
      try {
        storage().removeItem(name);
      } catch { /* memory has forgotten it */ }
    },

    /** The names that begin with this. */
    names(start) {
      const all = new Set(memory.keys());
      try {
        for (const name of Object.keys(storage())) all.add(name);
      } catch { /* memory knows its own */ }
      return [...all].filter((name) => name.startsWith(start));
    },
  };
}

/** What this tab keeps over a reload. */
export const { load, save, forget } = createStore(() => sessionStorage);

/** What this device keeps. */
export const lasting = createStore(() => localStorage);
