/** Loaded before the program by tests: a listener that is closed never says that it is. */
import { Server } from "node:http";

Server.prototype.close = function () {
  return this;
};
