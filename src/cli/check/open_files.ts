import type { Settings } from "../../config/shape.ts";
import {
  openFilesFor,
  openFilesLimit,
  openFilesProblem,
  probeOpenFiles,
} from "../../daemon/open_files.ts";
import type { Finding } from "./finding.ts";

/** Whether there may be as many sockets as clients: a server with fewer would refuse them early. */
export function tryOpenFiles({ connections }: Settings["limits"]): Finding {
  const needed = openFilesFor(connections);
  const limit = openFilesLimit() ?? probeOpenFiles(needed);
  const problem = openFilesProblem(limit, connections);
  return problem === undefined
    ? { name: "open files", text: `enough for ${connections} clients`, exitCode: 0 }
    : { name: "open files", text: problem, exitCode: 0, warns: true };
}
