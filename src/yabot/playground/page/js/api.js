// The reader's side of the playground, over HTTP.

export class Unreachable extends Error {}
export class Refused extends Error {}

async function ask(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(`/playground${path}`, options);
  } catch {
    throw new Unreachable("The playground does not answer.");
  }
  if (!answer.ok) throw new Refused(await reason(answer));
  return answer.status === 204 ? null : answer.json();
}

async function reason(answer) {
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : detail.map((problem) => problem.msg).join(" ");
  } catch {
    return `The playground answered ${answer.status}.`;
  }
}

export const api = {
  bot: () => ask("GET", "/bot"),
  users: () => ask("GET", "/users"),
  addUser: (fields) => ask("POST", "/users", fields),
  changeUser: (id, fields) => ask("PATCH", `/users/${id}`, fields),
  removeUser: (id) => ask("DELETE", `/users/${id}`),
  chat: (id) => ask("GET", `/users/${id}/chat`),
  send: (id, text) => ask("POST", `/users/${id}/messages`, { text }),
  press: (id, messageId, data) => ask("POST", `/users/${id}/messages/${messageId}/press`, { data }),
  react: (id, messageId, emoji) => ask("PUT", `/users/${id}/messages/${messageId}/reaction`, { emoji }),
  block: (id) => ask("PUT", `/users/${id}/block`),
  unblock: (id) => ask("DELETE", `/users/${id}/block`),
  state: (id) => ask("GET", `/users/${id}/state`),
  events: (id) => ask("GET", `/users/${id}/events?limit=200`),
};
