// The sentence about what somebody has to do now.
import { el } from "../parts/dom.js";

export const act = (when, ...sentence) => when && el("p", { class: "alarm" }, el("strong", {}, "Act now: "), ...sentence);
