// The official JavaScript client against a running server: node client.mjs URL
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "Which drug reverses an opioid overdose?\nA. naloxone\nB. aspirin" }];
const told = {};

const plain = await client.chat.completions.create({ model: "meds3", messages, n: 2, strategy: "majority", max_tokens: 40 });
told.chat = { finish: plain.choices[0].finish_reason, text: plain.choices[0].message.content, samples: plain.meds3.samples, tokens: plain.usage.completion_tokens };

let streamed = "";
let last = null;
const stream = await client.chat.completions.create({ model: "meds3", messages, n: 2, max_tokens: 40, stream: true });
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  last = chunk;
}
told.stream = { text: streamed, finish: last.choices[0].finish_reason, meds3: Boolean(last.meds3) };

try {
  await client.chat.completions.create({ model: "gpt-9", messages });
} catch (error) {
  told.error = { name: error.constructor.name, status: error.status, code: error.code, param: error.param };
}
told.models = (await client.models.list()).data.map((model) => model.id);
console.log(JSON.stringify(told));
