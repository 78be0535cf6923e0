// Renders /openapi.json as documentation.

import { byId, el } from "./dom.js";

const FORMAT_EXAMPLES = {
  date: "2026-11-22",
  "date-time": "2026-11-22T10:15:30-07:00",
  uuid: "0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10",
};

let components;

/** Creates paragraphs from a text: split at empty lines, with `backquoted` parts as code. */
function paragraphs(text) {
  return text.split("\n\n").map((paragraph) => el("p", {}, ...inline(paragraph)));
}

function inline(text = "") {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

/** Returns the component that a `$ref` points to, or the object itself without one. */
function resolve(object) {
  if (!object.$ref) return object;
  const [kind, name] = object.$ref.split("/").slice(-2);
  return components[kind][name];
}

const nameOf = (reference) => reference.split("/").at(-1);
const code = (value) => el("code", {}, typeof value === "string" ? value : JSON.stringify(value));
const join = (nodes, separator) => nodes.flatMap((node, index) => (index ? [separator, node] : [node]));
const choices = (values) => join(values.map(code), ", ");

/** Describes a schema's type, format and bounds as nodes, with links to components. */
function typeNodes(schema) {
  if (schema.$ref) return [el("a", { href: `#${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  if (schema.const !== undefined) return [code(schema.const)];
  if (schema.enum) return ["one of ", ...choices(schema.enum)];
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return join(options.map((option) => el("span", {}, ...typeNodes(option))), " or ");
  if (schema.type === "array") return ["list of ", ...typeNodes(schema.items), ...boundNodes(schema)];
  const types = [schema.type ?? []].flat().join(" or ");
  return [[types, schema.format && `(${schema.format})`].filter(Boolean).join(" "), ...boundNodes(schema)];
}

function boundNodes(schema) {
  const bounds = [];
  const minimum = schema.minimum ?? schema.exclusiveMinimum;
  if (minimum !== undefined) bounds.push(`${schema.minimum === undefined ? "more than" : "from"} ${minimum}`);
  if (schema.maximum !== undefined) bounds.push(`${minimum === undefined ? "up " : ""}to ${schema.maximum}`);
  if (schema.multipleOf) bounds.push(`in steps of ${schema.multipleOf}`);
  if (schema.maxLength) bounds.push(`${schema.minLength ?? 0} to ${schema.maxLength} characters`);
  if (schema.maxItems) bounds.push(`at most ${schema.maxItems}`);
  const nodes = bounds.length ? [`, ${bounds.join(" ")}`] : [];
  return schema.pattern ? [...nodes, " matching ", code(schema.pattern)] : nodes;
}

/** Returns a field's schema together with that of its value if it isn't null. */
function withValueSchema(schema) {
  return { ...(schema.anyOf && resolve(schema.anyOf[0])), ...schema };
}

/**
 * Creates the row of a field or parameter.
 * @param {string} name
 * @param {any} schema
 * @param {{where?: string, description?: string, required?: boolean, example?: any}} about
 */
function fieldRow(name, schema, { where, description, required, example }) {
  const merged = withValueSchema(schema);
  description ??= merged.description;
  example ??= merged.examples?.[0];
  const notes = [
    ...inline(description),
    schema.default !== undefined && el("span", {}, " Default: ", code(schema.default), "."),
    example !== undefined && el("span", {}, " Such as ", code(example), "."),
  ];
  return el("div", {},
    el("dt", {},
      el("code", {}, name),
      el("span", { class: "kind" }, ...typeNodes(schema)),
      where && el("span", { class: "muted" }, `in the ${where}`),
      required && el("span", { class: "required" }, "required")),
    el("dd", {}, ...notes));
}

function fieldList(schema) {
  const rows = Object.entries(schema.properties).map(([name, part]) =>
    fieldRow(name, part, { required: schema.required?.includes(name) }));
  return el("dl", { class: "fields" }, ...rows);
}

/** Builds an example value for a schema from the examples in it. */
function exampleOf(schema) {
  const given = schema.examples?.[0] ?? schema.const ?? schema.enum?.[0] ?? schema.default;
  if (given !== undefined) return given;
  if (schema.$ref) return exampleOf(resolve(schema));
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return exampleOf(options[0]);
  if (schema.type === "array") return [exampleOf(schema.items)];
  if (schema.properties) {
    const required = Object.entries(schema.properties).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(required.map(([name, part]) => [name, exampleOf(part)]));
  }
  const string = FORMAT_EXAMPLES[schema.format] ?? "…";
  const number = Math.max(schema.minimum ?? 0, 1);
  return { string, number, integer: 1, boolean: false, object: {} }[schema.type];
}

const exampleNode = (schema) =>
  el("pre", { class: "sample" }, el("code", {}, JSON.stringify(exampleOf(schema), null, 2)));

/** Creates the entry of a route. */
function operationEntry(path, method, operation) {
  const parameters = operation.parameters.map(resolve);
  const body = operation.requestBody?.content["application/json"].schema;
  const responses = Object.entries(operation.responses).map(([status, response]) => [status, resolve(response)]);
  const success = responses.find(([status]) => status < "300")?.[1].content["application/json"].schema;
  const id = operation.operationId;
  return el("article", { class: "entry", id, "aria-labelledby": `${id}-name` },
    el("div", { class: "entry-name" },
      el("span", { class: "method", "data-method": method, "aria-hidden": "true" }, method.toUpperCase()),
      el("h3", { id: `${id}-name` },
        el("span", { class: "visually-hidden" }, `${method.toUpperCase()} `), el("code", {}, path))),
    el("p", {}, ...inline(`${operation.summary}.`)),
    parameters.length > 0 && el("div", {},
      el("h4", {}, "Parameters"),
      el("dl", { class: "fields" }, ...parameters.map(({ name, in: where, schema, description, required, example }) =>
        fieldRow(name, schema, { where, description, required, example })))),
    body && el("div", {},
      el("h4", {}, "Body"), el("p", { class: "muted" }, operation.requestBody.description), fieldList(resolve(body))),
    el("div", {},
      el("h4", {}, "Answers"),
      el("dl", { class: "fields statuses" }, ...responses.map(([status, response]) =>
        el("div", {}, el("dt", {}, status), el("dd", {}, ...inline(response.description))))),
      body && el("details", {}, el("summary", {}, "A body to send"), exampleNode(body)),
      el("details", {}, el("summary", {}, "An answer"), el("p", {}, ...typeNodes(success)), exampleNode(success))));
}

/** Creates the entry of a schema that routes share. */
function schemaEntry(name, schema) {
  const options = schema.oneOf ?? schema.enum;
  return el("article", { class: "entry", id: name, "aria-labelledby": `${name}-name` },
    el("h3", { id: `${name}-name` }, el("code", {}, name)),
    el("div", { class: "prose" }, ...paragraphs(schema.description ?? "")),
    schema.properties && fieldList(schema),
    options && el("p", {}, ...typeNodes(schema)));
}

function render(api) {
  const routes = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const contents = byId("contents");
  const main = byId("description");
  main.append(el("section", { class: "prose", "aria-label": "What holds everywhere" },
    ...paragraphs(api.info.description),
    ...Object.values(components.securitySchemes).flatMap((scheme) => paragraphs(scheme.description))));
  for (const tag of api.tags) {
    const tagged = routes.filter(({ operation }) => operation.tags.includes(tag.name));
    contents.append(el("h2", {}, tag.name), el("ul", {}, ...tagged.map(({ path, method, operation }) =>
      el("li", {}, el("a", { href: `#${operation.operationId}` },
        el("span", { class: "method", "data-method": method }, method.toUpperCase()),
        el("code", {}, path.replace("/v1", "")))))));
    main.append(el("section", { "aria-labelledby": `tag-${tag.name}` },
      el("h2", { id: `tag-${tag.name}` }, tag.name),
      el("p", {}, ...inline(tag.description)),
      ...tagged.map(({ path, method, operation }) => operationEntry(path, method, operation))));
  }
  contents.append(el("h2", {}, "Parts"), el("a", { href: "#tag-parts" }, "What answers are made of"));
  main.append(el("section", { "aria-labelledby": "tag-parts" },
    el("h2", { id: "tag-parts" }, "Parts"),
    ...Object.entries(components.schemas).map(([name, schema]) => schemaEntry(name, schema))));
  byId("version").textContent = api.info.version;
  main.setAttribute("aria-busy", "false");
}

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`status ${response.status}`);
  const api = await response.json();
  components = api.components;
  render(api);
  // The target of the fragment didn't exist when the browser looked for it.
  if (location.hash) location.replace(location.hash);
} catch (error) {
  const problem = byId("problem");
  problem.hidden = false;
  problem.textContent = `The description couldn't be read (${error instanceof Error ? error.message : error}). Please reload the page.`;
}
