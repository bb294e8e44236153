import { choice } from "../kinds.ts";
import { setting } from "./setting.ts";

export const LOG = {
  "log.level": setting<"debug" | "info" | "warning" | "error" | "fatal">({
    kind: choice(["debug", "info", "warning", "error", "fatal"], {
      trace: "debug",
      notice: "info",
      warn: "warning",
      critical: "fatal",
      panic: "fatal",
      unknown: "fatal",
    }),
    default: "info",
    flag: "log-level",
    legacy: ["LOG_LEVEL"],
    help: "Minimum level that is logged: debug, info, warning, error or fatal",
    right: "debug, info, warning, error or fatal",
    live: true,
  }),
  "log.format": setting<"text" | "json" | undefined>({
    kind: choice(["text", "json"]),
    default: undefined,
    defaultText: "text on a terminal, otherwise json",
    flag: "log-format",
    help: "Format of log lines on standard error",
    right: "text or json",
    example: "json",
    live: true,
  }),
};
