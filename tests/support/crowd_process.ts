/**
 * Many clients in a separate process, so that the test which publishes does not hold them up.
 * The other half is crowd.ts. Takes a JSON array of {@linkcode MemberOptions} as its argument and
 * commands on standard input, a line each; answers on standard output, a line each.
 */
import type { CrowdCommand, CrowdLine, MemberReport } from "./crowd.ts";
import { Member, type MemberOptions } from "./crowd_members.ts";
import { linesOf } from "./text_lines.ts";

const options: readonly MemberOptions[] = JSON.parse(Deno.args[0] ?? "[]");
const members: Member[] = [];
for (const each of options) members.push(await Member.connect(each));
/** Whether a report is on its way. */
let due = false;
const reading = new Map<Member, Promise<void>>();

begin("steady");
for (const member of members) member.onEvent = report;
say({ connected: members.length });
for await (const line of linesOf(Deno.stdin.readable)) obey(JSON.parse(line));
for (const member of members) member.leave();
await Promise.all(reading.values());

function obey(command: CrowdCommand): void {
  if ("read" in command) begin(command.read);
}

function begin(manner: Member["manner"]): void {
  for (const member of members) {
    if (member.manner !== manner || reading.has(member)) continue;
    // However it ended: that is a thing to report.
    reading.set(member, member.read().then(report));
  }
}

/** At the end of a turn, not at each event. */
function report(): void {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    say({ members: members.map(stateOf) });
  }, 50);
}

function stateOf({ manner, fault, closed, end, last }: Member): MemberReport {
  return { manner, fault, closed, end, last: Object.fromEntries(last) };
}

function say(line: CrowdLine): void {
  console.log(JSON.stringify(line));
}
