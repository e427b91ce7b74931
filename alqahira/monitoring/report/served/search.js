/* The lists of the static site: what the query of the address asks for, of the files below search/. As on the served
   site, but the newest first, and without phrases. Whatever was crawled goes in as text, by append and setAttribute. */
"use strict";

const read = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};

const element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const address = (pairs, page = 1) => {
  const query = new URLSearchParams([...pairs, ...(page > 1 ? [["page", page]] : [])]).toString();
  return query ? `index.html?${query}` : "index.html";
};

const shown = (n) => n.toLocaleString("en-US");

// --- words ---

/* The words of a text as alqahira.text.normalization folds them; the index has its letters. */
const folded = (text, letters) => [...new Set([...text.normalize("NFKC").toLowerCase()]
  .map((letter) => letters[letter] ?? letter).join("")
  .replace(/[\p{M}\u0640\u200c\u200d]/gu, "")
  .replace(/(?<=[0-9]),(?=[0-9]{3}(?![0-9]))/g, "")
  .replace(/(?<![0-9])\.|\.(?![0-9])|[^\p{L}\p{N}.]/gu, " ")
  .split(" ").filter(Boolean))];

const stemOf = (word, index) => {
  const stem = word.replace(new RegExp(`^${index.article}`), "");
  const [first, last] = index.between;
  return stem.length >= index.shortest && stem[0] >= first && stem[0] <= last ? stem : word;
};

/* The articles that have a word, by number. */
const having = async (word, index) => {
  const stem = stemOf(word, index);
  let shard = 0;
  for (const letter of stem) shard = (shard * 31 + letter.codePointAt(0)) % index.shards;
  const places = await read(`search/words/${shard}.json`);
  const found = new Set();
  let number = 0;
  for (const step of Object.hasOwn(places, stem) ? places[stem] : []) found.add((number += step));
  return found;
};

// --- what is found ---

const select = async (index, words, given, chosen) => {
  const known = new Map(index.labels.map(([kind, value], n) => [JSON.stringify([kind, value]), n]));
  const wanted = chosen.map((pair) => known.get(JSON.stringify(pair)));
  const sets = await Promise.all(words.map((word) => having(word, index)));
  if (given.q && !sets.length) return [];
  return [...index.rows.keys()].filter((n) => {
    const [day, labels] = index.rows[n];
    return sets.every((set) => set.has(n)) && wanted.every((label) => labels.includes(label))
      && (!given.since || day >= given.since) && (!given.until || (day && day <= given.until));
  });
};

const cardsOf = async (numbers, index) => {
  const files = new Map();
  for (const n of numbers) {
    const file = Math.floor(n / index.cards);
    if (!files.has(file)) files.set(file, read(`search/cards/${file}.json`));
  }
  return Promise.all(numbers.map(async (n) => (await files.get(Math.floor(n / index.cards)))[n % index.cards]));
};

// --- what is shown ---

const labelLink = (text, href) => element("a", { class: "label", href }, element("bdi", {}, text));

const story = (card, labels) => element("li", {},
  element("h3", {}, element("a", { href: `articles/${encodeURIComponent(card.file)}` },
    element("bdi", { class: "headline" }, card.headline || "بلا عنوان"))),
  element("p", { class: "meta" }, ...card.facts.map((fact) => element("span", {}, fact)),
    ...card.warnings.map((warning) => element("span", { class: "warning" }, warning))),
  element("p", { class: "lead", dir: "auto" }, card.lead),
  element("p", { class: "labels" }, ...labels.map(([kind, value, text]) => labelLink(text, address([[kind, value]])))));

const facet = (name, values, { first_values, most_values }) => {
  const lists = [values.slice(0, first_values), values.slice(first_values, most_values)]
    .map((part) => element("ul", { class: "facet" }, ...part));
  const more = values.length > first_values ? [element("details", {}, element("summary", {}, "المزيد"), lists[1])] : [];
  return element("section", {}, element("h2", {}, name), lists[0], ...more);
};

const facets = (index, found, pairs, chosen) => {
  const counts = new Array(index.labels.length).fill(0);
  for (const n of found) for (const label of index.rows[n][1]) counts[label] += 1;
  return index.kinds.map(([kind, name]) => {
    const values = index.labels.map(([of, value, text], n) => ({ of, value, text, n: counts[n] }))
      .filter((each) => each.of === kind && each.n)
      .sort((one, other) => (kind === "day" ? 0 : other.n - one.n)
        || (one.value < other.value ? -1 : 1) * (kind === "day" ? -1 : 1));
    return [name, values.map(({ value, text, n }) => {
      const at = chosen.find((pair) => pair[0] === kind && pair[1] === value);
      const rest = at ? pairs.filter((pair) => pair !== at) : [...pairs, [kind, value]];
      const current = at ? { "aria-current": "true" } : {};
      const link = element("a", { href: address(rest), ...current }, element("bdi", {}, text));
      return element("li", {}, link, " ", element("b", {}, shown(n)));
    })];
  }).filter(([, values]) => values.length).map(([name, values]) => facet(name, values, index.limits));
};

const pager = (pairs, page, pages) => element("nav", { class: "pages", "aria-label": "صفحات النتائج" },
  ...(page > 1 ? [element("a", { rel: "prev", href: address(pairs, page - 1) }, "الأحدث")] : []),
  element("span", {}, `${shown(page)} من ${shown(pages)}`),
  ...(page < pages ? [element("a", { rel: "next", href: address(pairs, page + 1) }, "الأقدم")] : []));

const note = (text) => element("p", { class: "note" }, text);

const show = async (asked, results) => {
  const index = await read("search/articles.json");
  const { per_page, most_words, longest_query } = index.limits;
  const kinds = index.kinds.map(([kind]) => kind);
  const given = Object.fromEntries(["q", "since", "until"]
    .map((name) => [name, (asked.get(name) ?? "").trim().slice(0, longest_query)]));
  const chosen = [...asked].filter(([kind]) => kinds.includes(kind)).slice(0, most_words);
  const pairs = [...Object.entries(given).filter(([, value]) => value), ...chosen];
  const form = document.querySelector("form.search");
  for (const [name, value] of Object.entries(given)) form.elements[name].value = value;
  form.append(...chosen.map(([name, value]) => element("input", { type: "hidden", name, value })));

  const words = folded(given.q, index.letters);
  const found = await select(index, words.slice(0, most_words), given, chosen);
  const pages = Math.max(1, Math.ceil(found.length / per_page));
  const page = Math.min(pages, Math.max(1, Number.parseInt(asked.get("page"), 10) || 1));
  const numbers = found.slice((page - 1) * per_page, page * per_page);
  const cards = await cardsOf(numbers, index);

  const texts = new Map(index.labels.map(([kind, value, text]) => [JSON.stringify([kind, value]), text]));
  const prefixes = { since: "من ", until: "إلى " };
  const conditions = pairs.map((pair) => {
    const [name, value] = pair;
    const text = texts.get(JSON.stringify([name in prefixes ? "day" : name, value])) ?? value;
    return labelLink(`${prefixes[name] ?? ""}${text} ✕`, address(pairs.filter((other) => other !== pair)));
  });
  results.replaceChildren(
    element("h2", { id: "results-title" }, `${shown(found.length)} مادة`),
    ...(pairs.length ? [element("p", { class: "chosen" }, ...conditions, element("a", { href: "index.html" }, "الكل"))] : []),
    ...(words.length > most_words ? [note(`بُحث بأول ${shown(most_words)} كلمة وحدها.`)] : []),
    element("p", { class: "meta" }, element("a", { class: "to-filters", href: "#filters" }, "التصفية")),
    numbers.length
      ? element("ol", { class: "stories" }, ...cards.map((card, at) =>
        story(card, index.rows[numbers[at]][1].map((n) => index.labels[n]).filter(([kind]) => kind !== "day")
          .sort((one, other) => kinds.indexOf(one[0]) - kinds.indexOf(other[0])))))
      : note("لا مادة بهذا كله. احذف شرطًا، أو جرّب كلمة أقصر."),
    ...(pages > 1 ? [pager(pairs, page, pages)] : []));
  document.getElementById("filters").replaceChildren(...facets(index, found, pairs, chosen));
};

const start = async () => {
  const asked = new URLSearchParams(location.search);
  // The page as it is written shows the newest of all.
  if (![...asked.values()].some(Boolean)) return;
  const results = document.querySelector(".results");
  results.setAttribute("aria-busy", "true");
  try {
    await show(asked, results);
  } catch (error) {
    results.replaceChildren(note("تعذرت قراءة فهرس البحث: يحتاج إلى خادم ملفات، لا إلى ملف يُفتح من القرص."));
    console.error(error);
  }
  results.removeAttribute("aria-busy");
};

start();
