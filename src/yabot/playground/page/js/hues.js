// A colour for each type of event: families are near each other, and unknown types get one too.

import { hueOf } from "./dom.js";

const FAMILIES = [
  [/failed|violated|lost|abuse/, 4],
  [/besitos/, 38],
  [/hint|fragment|narrative/, 88],
  [/operation|restored/, 152],
  [/decision/, 186],
  [/update_received/, 214],
  [/user_interaction/, 246],
  [/user/, 276],
  [/vip|subscription/, 312],
  [/reaction/, 342],
];
const SPREAD = 14;

export function hueOfEvent(type) {
  const family = FAMILIES.find(([words]) => words.test(type));
  return family ? family[1] + (hueOf(type) % SPREAD) - SPREAD / 2 : hueOf(type);
}
