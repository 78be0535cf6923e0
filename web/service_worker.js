// The service worker: opens the page without a connection, from files that this device stores.
//
// page_files.json lists the files of a version with their hashes. A load with a connection compares it with what is
// stored, and completes a new version before it is used. Each page gets all its files from the version that it was
// opened with, also when a newer one is there. Answers of the API are never stored here.

const MANIFEST = "/page_files.json";
const PAGE = "/";
const PAGE_PATHS = [PAGE, "/index.html"];
const DATA_FILES = ["/router.json"];   // files that the page reads by fetch(), as it does the API
const SETTINGS = "/config.json";       // of the stage, and not of a version: fetched again for each load

const FILES_CACHE = "pam-files-";      // + version
const STATE_CACHE = "pam-state";
const CURRENT = "/current";            // {version} in STATE_CACHE
const CLIENT = "/client/";             // + client id: {version, openedAt} in STATE_CACHE

const CHECK_TIMEOUT_MS = 3000;         // then the page opens as without a connection
const UPDATE_TIMEOUT_MS = 10_000;      // then the page opens with the version before; the download goes on
const OPENING_MS = 60_000;             // for so long a new client may not be listed yet

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @type {Map<string, Promise<void>>} */
const downloads = new Map();           // by version

worker.addEventListener("install", (event) => {
  worker.skipWaiting();
  event.waitUntil(check().then(storeOnce));
});

worker.addEventListener("activate", (event) => event.waitUntil(removeUnused()));

worker.addEventListener("fetch", (event) => {
  const { request, clientId } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (PAGE_PATHS.includes(pathname)) event.respondWith(openPage(event));
  } else if (pathname === SETTINGS) {
    event.respondWith(getSettings(request, clientId));
  } else if (request.destination || DATA_FILES.includes(pathname)) {
    event.respondWith(getFile(request, pathname, clientId));
  }
});

/** Responds to a navigation from the newest complete version; without any, from the network. */
async function openPage(event) {
  const version = await update(event);
  const page = version && await findFile(version, PAGE);
  if (!page) return fetch(event.request);
  await writeState(CLIENT + event.resultingClientId, { version, openedAt: Date.now() });
  event.waitUntil(removeUnused());
  return page;
}

/** Responds with the file of the version that the client was opened with. */
async function getFile(request, path, clientId) {
  const client = await readState(CLIENT + clientId);
  const file = client && await findFile(client.version, path);
  return file ?? fetch(request);   // of a page that was loaded from the network, or of a version that was evicted
}

/** Responds with the settings that were fetched when the client was opened. */
async function getSettings(request, clientId) {
  const settings = await readState(CLIENT + clientId) && await readState(SETTINGS);
  return settings ? jsonResponse(settings) : fetch(request);
}

/** Stores the server's version if it is a new one; returns the version to open, or undefined if there is none. */
async function update(event) {
  const current = await currentVersion();
  let manifest;
  try {
    manifest = await check();
  } catch {
    return current;   // no connection
  }
  if (manifest.version === current) return current;
  const updated = storeOnce(manifest).then(() => manifest.version, () => current);
  event.waitUntil(updated);
  return Promise.race([updated, delay(UPDATE_TIMEOUT_MS).then(() => current)]);
}

/** Fetches and stores the settings; returns the server's {version, files}, hashes by path. Throws without a connection. */
async function check() {
  const [manifest, settings] = await Promise.all([fetchJson(MANIFEST), fetchJson(SETTINGS)]);
  await writeState(SETTINGS, settings);
  return manifest;
}

async function fetchJson(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Stores all files of a version and makes it the current one. Throws if any file can't be fetched as it is listed. */
function storeOnce(manifest) {
  const { version } = manifest;
  const download = downloads.get(version) ?? storeFiles(manifest).finally(() => downloads.delete(version));
  downloads.set(version, download);
  return download;
}

async function storeFiles({ version, files }) {
  const previous = await currentVersion();
  const known = (previous && await (await findFile(previous, MANIFEST))?.json())?.files ?? {};
  const cache = await caches.open(FILES_CACHE + version);
  await Promise.all(Object.entries(files).map(async ([path, integrity]) => {
    // The page is fetched again also if it is the same: its headers may not be.
    const stored = path !== PAGE && known[path] === integrity && await findFile(previous, path);
    await cache.put(path, stored || await fetchFile(path, integrity));
  }));
  await cache.put(MANIFEST, jsonResponse({ version, files }));   // the last file: with it the version is complete
  await writeState(CURRENT, { version });
}

/** Fetches a file. `integrity` refuses one of another version, as during a deployment. */
async function fetchFile(path, integrity) {
  const { ok, status, headers, body } = await fetch(path, { cache: "no-cache", integrity });
  if (!ok) throw new Error(`${path}: ${status}`);
  return new Response(body, { headers });   // without a redirect, which no browser accepts for a navigation
}

/** Returns the version that was stored last, or undefined if none is, or it was evicted. */
async function currentVersion() {
  const version = (await readState(CURRENT))?.version;
  return version && await findFile(version, MANIFEST) ? version : undefined;
}

const findFile = (version, path) => caches.match(path, {
  cacheName: FILES_CACHE + version, ignoreVary: true, ignoreSearch: true,
});

/** Removes the versions that no open page uses, but the current one, and what is stored of closed pages. */
async function removeUnused() {
  const state = await caches.open(STATE_CACHE);
  const open = new Set((await worker.clients.matchAll({ includeUncontrolled: true })).map(({ id }) => CLIENT + id));
  const used = new Set([(await readState(CURRENT))?.version, ...downloads.keys()]);
  for (const request of await state.keys()) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(CLIENT)) continue;
    const client = await readState(pathname);
    if (open.has(pathname) || Date.now() - client.openedAt < OPENING_MS) used.add(client.version);
    else await state.delete(request);
  }
  for (const name of await caches.keys()) {
    if (name.startsWith(FILES_CACHE) && !used.has(name.slice(FILES_CACHE.length))) await caches.delete(name);
  }
}

// A worker is stopped whenever it has nothing to do: its state is in a cache, and not in variables.

async function readState(key) {
  const response = await caches.match(key, { cacheName: STATE_CACHE });
  return response?.json();
}

async function writeState(key, value) {
  const cache = await caches.open(STATE_CACHE);
  await cache.put(key, jsonResponse(value));
}

const jsonResponse = (value) => new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
