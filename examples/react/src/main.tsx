import { connect } from "@ranger-ws/client";
import { RangerProvider } from "@ranger-ws/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";

/** Where Ranger is; the demo, if nothing else is set. */
const server: string = import.meta.env.VITE_RANGER ?? "http://127.0.0.1:8080";

/** How long each token is valid, in seconds; the client fetches the next one before it expires. */
const ttl: string = import.meta.env.VITE_TOKEN_TTL ?? "60";

const ranger = connect(`${server}/public`, {
  // Of your exchange: its session, as a JWT; undefined while the user is signed out.
  token: async () => {
    const response = await fetch(`${server}/page/token?ttl=${ttl}`);
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    return await response.text();
  },
});

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <RangerProvider ranger={ranger}>
      <App market="btcusd" />
    </RangerProvider>
  </StrictMode>,
);
