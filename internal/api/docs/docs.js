// Renders openapi.json as a page. All text goes through textContent: nothing of the document is taken as HTML.
"use strict";

const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  Object.assign(node, attributes);
  node.append(...children);
  return node;
};

const row = (cells, tag = "td") => make("tr", {}, ...cells.map((text) => make(tag, { textContent: text ?? "" })));

const table = (head, rows) => make("table", {}, make("thead", {}, row(head, "th")), make("tbody", {}, ...rows.map((cells) => row(cells))));

// resolve follows a $ref inside the document.
const resolve = (doc, schema) => {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.slice(2).split("/").reduce((at, key) => at[key], doc);
};

// example makes a value of a schema's shape, as far as it goes.
const example = (doc, schema, depth = 0) => {
  const s = resolve(doc, schema);
  if (s.example !== undefined) return s.example;
  if (s.examples) return s.examples[0];
  if (s.enum) return s.enum[0];
  if (s.anyOf) return example(doc, s.anyOf[0], depth + 1);
  const type = Array.isArray(s.type) ? s.type[0] : s.type;
  if (depth > 6) return null;
  if (type === "object") {
    return Object.fromEntries(Object.entries(s.properties ?? {}).map(([name, p]) => [name, example(doc, p, depth + 1)]));
  }
  if (type === "array") return [example(doc, s.items, depth + 1)];
  return { string: s.format ?? "text", number: 0, integer: 0, boolean: true }[type] ?? null;
};

const json = (content, doc) => {
  const media = content?.["application/json"];
  return media ? make("pre", { textContent: JSON.stringify(example(doc, media.schema), null, 2) }) : "";
};

const route = (doc, path, method, op) => {
  const open = op.security?.length ? make("span", { className: "lock", textContent: " · needs a token" }) : "";
  const body = make("details", { id: op.operationId },
    make("summary", {}, make("span", { className: "method", textContent: method.toUpperCase() }),
      make("code", { textContent: path }), ` ${op.summary}`, open));
  if (op.description) body.append(make("p", { textContent: op.description }));
  if (op.parameters?.length) {
    body.append(table(["Parameter", "In", "Meaning"], op.parameters.map((p) => [p.name, p.in, p.description])));
  }
  if (op.requestBody) body.append(make("h4", { textContent: "Body" }), json(op.requestBody.content, doc));
  const answers = Object.entries(op.responses).sort(([a], [b]) => a.localeCompare(b));
  for (const [status, r] of answers.filter(([status]) => status < "300")) {
    body.append(make("h4", { textContent: `Answer ${status}` }), json(r.content, doc));
  }
  body.append(table(["Status", "error.code"], answers.filter(([status]) => status >= "300")
    .map(([status, r]) => [status, (r["x-error-codes"] ?? []).join(", ")])));
  return body;
};

const show = (doc) => {
  document.getElementById("version").textContent = doc.info.version;
  document.getElementById("about").textContent = doc.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(methods)) {
      const tag = op.tags?.[0] ?? "Other";
      groups.set(tag, [...(groups.get(tag) ?? []), route(doc, path, method, op)]);
    }
  }
  document.getElementById("routes").replaceChildren(...[...groups].map(([tag, routes]) =>
    make("section", {}, make("h2", { textContent: tag }), ...routes)));
  if (location.hash) document.querySelector(location.hash)?.setAttribute("open", "");
};

document.getElementById("filter").addEventListener("input", (event) => {
  const word = event.target.value.toLowerCase();
  for (const one of document.querySelectorAll("details")) one.hidden = !one.textContent.toLowerCase().includes(word);
});

fetch("openapi.json").then((r) => r.json()).then(show, () => {
  document.getElementById("routes").textContent = "The description could not be loaded; reload the page.";
});
