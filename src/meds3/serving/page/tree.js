// A tree of steps, drawn and explorable; drawn anew while it grows.
import { html, useEffect, useMemo, useState } from "./vendor/preact.js";
import { get } from "./api.js";

const WIDTH = 26; // px between leaves
const HEIGHT = 74; // px between depths
const RADIUS = 9;
const AGAIN_MS = 3000;

// Leaves side by side, parents above the middle of their children. One pass each way: trees of
// thousands of nodes are laid out in milliseconds.
function laidOut(nodes) {
  const children = nodes.map(() => []);
  for (const node of nodes) if (node.parent !== null) children[node.parent].push(node.id);
  const x = new Array(nodes.length).fill(0);
  let leaves = 0;
  const stack = [[0, false]];
  while (stack.length) {
    const [id, seen] = stack.pop();
    if (!children[id].length) x[id] = leaves++;
    else if (seen) x[id] = (x[children[id][0]] + x[children[id].at(-1)]) / 2;
    else {
      stack.push([id, true]);
      for (const child of children[id].slice().reverse()) stack.push([child, false]);
    }
  }
  const placed = nodes.map((node) => ({ ...node, x: 24 + WIDTH * x[node.id], y: 26 + HEIGHT * node.depth, children: children[node.id] }));
  return { placed, width: 48 + WIDTH * Math.max(leaves - 1, 0), height: 52 + HEIGHT * Math.max(...nodes.map((n) => n.depth)) };
}

const shade = (value) => (value === null ? "fnone" : `f${Math.min(Math.floor(value * 5), 4)}`);
const mark = (node) => (node.kind !== "finish" ? "" : node.verdict === "correct" ? "✓" : "✗");
const said = (node) => `${node.kind === "root" ? "start" : `step ${node.depth}`}${node.verdict ? `, ${node.verdict}` : ""}${node.value === null ? "" : `, worth ${node.value.toFixed(2)}`}, ${node.visits} visits`;

export function Tree({ run, round, problem }) {
  const [tree, setTree] = useState(null);
  const [error, setError] = useState("");
  const [picked, setPicked] = useState(0);
  useEffect(() => {
    let timer = 0;
    const query = new URLSearchParams({ round, problem });
    const load = () => get(`/v1/runs/${encodeURIComponent(run)}/tree?${query}`).then(
      (body) => {
        setTree(body);
        if (!body.stopped_because) timer = setTimeout(load, AGAIN_MS);
      },
      (failure) => setError(failure.message),
    );
    load();
    return () => clearTimeout(timer);
  }, [run, round, problem]);
  const drawn = useMemo(() => tree && laidOut(tree.nodes), [tree]);
  if (error) return html`<p class="error" role="alert">${error}</p>`;
  if (!tree) return html`<p class="soft">Reading the tree …</p>`;
  const { placed, width, height } = drawn;
  const node = placed[Math.min(picked, placed.length - 1)];
  const path = [];
  for (let at = node; at; at = at.parent === null ? null : placed[at.parent]) path.unshift(at);
  const move = (event) => {
    const siblings = node.parent === null ? [node.id] : placed[node.parent].children;
    const place = siblings.indexOf(node.id);
    const to = { ArrowUp: node.parent, ArrowDown: node.children[0], ArrowLeft: siblings[place - 1], ArrowRight: siblings[place + 1] }[event.key];
    if (to === undefined || to === null) return;
    event.preventDefault();
    setPicked(to);
    event.currentTarget.querySelector(`[data-id="${to}"]`)?.focus();
  };
  return html`<div>
    <section class="card"><h2>${tree.problem.id}</h2>
      ${tree.problem.context && html`<details><summary>Context</summary><p>${tree.problem.context}</p></details>`}
      <p>${tree.problem.question}</p>
      <p class="soft">Right answer: ${tree.problem.gold} · ${tree.nodes.length} steps, ${tree.tokens.toLocaleString()} tokens · ${tree.stopped_because ? `stopped: ${tree.stopped_because}` : "still growing"}</p>
      <div class="tree" onKeyDown=${move}><svg width=${Math.max(width, 200)} height=${height} role="group" aria-label="Tree of steps; arrow keys move">
        ${placed.map((one) => one.parent !== null && html`<path key=${`e${one.id}`} class="edge" d=${`M${placed[one.parent].x} ${placed[one.parent].y + RADIUS}C${placed[one.parent].x} ${placed[one.parent].y + HEIGHT / 2} ${one.x} ${one.y - HEIGHT / 2} ${one.x} ${one.y - RADIUS}`} />`)}
        ${placed.map((one) => html`<g key=${one.id} data-id=${one.id} class=${`node${one.id === node.id ? " picked" : ""}`} transform=${`translate(${one.x} ${one.y})`} role="button" tabindex=${one.id === node.id ? 0 : -1} aria-label=${said(one)} onClick=${() => setPicked(one.id)} onFocus=${() => setPicked(one.id)}>
          <title>${one.text}</title>
          <circle r=${RADIUS} class=${shade(one.value)} />
          <text y="4" text-anchor="middle">${mark(one)}</text>
          <text y="22" class="visits" text-anchor="middle">${one.visits || ""}</text></g>`)}
      </svg></div>
      <p class="soft legend">Worth: ${[0, 1, 2, 3, 4].map((i) => html`<span key=${i}><i class=${`s${i}`}></i>${(i / 5).toFixed(1)}–${((i + 1) / 5).toFixed(1)}</span>`)} ✓ right, ✗ wrong; the number is of visits</p>
    </section>
    <section class="card" aria-live="polite"><h2>${said(node)}</h2>
      <ol class="steps">${path.map((one) => html`<li key=${one.id} class=${one.value === null ? "" : `s${Math.min(Math.floor(one.value * 5), 4)}`}><span>${one.kind === "root" ? "" : `Step ${one.depth}: `}${one.text}</span><b>${one.value === null ? "" : one.value.toFixed(2)}</b></li>`)}</ol>
      ${node.rollouts > 0 && html`<p class="soft">${node.rollouts_right} of ${node.rollouts} completions from here were verified right.</p>`}
    </section></div>`;
}
