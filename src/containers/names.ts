import { randomInt } from 'node:crypto';
import { invalidParameter } from '../errors/index.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** A container's name without Docker's leading slash. @throws invalid-parameter `invalid-name` with Docker's text */
export function parseName(text: string, shown = text): string {
  const name = text.startsWith('/') ? text.slice(1) : text;
  if (!NAME.test(name)) {
    throw invalidParameter(
      'invalid-name',
      `Invalid container name (${shown}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  return name;
}

const MOODS = (
  'amber ardent balmy brave breezy bright brisk calm candid cheerful clever cosy crisp curious dapper daring deft eager earnest ' +
  'easy fair fearless fond frank fresh gentle glad golden graceful hardy hearty honest humble jolly keen kind lively loyal lucid ' +
  'mellow merry mild modest nimble noble patient placid plucky polite proud quick quiet rapid ready robust rosy serene sharp ' +
  'silent sincere smooth snug sober spry stable steady stout sturdy sunny sure swift tender tidy trusty upbeat valiant vivid warm ' +
  'wise witty zesty'
).split(' ');
const HARBOUR = (
  'anchor barge barque beacon berth boom bosun bow breeze brig bulwark buoy cabin canal canoe capstan clipper coaster compass ' +
  'cove crane current cutter deck dinghy dock dory estuary fathom ferry fjord frigate galley gangway gull halyard harbour hatch ' +
  'haven helm heron hull island jetty jib kayak keel ketch lagoon lantern lighthouse lock lugger mainsail marina mast mizzen ' +
  'mooring oar packet paddle pelican pier pilot port prow puffin quay raft reef rigging rudder sail schooner seal sextant shoal ' +
  'skiff skipper sloop spar spinnaker starboard stern strait tern tide tiller trawler tug wake wharf winch yacht yawl'
).split(' ');

/** `brisk_lighthouse`; with a number behind it when `isTaken` so often that chance alone does not help. */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(MOODS)}_${pick(HARBOUR)}${attempt < 3 ? '' : randomInt(10 ** Math.min(attempt - 1, 9))}`;
    if (!isTaken(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
