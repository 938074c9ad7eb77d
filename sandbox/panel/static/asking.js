/* Asking the control API by fetch, what it refuses, and the questions that come before what cannot be undone. */

import { find } from "./dom.js";

const NOTICE_MS = 6000;
let timer;

export async function ask(method, path, body) {
  let answer;
  let content;
  try {
    answer = await fetch(`/sandbox${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    content = await answer.json();
  } catch {
    throw new Error("The sandbox does not answer. Is it still running?");
  }
  if (!answer.ok) {
    throw new Error((content.error && content.error.description) || `The sandbox answered ${answer.status}.`);
  }
  return content;
}

/* Does something and says how it went; gives undefined when it was refused. */
export async function attempt(action, words) {
  try {
    const result = await action();
    if (words) {
      say(words);
    }
    return result === undefined ? true : result;
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}

export function say(words, isBad = false) {
  window.clearTimeout(timer);
  find("notice").textContent = words;
  find("notice").classList.toggle("bad", isBad);
  timer = window.setTimeout(() => { find("notice").textContent = ""; }, NOTICE_MS);
}

/* Asks before what cannot be undone. Gives whether to go on. */
export function confirmed(title, text, yes) {
  find("confirm-title").textContent = title;
  find("confirm-text").textContent = text;
  find("confirm-yes").textContent = yes;
  const dialog = find("confirm");
  return new Promise((resolve) => {
    let isSure = false;
    find("confirm-yes").onclick = () => { isSure = true; dialog.close(); };
    find("confirm-no").onclick = () => dialog.close();
    dialog.addEventListener("close", () => resolve(isSure), { once: true });
    dialog.showModal();
  });
}
