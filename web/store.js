// sessionStorage that can't fail: a browser that forbids it gets memory instead.

const memory = new Map();

export function load(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

export function save(name, value) {
  memory.set(name, value);
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch { /* memory has it */ }
}

export function forget(name) {
  memory.delete(name);
  try {
    sessionStorage.removeItem(name);
  } catch { /* memory has forgotten it */ }
}
