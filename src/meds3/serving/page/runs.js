// Look into a run: its rounds, its problems, the tree of one.
import { html, useEffect, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { Tree } from "./tree.js";

const percent = (share) => `${(100 * share).toFixed(1)}%`;

export function Runs({ path }) {
  const [name, round, problem] = path.split("/").map(decodeURIComponent);
  const [runs, setRuns] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    get("/v1/runs").then((body) => setRuns(body.runs), (failure) => setError(failure.message));
  }, []);
  if (error) return html`<p class="error" role="alert">${error}</p>`;
  if (!runs) return html`<p class="soft">Looking for runs …</p>`;
  if (!runs.length) return html`<section class="card"><h2>No runs yet</h2><p>The server's folder of runs is empty. <code>make evolve</code> makes one.</p></section>`;
  const chosen = name || runs[0].name;
  return html`<section class="card">
      <label for="run">Run</label>
      <select id="run" value=${chosen} onChange=${(e) => { location.hash = `#runs/${encodeURIComponent(e.target.value)}`; }}>
        ${runs.map((run) => html`<option key=${run.name} value=${run.name}>${run.name}${run.results ? "" : " (no results yet)"} · ${run.created.slice(0, 10)}</option>`)}
      </select>
    </section>
    <${Run} key=${chosen} name=${chosen} round=${Number(round) || null} problem=${problem} />`;
}

function Run({ name, round, problem }) {
  const [run, setRun] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    get(`/v1/runs/${encodeURIComponent(name)}`).then(setRun, (failure) => setError(failure.message));
  }, [name]);
  if (error) return html`<p class="error" role="alert">${error}</p>`;
  if (!run) return html`<p class="soft">Reading ${name} …</p>`;
  const shown = round || run.searched.at(-1)?.round;
  return html`${run.rows.length > 0 && html`<${Results} run=${run} />`}
    ${run.searched.length === 0
      ? html`<section class="card"><h2>No trees</h2><p class="soft">This run has not searched yet, or its trees were not kept. Done so far: ${run.stages.join(", ") || "nothing"}.</p></section>`
      : html`<${Problems} key=${`${name}/${shown}`} run=${run} round=${shown} problem=${problem} />`}`;
}

function Results({ run }) {
  const systems = [...new Set(run.rows.map((row) => row.system))];
  const strategies = [...new Set(run.rows.map((row) => row.strategy))];
  const cell = (system, strategy) => {
    const row = run.rows.find((one) => one.system === system && one.strategy === strategy);
    return row ? html`${percent(row.accuracy)} <span class="soft">(${(100 * row.low).toFixed(0)}–${(100 * row.high).toFixed(0)})</span>` : "–";
  };
  return html`<section class="card"><h2>Accuracy on ${run.rows[0].n_questions} held-out questions</h2>
    <div class="scroll" tabindex="0"><table>
      <thead><tr><th>system</th>${strategies.map((one) => html`<th key=${one}>${one}</th>`)}</tr></thead>
      <tbody>${systems.map((system) => html`<tr key=${system}><td>${system}</td>${strategies.map((one) => html`<td key=${one}>${cell(system, one)}</td>`)}</tr>`)}</tbody>
    </table></div>
    ${run.gates.map((gate) => html`<p class="soft" key=${gate.round}>Round ${gate.round} ${gate.kept ? "kept" : "rolled back"}: ${gate.reason}</p>`)}
    <p class="soft">In brackets the 95% interval. The full account is in the run's report.html.</p></section>`;
}

function Problems({ run, round, problem }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState(null);
  const [error, setError] = useState("");
  const load = (start) => {
    const query = new URLSearchParams({ round, text, start });
    return get(`/v1/runs/${encodeURIComponent(run.name)}/problems?${query}`).then(
      (body) => setFound((old) => ({ ...body, problems: start ? [...old.problems, ...body.problems] : body.problems })),
      (failure) => setError(failure.message),
    );
  };
  useEffect(() => {
    const later = setTimeout(() => load(0), 200);
    return () => clearTimeout(later);
  }, [text]);
  const open = (id) => { location.hash = `#runs/${encodeURIComponent(run.name)}/${round}/${encodeURIComponent(id)}`; };
  return html`<div class="columns">
    <section class="card"><h2>Problems</h2>
      ${run.searched.length > 1 && html`<label for="round">Round</label><select id="round" value=${round} onChange=${(e) => { location.hash = `#runs/${encodeURIComponent(run.name)}/${e.target.value}`; }}>
        ${run.searched.map((one) => html`<option key=${one.round} value=${one.round}>${one.round}: ${one.trees} trees${one.growing ? `, ${one.growing} growing` : ""}</option>`)}</select>`}
      <label for="search">Search</label>
      <input id="search" type="search" value=${text} placeholder="words of the question, an id, a dataset" onInput=${(e) => setText(e.target.value)} />
      ${error && html`<p class="error" role="alert">${error}</p>`}
      <ul class="problems" tabindex="-1">${(found?.problems || []).map((one) => html`<li key=${one.id}><button aria-pressed=${one.id === problem} onClick=${() => open(one.id)}>
        <span title=${one.growing ? "growing" : one.solved ? "solved" : "not solved"}>${one.growing ? "…" : one.solved ? "✓" : "–"}</span>
        <span><span class="clip">${one.question}</span><small>${one.dataset} · ${one.nodes} steps · ${one.growing ? "growing" : one.solved ? "solved" : "not solved"}</small></span></button></li>`)}</ul>
      ${found && !found.problems.length && html`<p class="soft">None.</p>`}
      ${found?.more && html`<button onClick=${() => load(found.problems.length)}>More</button>`}
    </section>
    ${problem ? html`<${Tree} key=${problem} run=${run.name} round=${round} problem=${problem} />`
      : html`<section class="card"><h2>Its tree</h2><p class="soft">Choose a problem to see what the search made of it.</p></section>`}
  </div>`;
}
