// node route_lines.mjs router.js automaton.json: reads one JSON string per line and writes the route of each as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [routerPath, automatonPath] = process.argv.slice(2);
const { createRouter } = await import(pathToFileURL(routerPath));
const route = createRouter(JSON.parse(readFileSync(automatonPath, "utf8")));
const lines = readFileSync(0, "utf8").split("\n");
process.stdout.write(lines.map((line) => JSON.stringify(route.whole(JSON.parse(line))) + "\n").join(""));
