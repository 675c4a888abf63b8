// The reader's side of the playground, over HTTP.

export class Unreachable extends Error {}
export class Refused extends Error {}

async function ask(method, path, body) {
  const options = { method };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
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
  share: (id, form) => ask("POST", `/users/${id}/files`, form),
  press: (id, messageId, data) => ask("POST", `/users/${id}/messages/${messageId}/press`, { data }),
  react: (id, messageId, emoji) => ask("PUT", `/users/${id}/messages/${messageId}/reaction`, { emoji }),
  pay: (id, messageId) => ask("POST", `/users/${id}/messages/${messageId}/pay`),
  block: (id) => ask("PUT", `/users/${id}/block`),
  unblock: (id) => ask("DELETE", `/users/${id}/block`),
  state: (id) => ask("GET", `/users/${id}/state`),
  groups: () => ask("GET", "/groups"),
  addGroup: (title, members) => ask("POST", "/groups", { title, members }),
  removeGroup: (id) => ask("DELETE", `/groups/${id}`),
  groupChat: (id) => ask("GET", `/groups/${id}/chat`),
  sendToGroup: (id, userId, text) => ask("POST", `/groups/${id}/messages`, { user_id: userId, text }),
  pressInGroup: (id, userId, messageId, data) =>
    ask("POST", `/groups/${id}/messages/${messageId}/press`, { user_id: userId, data }),
  addBot: (id, userId) => ask("PUT", `/groups/${id}/bot`, { user_id: userId }),
  removeBot: (id, userId) => ask("POST", `/groups/${id}/bot/removal`, { user_id: userId }),
  faults: () => ask("GET", "/faults"),
  changeFaults: (chosen) => ask("PUT", "/faults", chosen),
  events: (id) => ask("GET", `/users/${id}/events?limit=200`),
};
