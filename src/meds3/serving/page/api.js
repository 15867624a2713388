// Talks to the server: the key where one is needed, and answers as they form.

const KEY = "meds3-key";

export const key = {
  get: () => sessionStorage.getItem(KEY) || "",
  set: (value) => sessionStorage.setItem(KEY, value),
};

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  const headers = { ...options.headers };
  if (key.get()) headers.authorization = `Bearer ${key.get()}`;
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new ApiError(response.status, body.error?.message || `status ${response.status}`);
}

export const get = async (path) => (await call(path)).json();

const record = (id) => `/v1/audit/${encodeURIComponent(id)}`;

// The record of an answer as a page of its own; the key does not go into an address.
export async function openRecord(id) {
  const body = await (await call(`${record(id)}/page`)).blob();
  open(URL.createObjectURL(body), "_blank", "noopener");
}

export const deleteRecord = (id) => call(record(id), { method: "DELETE" });

// Asks; `progress` hears how the vote stands. Returns the field `meds3` of the answer.
export async function ask(body, progress, signal) {
  const response = await call("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let found = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    rest += value;
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) {
      if (event.startsWith(": meds3 {")) progress(JSON.parse(event.slice(8)));
      if (!event.startsWith("data: {")) continue;
      const chunk = JSON.parse(event.slice(6));
      if (chunk.error) throw new ApiError(0, chunk.error.message);
      found = chunk.meds3 || found;
    }
  }
  if (!found) throw new ApiError(0, "the server ended the answer too early");
  return found;
}
