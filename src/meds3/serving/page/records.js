// The records of answers: look one up, open it, delete it.
import { html, useEffect, useState } from "./vendor/preact.js";
import { deleteRecord, get, openRecord } from "./api.js";

export function Records() {
  const [found, setFound] = useState(null);
  const [error, setError] = useState("");
  const failed = (failure) => setError(failure.message);
  const load = (start) => get(`/v1/audit?start=${start}`).then(
    (body) => setFound((old) => ({ ...body, records: start ? [...old.records, ...body.records] : body.records })),
    failed,
  );
  useEffect(() => { load(0); }, []);
  const act = (work) => { setError(""); work.catch(failed); };
  const forget = (id) => act(deleteRecord(id).then(() => setFound((old) => ({ ...old, records: old.records.filter((one) => one.id !== id) }))));
  const lookUp = (event) => {
    event.preventDefault();
    act(openRecord(new FormData(event.target).get("id").trim()));
  };
  return html`<section class="card"><h2>Records</h2>
    <p class="soft">Every answer is recorded on this machine: all candidates, the scores of their steps, the model and its settings.</p>
    <form class="row" onSubmit=${lookUp}>
      <label for="id">Id of an answer</label>
      <input id="id" name="id" type="search" required placeholder="ans-…" />
      <button>Open</button>
    </form>
    ${error && html`<p class="error" role="alert">${error}</p>`}
    <ul class="records">${(found?.records || []).map((one) => html`<${Record} key=${one.id} record=${one} forget=${() => forget(one.id)} open=${() => act(openRecord(one.id))} />`)}</ul>
    ${found && !found.records.length && html`<p class="soft">No answer is recorded.</p>`}
    ${found?.more && html`<button onClick=${() => load(found.records.length)}>More</button>`}
  </section>`;
}

function Record({ record, open, forget }) {
  const [sure, setSure] = useState(false);
  const said = record.answer_text || record.answer || "no answer";
  return html`<li>
    <button class="plain" onClick=${open}><span class="clip">${record.question || "(the question was not kept)"}</span></button>
    <span><b>${said}</b> <span class="soft">· ${Math.round(100 * record.confidence)}%${record.refer ? ", refer to a clinician" : ""} · ${new Date(record.created).toLocaleString()} · ${record.id}</span></span>
    ${sure
      ? html`<span class="row"><button onClick=${forget}>Delete for good</button><button class="plain" onClick=${() => setSure(false)}>Keep</button></span>`
      : html`<button class="plain" aria-label=${`Delete ${record.id}`} onClick=${() => setSure(true)}>Delete</button>`}
  </li>`;
}
