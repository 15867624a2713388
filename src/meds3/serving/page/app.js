// The page: ask a question, or look into a run.
import { html, render, useEffect, useState } from "./vendor/preact.js";
import { get, key } from "./api.js";
import { Ask } from "./ask.js";
import { Runs } from "./runs.js";

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
  const [view, setView] = useState(location.hash || "#ask");
  const load = () => {
    setLocked(false);
    get("/v1/models").then(
      (body) => { setModel(body.data[0].id); setFailure(""); },
      (error) => (error.status === 401 ? setLocked(true) : setFailure(error.message)),
    );
  };
  useEffect(() => {
    load();
    const turned = () => setView(location.hash || "#ask");
    addEventListener("hashchange", turned);
    return () => removeEventListener("hashchange", turned);
  }, []);
  const runs = view.startsWith("#runs");
  return html`
    <header>
      <h1>MedS3</h1>
      <span class="soft">${model ? `model ${model}` : ""}</span>
      <nav aria-label="Views">
        <a href="#ask" aria-current=${runs ? null : "page"}>Ask</a>
        <a href="#runs" aria-current=${runs ? "page" : null}>Runs</a>
      </nav>
    </header>
    <main>
      <p class="note">Research software, not a medical device. Nothing here is medical advice; refer to a clinician for any decision about care.</p>
      ${failure && html`<p class="error" role="alert">${failure}</p>`}
      ${locked ? html`<${Key} done=${load} />` : runs ? html`<${Runs} path=${view.slice(6)} />` : html`<${Ask} />`}
    </main>`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
