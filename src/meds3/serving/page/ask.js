// Ask a question and watch the answer form.
import { html, useRef, useState } from "./vendor/preact.js";
import { ask, openRecord } from "./api.js";

const EXAMPLES = [
  { name: "a choice", question: "Which drug reverses an opioid overdose?", options: ["naloxone", "aspirin", "insulin", "warfarin"] },
  { name: "yes, no, maybe", context: "In a trial of 240 patients, those given the drug had a mean systolic pressure 11 mmHg lower than those given placebo (95% interval 7 to 15).", question: "Does the drug lower systolic pressure?", options: ["yes", "no", "maybe"] },
  { name: "a number", question: "A child of 18 kg is to get 15 mg per kg. How many mg are one dose?", options: [], kind: "number" },
];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const STOPPED = {
  "all drawn": "all that were asked for",
  settled: "no further chain could change the answer",
  likely: "the answer was likely enough",
  tokens: "no tokens left: not all chains were drawn",
  time: "no time left: not all chains were drawn",
  searched: "from one tree",
};

export function Ask() {
  const [question, setQuestion] = useState("");
  const [context, setContext] = useState("");
  const [options, setOptions] = useState(["", ""]);
  const [kind, setKind] = useState("span");
  const [n, setN] = useState(8);
  const [state, setState] = useState({});
  const running = useRef(null);
  const result = useRef(null);

  const example = (one) => {
    setQuestion(one.question);
    setContext(one.context || "");
    setOptions(one.options.length ? one.options : ["", ""]);
    setKind(one.kind || "span");
  };
  const option = (i, text) => setOptions(options.map((old, k) => (k === i ? text : old)));
  const submit = async (event) => {
    event.preventDefault();
    const given = options.map((text) => text.trim()).filter(Boolean);
    const body = { model: "meds3", n, messages: [{ role: "user", content: question }] };
    if (given.length) body.options = given;
    else body.kind = kind;
    if (context.trim()) body.context = context;
    running.current = new AbortController();
    result.current.scrollIntoView({ block: "nearest" }); // below the form on a phone
    setState({ busy: true });
    try {
      const heard = (progress) => setState({ busy: true, progress });
      setState({ answer: await ask(body, heard, running.current.signal) });
    } catch (error) {
      setState(error.name === "AbortError" ? {} : { error: error.message });
    }
  };

  return html`<div class="columns">
    <form class="card" onSubmit=${submit}>
      <h2>Ask</h2>
      <div class="row" role="group" aria-label="Examples"><span class="soft">Try</span>
        ${EXAMPLES.map((one) => html`<button type="button" class="plain" onClick=${() => example(one)}>${one.name}</button>`)}
      </div>
      <label for="question">Question</label>
      <textarea id="question" required value=${question} onInput=${(e) => setQuestion(e.target.value)}></textarea>
      <fieldset><legend>Options</legend>
        ${options.map((text, i) => html`<div class="option" key=${i}>
          <span aria-hidden="true">${LETTERS[i]}</span>
          <input type="text" aria-label=${`Option ${LETTERS[i]}`} value=${text} onInput=${(e) => option(i, e.target.value)} />
          <button type="button" class="plain" aria-label=${`Remove option ${LETTERS[i]}`} onClick=${() => setOptions(options.filter((_, k) => k !== i))}>✕</button>
        </div>`)}
        <button type="button" class="plain" disabled=${options.length >= 26} onClick=${() => setOptions([...options, ""])}>+ option</button>
      </fieldset>
      ${!options.some((text) => text.trim()) && html`<label for="kind">Without options the answer is a</label>
        <select id="kind" value=${kind} onChange=${(e) => setKind(e.target.value)}>
          <option value="span">phrase</option><option value="number">number</option><option value="date">date</option>
        </select>`}
      <details open=${Boolean(context)}><summary>Context</summary>
        <label for="context" class="visually-hidden">Text the question is about</label>
        <textarea id="context" placeholder="A text the question is about" value=${context} onInput=${(e) => setContext(e.target.value)}></textarea>
      </details>
      <label for="n">Chains that vote: ${n}</label>
      <input id="n" type="range" min="1" max="32" value=${n} onInput=${(e) => setN(Number(e.target.value))} />
      <div class="row">
        <button class="main" disabled=${state.busy}>${state.busy ? "Thinking…" : "Ask"}</button>
        ${state.busy && html`<button type="button" onClick=${() => running.current.abort()}>Stop</button>`}
      </div>
    </form>
    <div aria-live="polite" ref=${result}>
      ${state.error && html`<p class="error" role="alert">${state.error}</p>`}
      ${state.busy && html`<${Progress} progress=${state.progress} n=${n} />`}
      ${state.answer && html`<${Answer} answer=${state.answer} />`}
      ${!state.busy && !state.answer && !state.error && html`<section class="card"><h2>What happens</h2>
        <p>The model writes several chains of reasoning. A second model scores every step of each. The chains vote for their answers with their scores, and the answer with the most votes is shown with the chain that supports it best.</p>
        <p class="soft">A high confidence is not truth: it says how often answers like this one were right on questions whose answers were known, where that was measured.</p></section>`}
    </div>
  </div>`;
}

function Progress({ progress, n }) {
  const done = progress?.samples || 0;
  return html`<section class="card"><h2>${done ? `${done} of at most ${progress.samples_asked} chains` : "The first chains are written …"}</h2>
    <div class="progress" role="progressbar" aria-label="Chains drawn" aria-valuemin="0" aria-valuemax=${n} aria-valuenow=${done}><div style=${{ width: `${(100 * done) / n}%` }}></div></div>
    ${progress && html`<${Votes} votes=${progress.votes} lead=${progress.leader} />`}
  </section>`;
}

function Votes({ votes, lead }) {
  const all = votes.reduce((sum, vote) => sum + vote.mass, 0) || 1;
  if (!votes.length) return html`<p class="soft">No chain has stated an answer yet.</p>`;
  return html`<ul class="votes">${votes.map((vote) => html`<li key=${vote.answer} class=${vote.answer === lead ? "lead" : ""}>
    <span class="fill" style=${{ width: `${(100 * vote.mass) / all}%` }}></span>
    <span>${vote.text && vote.text !== vote.answer ? `${vote.answer}. ${vote.text}` : vote.answer}</span>
    <span class="count">${vote.mass.toFixed(2)} · ${vote.chains} ${vote.chains === 1 ? "chain" : "chains"}</span>
  </li>`)}</ul>`;
}

function Ring({ share, low }) {
  const round = 2 * Math.PI * 40;
  return html`<svg class=${`ring${low ? " low" : ""}`} viewBox="0 0 100 100" role="img" aria-label=${`confidence ${Math.round(100 * share)}%`}>
    <g fill="none" stroke-width="11" transform="rotate(-90 50 50)"><circle class="back" cx="50" cy="50" r="40" /><circle class="front" cx="50" cy="50" r="40" stroke-dasharray=${`${round * share} ${round}`} stroke-linecap=${share > 0.02 ? "round" : "butt"} /></g>
    <text x="50" y="51">${Math.round(100 * share)}%</text></svg>`;
}

function Answer({ answer }) {
  const text = answer.answer_text && answer.answer_text !== answer.answer ? `${answer.answer}. ${answer.answer_text}` : answer.answer;
  const silent = answer.samples - answer.votes.reduce((sum, vote) => sum + vote.chains, 0);
  return html`<section class="card" data-testid="answer">
      <h2>Answer</h2>
      <div class="answer"><${Ring} share=${answer.confidence} low=${answer.refer} />
        <div><strong>${text || "No chain stated an answer"}</strong>
          <p class="soft">${answer.calibrated
            ? `Of held-out questions answered like this one, ${Math.round(100 * answer.confidence)}% were right.`
            : "Confidence is the share of the chains that support the answer. It was not calibrated: it is no probability of being right."}</p></div>
      </div>
      ${answer.refer && html`<p class="refer" role="alert">Low confidence: refer to a clinician.</p>`}
    </section>
    <section class="card"><h2>Votes</h2><${Votes} votes=${answer.votes} lead=${answer.answer} />
      <p class="soft">${answer.samples} of at most ${answer.samples_asked} chains (${STOPPED[answer.stopped]})${silent > 0 && `, ${silent} without an answer that can be read`}, ${answer.tokens} tokens, ${answer.seconds.toFixed(1)} s, strategy ${answer.strategy}.
        ${" "}<button class="plain" onClick=${() => openRecord(answer.audit_id)}>Record ${answer.audit_id}</button></p>
      ${answer.warnings.map((warning) => html`<p class="soft">${warning}</p>`)}
    </section>
    ${answer.steps.length > 0 && html`<section class="card"><h2>Reasoning</h2><div class="chains">
      <div><h3>The winning chain</h3><${Steps} steps=${answer.steps} /></div>
      ${answer.runner_up && html`<div><h3>The runner-up: ${answer.runner_up.answer}</h3><${Steps} steps=${answer.runner_up.steps} /></div>`}
    </div>${answer.steps[0].score === null && html`<p class="soft">This model has no process reward model: steps are not scored.</p>`}</section>`}`;
}

export function Steps({ steps }) {
  return html`<ol class="steps">${steps.map((step, i) => html`<li key=${i} class=${step.score === null ? "" : `s${Math.min(Math.floor(step.score * 5), 4)}`}>
    <span>${step.text}</span><b>${step.score === null ? "" : html`<span class="visually-hidden">score </span>${step.score.toFixed(2)}`}</b></li>`)}</ol>`;
}
