// What the browser remembers: drafts, open chats, the theme.

const read = (name, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(`playground.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
};
const write = (name, value) => localStorage.setItem(`playground.${name}`, JSON.stringify(value));

export const memory = {
  openUsers: () => read("open", []),
  setOpenUsers: (ids) => write("open", ids),
  draft: (id) => read(`draft.${id}`, ""),
  setDraft: (id, text) => (text ? write(`draft.${id}`, text) : memory.forgetDraft(id)),
  forgetDraft: (id) => localStorage.removeItem(`playground.draft.${id}`),
};
