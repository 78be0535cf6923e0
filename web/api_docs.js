// The page that describes the HTTP API: /openapi.json, written out for people.

import { el } from "./dom.js";

let components;

/** Text in which `words` in backquotes are code, and an empty line ends a paragraph. */
function prose(text) {
  return text.split("\n\n").map((paragraph) => el("p", {}, ...inline(paragraph)));
}

function inline(text = "") {
  return text.split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part));
}

/** What a `$ref` stands for, with the name that it goes by. */
function resolve(part) {
  if (!part.$ref) return part;
  const [kind, name] = part.$ref.split("/").slice(-2);
  return components[kind][name];
}

const nameOf = (reference) => reference.split("/").at(-1);
const code = (value) => el("code", {}, typeof value === "string" ? value : JSON.stringify(value));
const between = (nodes, separator) => nodes.flatMap((node, place) => (place ? [separator, node] : [node]));
const choices = (values) => between(values.map(code), ", ");

/** The kind of value that a schema describes, as nodes: types, bounds, formats, and links to what has a name. */
function kind(schema) {
  if (schema.$ref) return [el("a", { href: `#${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  if (schema.const !== undefined) return [code(schema.const)];
  if (schema.enum) return ["one of ", ...choices(schema.enum)];
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return between(either.map((one) => el("span", {}, ...kind(one))), " or ");
  if (schema.type === "array") return ["list of ", ...kind(schema.items), ...bounds(schema)];
  const types = [schema.type ?? []].flat().join(" or ");
  return [[types, schema.format && `(${schema.format})`].filter(Boolean).join(" "), ...bounds(schema)];
}

function bounds(schema) {
  const said = [];
  const least = schema.minimum ?? schema.exclusiveMinimum;
  if (least !== undefined) said.push(`${schema.minimum === undefined ? "more than" : "from"} ${least}`);
  if (schema.maximum !== undefined) said.push(`${least === undefined ? "up " : ""}to ${schema.maximum}`);
  if (schema.multipleOf) said.push(`in steps of ${schema.multipleOf}`);
  if (schema.maxLength) said.push(`${schema.minLength ?? 0} to ${schema.maxLength} characters`);
  if (schema.maxItems) said.push(`at most ${schema.maxItems}`);
  const nodes = said.length ? [`, ${said.join(" ")}`] : [];
  return schema.pattern ? [...nodes, " matching ", code(schema.pattern)] : nodes;
}

/** What is said of a field: of itself, or of what it is where it isn't null. */
function said(schema) {
  return { ...(schema.anyOf && resolve(schema.anyOf[0])), ...schema };
}

/** One line of a list of fields or parameters. */
function field(name, schema, { where, description = said(schema).description, needed, example = said(schema).examples?.[0] }) {
  const notes = [
    ...inline(description),
    schema.default !== undefined && el("span", {}, " Default: ", code(schema.default), "."),
    example !== undefined && el("span", {}, " Such as ", code(example), "."),
  ];
  return el("div", {},
    el("dt", {},
      el("code", {}, name),
      el("span", { class: "kind" }, ...kind(schema)),
      where && el("span", { class: "soft" }, `in the ${where}`),
      needed && el("span", { class: "needed" }, "required")),
    el("dd", {}, ...notes));
}

function fields(schema) {
  const rows = Object.entries(schema.properties).map(([name, part]) =>
    field(name, part, { needed: schema.required?.includes(name) }));
  return el("dl", { class: "fields" }, ...rows);
}

/** A value of the schema's form, made of its examples. */
function sample(schema) {
  const known = schema.examples?.[0] ?? schema.const ?? schema.enum?.[0] ?? schema.default;
  if (known !== undefined) return known;
  if (schema.$ref) return sample(resolve(schema));
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return sample(either[0]);
  if (schema.type === "array") return [sample(schema.items)];
  if (schema.properties) {
    const told = Object.entries(schema.properties).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(told.map(([name, part]) => [name, sample(part)]));
  }
  const format = { date: "2026-11-22", "date-time": "2026-11-22T10:15:30-07:00", uuid: "0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10" };
  return { string: format[schema.format] ?? "…", number: Math.max(schema.minimum ?? 0, 1), integer: 1, boolean: false, object: {} }[schema.type];
}

const sampleOf = (schema) => el("pre", { class: "sample" }, el("code", {}, JSON.stringify(sample(schema), null, 2)));

function operation(path, method, described) {
  const parameters = described.parameters.map(resolve);
  const body = described.requestBody?.content["application/json"].schema;
  const replies = Object.entries(described.responses).map(([status, reply]) => [status, resolve(reply)]);
  const answer = replies.find(([status]) => status < "300")[1].content["application/json"].schema;
  return el("article", { class: "entry", id: described.operationId, "aria-labelledby": `${described.operationId}-name` },
    el("div", { class: "entry-name" },
      el("span", { class: "method", "data-method": method, "aria-hidden": "true" }, method.toUpperCase()),
      el("h3", { id: `${described.operationId}-name` },
        el("span", { class: "visually-hidden" }, `${method.toUpperCase()} `), el("code", {}, path))),
    el("p", {}, ...inline(`${described.summary}.`)),
    parameters.length > 0 && el("div", {},
      el("h4", {}, "Parameters"),
      el("dl", { class: "fields" }, ...parameters.map(({ name, in: where, schema, description, required, example }) =>
        field(name, schema, { where, description, needed: required, example })))),
    body && el("div", {}, el("h4", {}, "Body"), el("p", { class: "soft" }, described.requestBody.description), fields(resolve(body))),
    el("div", {},
      el("h4", {}, "Answers"),
      el("dl", { class: "fields statuses" }, ...replies.map(([status, reply]) =>
        el("div", {}, el("dt", {}, status), el("dd", {}, ...inline(reply.description))))),
      body && el("details", {}, el("summary", {}, "A body to send"), sampleOf(body)),
      el("details", {}, el("summary", {}, "An answer"), el("p", {}, ...kind(answer)), sampleOf(answer))));
}

function part(name, schema) {
  const either = schema.oneOf ?? schema.enum;
  return el("article", { class: "entry", id: name, "aria-labelledby": `${name}-name` },
    el("h3", { id: `${name}-name` }, el("code", {}, name)),
    el("div", { class: "prose" }, ...prose(schema.description ?? "")),
    schema.properties && fields(schema),
    either && el("p", {}, ...kind(schema)));
}

function describe(api) {
  const routes = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ path, method, described })));
  const contents = document.getElementById("contents");
  const main = document.getElementById("description");
  main.append(el("section", { class: "prose", "aria-label": "What holds everywhere" },
    ...prose(api.info.description), ...prose(components.securitySchemes.traveller.description)));
  for (const tag of api.tags) {
    const tagged = routes.filter(({ described }) => described.tags.includes(tag.name));
    contents.append(el("h2", {}, tag.name), el("ul", {}, ...tagged.map(({ path, method, described }) =>
      el("li", {}, el("a", { href: `#${described.operationId}` },
        el("span", { class: "method", "data-method": method }, method.toUpperCase()), el("code", {}, path.replace("/v1", "")))))));
    main.append(el("section", { "aria-labelledby": `tag-${tag.name}` },
      el("h2", { id: `tag-${tag.name}` }, tag.name),
      el("p", {}, ...inline(tag.description)),
      ...tagged.map(({ path, method, described }) => operation(path, method, described))));
  }
  contents.append(el("h2", {}, "Parts"), el("a", { href: "#tag-parts" }, "What answers are made of"));
  main.append(el("section", { "aria-labelledby": "tag-parts" },
    el("h2", { id: "tag-parts" }, "Parts"),
    ...Object.entries(components.schemas).map(([name, schema]) => part(name, schema))));
  document.getElementById("version").textContent = api.info.version;
  main.setAttribute("aria-busy", "false");
}

try {
  const reply = await fetch("/openapi.json");
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  const api = await reply.json();
  components = api.components;
  describe(api);
  // What the address names wasn't there yet when the browser looked for it.
  if (location.hash) location.replace(location.hash);
} catch (error) {
  const problem = document.getElementById("problem");
  problem.hidden = false;
  problem.textContent = `The description couldn't be read (${error.message}). Please reload the page.`;
}
