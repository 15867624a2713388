// The page: ask a question, look into a run, look up an answer.
import { html, render, useEffect, useState } from "./vendor/preact.js";
import { get, key } from "./api.js";
import { Ask } from "./ask.js";
import { Records } from "./records.js";
import { Runs } from "./runs.js";

// A view's name in the address, its name on the page, and what shows the rest of the address.
const VIEWS = [
  ["ask", "Ask", () => html`<${Ask} />`],
  ["runs", "Runs", (path) => html`<${Runs} path=${path} />`],
  ["records", "Records", () => html`<${Records} />`],
];

function Key({ done }) {
  const [value, setValue] = useState("");
  const submit = (event) => {
    event.preventDefault();
    key.set(value.trim());
    done();
  };
  return html`<form class="card" onSubmit=${submit}>
    <h2>This server asks for a key</h2>
    <label for="key">API key</label>
    <input id="key" type="password" autocomplete="off" value=${value} onInput=${(e) => setValue(e.target.value)} />
    <p class="soft">It is kept in this tab until it is closed.</p>
    <button class="main">Use it</button>
  </form>`;
}

function App() {
  const [model, setModel] = useState(null);
  const [locked, setLocked] = useState(false);
  const [failure, setFailure] = useState("");
  const [hash, setHash] = useState(location.hash);
  const load = () => {
    setLocked(false);
    get("/v1/models").then(
      (body) => { setModel(body.data[0].id); setFailure(""); },
      (error) => (error.status === 401 ? setLocked(true) : setFailure(error.message)),
    );
  };
  useEffect(() => {
    load();
    const turned = () => setHash(location.hash);
    addEventListener("hashchange", turned);
    return () => removeEventListener("hashchange", turned);
  }, []);
  const [asked, ...path] = hash.slice(1).split("/");
  const [view, , show] = VIEWS.find(([one]) => one === asked) || VIEWS[0];
  return html`
    <header>
      <h1>MedS3</h1>
      <span class="soft">${model ? `model ${model}` : ""}</span>
      <nav aria-label="Views">
        ${VIEWS.map(([one, name]) => html`<a key=${one} href=${`#${one}`} aria-current=${one === view ? "page" : null}>${name}</a>`)}
      </nav>
    </header>
    <main>
      <p class="note">Research software, not a medical device. Nothing here is medical advice; refer to a clinician for any decision about care.</p>
      ${failure && html`<p class="error" role="alert">${failure}</p>`}
      ${locked ? html`<${Key} done=${load} />` : show(path.join("/"))}
    </main>`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
