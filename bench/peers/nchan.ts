import { Program } from "../harness/process.ts";
import { type FedPeer, firstLine, installed } from "./peer.ts";

const MODULES = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"];
const MODULE = "ngx_nchan_module.so";

function findModule(): string | undefined {
  return MODULES.map((folder) => `${folder}/${MODULE}`).find((file) => {
    try {
      return Deno.statSync(file).isFile;
    } catch {
      return false;
    }
  });
}

/** nginx with Nchan: one channel a stream, fed by its publisher endpoint over HTTP. */
export const nchan: FedPeer = {
  name: "nchan",
  about: "nginx with Nchan, one worker, fed by its publisher endpoint",
  scenarios: ["hot"],
  source: "fed",
  unavailable: () =>
    Promise.resolve(
      installed("nginx") && findModule()
        ? undefined
        : "nginx with Nchan is not installed (Debian: apt-get install libnginx-mod-nchan)",
    ),
  version: () => firstLine(installed("nginx") ?? "nginx", "-v"),
  path: (streams) => `/subscribe?stream=${streams.map((stream) => `public.${stream}`).join(",")}`,
  flags: () => ["--bare"],
  nameOf: (key) => key,
  async start({ serverCore, folder, openFiles }, port) {
    const home = `${folder}/nginx-${port}`;
    await Deno.mkdir(`${home}/logs`, { recursive: true });
    await Deno.writeTextFile(`${home}/nginx.conf`, configuration(home, port, openFiles));
    const nginx = installed("nginx")!;
    return {
      running: Program.start([nginx, "-p", home, "-c", `${home}/nginx.conf`], { core: serverCore }),
      feed: `http://127.0.0.1:${port}`,
    };
  },
};

/** As its documentation advises for one machine: memory store, room in shared memory, no access log. */
function configuration(home: string, port: number, openFiles: number): string {
  return `load_module ${findModule()};
daemon off;
${Deno.uid() === 0 ? "user root;" : ""}
worker_processes 1;
worker_rlimit_nofile ${openFiles};
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections ${openFiles - 50}; use epoll; multi_accept on; }
http {
  access_log off;
  tcp_nodelay on;
  nchan_shared_memory_size 256M;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /publish {
      nchan_publisher http;
      nchan_channel_id $arg_channel;
      nchan_message_buffer_length 1000;
      nchan_message_timeout 5s;
      keepalive_timeout 1h;
      keepalive_requests 1000000000;
    }
    location = /subscribe {
      nchan_subscriber websocket;
      nchan_channel_id $arg_stream;
      nchan_subscriber_first_message newest;
      nchan_subscriber_timeout 0;
    }
  }
}
`;
}
