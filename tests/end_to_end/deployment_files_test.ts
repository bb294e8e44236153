/** Containerfile, compose.yaml and the manifests of Kubernetes: valid, and fitting to what Ranger does. */
import assert from "node:assert/strict";
import { eachSetting, environmentNames, SETTINGS } from "../../src/config/settings.ts";
import { execForm, stagesOf } from "../../scripts/containerfile.ts";
import { ROOT } from "../../testing/program.ts";
import {
  faultsOfCompose,
  faultsOfManifests,
  instructionsOf,
  readYaml,
  unknownFields,
} from "../support/schemas.ts";

const KUBERNETES = `${ROOT}packaging/kubernetes`;
/** Seconds between the end of the drain and SIGKILL: the broker, and sockets that are slow. */
const MARGIN_SECONDS = 10;

/** Every variable that is a setting, also as the path of a file with the value. */
const VARIABLES = new Set(
  eachSetting().flatMap(([key]) => environmentNames(key)).flatMap((name) => [name, `${name}_FILE`]),
);

interface Compose {
  readonly services: Readonly<
    Record<"rabbitmq" | "ranger", {
      readonly environment: Readonly<Record<string, string>>;
      readonly healthcheck: { readonly test: readonly string[] };
      readonly stop_grace_period?: string;
      readonly read_only?: boolean;
      readonly ports?: readonly string[];
      readonly build?: { readonly dockerfile: string };
    }>
  >;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Deployment {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly enableServiceLinks: boolean;
        readonly securityContext: {
          readonly runAsNonRoot: boolean;
          readonly runAsUser: number;
          readonly seccompProfile: { readonly type: string };
        };
        readonly containers: readonly [{
          readonly env: readonly { readonly name: string; readonly value: string }[];
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly livenessProbe: Probe;
          readonly readinessProbe: Probe;
          readonly startupProbe: Probe;
          readonly lifecycle: {
            readonly preStop: { readonly sleep: { readonly seconds: number } };
          };
          readonly securityContext: unknown;
          readonly resources: { readonly limits: { readonly cpu?: string } };
        }];
      };
    };
  };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly selector?: Readonly<Record<string, unknown>> & {
      readonly matchLabels?: Readonly<Record<string, string>>;
    };
    readonly ports?: readonly { readonly name: string; readonly targetPort?: string }[];
    readonly endpoints?: readonly { readonly port: string; readonly path: string }[];
  };
}

Deno.test("Containerfile: two stages, and the last starts Ranger alone, without root and shell", async () => {
  const text = await Deno.readTextFile(`${ROOT}Containerfile`);
  const stages = stagesOf(text);
  assert.equal(stages.length, 2);
  assert.equal(stages[0]!.name, "build");
  // What scripts/test_image.ts carries out is what others read in the file.
  const read = stages.flatMap(({ base, name, instructions }) => [
    `FROM ${base}${name ? ` AS ${name}` : ""}`,
    ...instructions.map(({ name, flags, text }) =>
      [name, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`), text].join(" ")
    ),
  ]);
  // An instruction's flags are not among its arguments there.
  const plain = (line: string) => line.replace(/ --[\w-]+=\S+(?= )/g, "").replaceAll(/\s+/g, " ");
  assert.deepEqual(
    read.map(plain),
    (await instructionsOf(text)).map(({ name, words }) => plain([name, ...words].join(" "))),
  );

  const last = new Map(
    stages[1]!.instructions.map((instruction) => [instruction.name, instruction]),
  );
  assert.match(last.get("USER")!.text, /^[1-9]\d*:[1-9]\d*$/);
  assert.deepEqual(execForm(last.get("ENTRYPOINT")!.text), ["/usr/bin/ranger"]);
  assert.deepEqual(execForm(last.get("CMD")!.text), ["serve"]);
  assert.deepEqual(
    execForm(last.get("HEALTHCHECK")!.text.replace(/^CMD /, "")),
    ["/usr/bin/ranger", "health", "--alive"],
  );
  assert.equal(last.get("EXPOSE")!.text, String(SETTINGS["server.port"].default));
  assert.equal(last.get("STOPSIGNAL")!.text, "SIGTERM");
  for (const label of ["title", "description", "licenses", "version", "revision"]) {
    assert.match(last.get("LABEL")!.text, new RegExp(`org\\.opencontainers\\.image\\.${label}=`));
  }
  assert.equal(last.has("RUN"), false, "nothing is installed into the base");
});

Deno.test("compose.yaml is valid, and its names are settings", async () => {
  const [[document]] = await yaml("compose.yaml") as [[Compose]];
  assert.deepEqual(await faultsOfCompose(document), []);
  const { ranger, rabbitmq } = document.services;
  const misspelt = { ...document, services: { rabbitmq, ranger: { ...ranger, environments: {} } } };
  assert.notDeepEqual(await faultsOfCompose(misspelt), []);

  assert.deepEqual(unknownVariables(Object.keys(ranger.environment)), []);
  assert.equal(ranger.build?.dockerfile, "Containerfile");
  assert.equal(ranger.read_only, true);
  assert.deepEqual(ranger.ports, ["8080:8080"], "the management port is not published");
  assert.ok(parseInt(ranger.stop_grace_period!) >= drainSeconds([]) + MARGIN_SECONDS);
  assert.deepEqual(ranger.healthcheck.test, ["CMD", "/usr/bin/ranger", "health"]);
});

Deno.test("the manifests are valid by the schemas of Kubernetes and of the Prometheus operator", async () => {
  const manifests = await readManifests();
  assert.deepEqual(manifests.map(({ kind }) => kind).toSorted(), [
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "Service",
    "ServiceMonitor",
  ]);
  assert.deepEqual(await faultsOfManifests(...manifests), []);
  assert.equal(await unknownFields(...manifests), "");
  const damaged = manifests.map((manifest) => ({ ...manifest, metadata: 1 }));
  assert.equal((await faultsOfManifests(...damaged)).length, manifests.length);
  const misspelt = JSON.parse(JSON.stringify(manifests).replace("timeoutSeconds", "timeoutSecond"));
  assert.match(await unknownFields(...misspelt), /'"?timeoutSecond"?' does not exist/);
});

Deno.test("the manifests fit together, and to the settings", async (t) => {
  const manifests = await readManifests();
  const deployment = manifests.find(({ kind }) => kind === "Deployment") as unknown as Deployment;
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;

  await t.step("a pod has the time that its drain takes", () => {
    const needed = container.lifecycle.preStop.sleep.seconds + drainSeconds(container.env) +
      MARGIN_SECONDS;
    assert.ok(pod.terminationGracePeriodSeconds >= needed, `less than ${needed} s`);
  });

  await t.step("every variable is a setting, and no Service sets one", () => {
    assert.deepEqual(unknownVariables(container.env.map(({ name }) => name)), []);
    // A Service named ranger would set RANGER_PORT=tcp://…, which is the name of a setting.
    assert.ok(VARIABLES.has("RANGER_PORT"));
    assert.equal(pod.enableServiceLinks, false);
  });

  await t.step("probes ask the management listener", () => {
    const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
    assert.equal(ports.get("clients"), SETTINGS["server.port"].default);
    assert.equal(ports.get("management"), SETTINGS["management.port"].default);
    const { livenessProbe, readinessProbe, startupProbe } = container;
    assert.deepEqual(livenessProbe.httpGet, { path: "/healthz", port: "management" });
    assert.deepEqual(readinessProbe.httpGet, { path: "/readyz", port: "management" });
    assert.deepEqual(startupProbe.httpGet, { path: "/healthz", port: "management" });
    assert.ok(container.env.some(({ name }) => name === "RANGER_MANAGEMENT_HOST"));
  });

  await t.step("the pod is restricted, as the pod security standards call it", async () => {
    const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext;
    assert.deepEqual([runAsNonRoot, seccompProfile.type], [true, "RuntimeDefault"]);
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const [, last] = stagesOf(await Deno.readTextFile(`${ROOT}Containerfile`));
    const user = last!.instructions.find(({ name }) => name === "USER")!.text;
    assert.equal(user, `${runAsUser}:${runAsUser}`);
  });

  await t.step("Services, budget and monitor select what is there", () => {
    const { labels } = deployment.spec.template.metadata;
    const services = manifests.filter(({ kind }) => kind === "Service");
    const budget = manifests.find(({ kind }) => kind === "PodDisruptionBudget")!;
    const monitor = manifests.find(({ kind }) => kind === "ServiceMonitor")!;
    for (const { spec } of services) {
      assert.deepEqual({ ...labels, ...spec.selector }, labels);
      for (const { targetPort } of spec.ports!) {
        assert.ok(container.ports.some(({ name }) => name === targetPort), targetPort);
      }
    }
    assert.deepEqual(budget.spec.selector!.matchLabels, labels);
    assert.ok(deployment.spec.replicas > 1, "a budget of one process at a time");
    const monitored = services.filter(({ metadata }) =>
      Object.entries(monitor.spec.selector!.matchLabels!)
        .every(([name, value]) => metadata.labels?.[name] === value)
    );
    assert.deepEqual(monitored.map(({ metadata }) => metadata.name), ["ranger-management"]);
    assert.deepEqual(
      monitor.spec.endpoints!.map(({ port, path }) => [port, path]),
      [[monitored[0]!.spec.ports![0]!.name, "/metrics"]],
    );
  });

  await t.step("kustomization.yaml lists each file", async () => {
    const [[kustomization]] = await yaml("packaging/kubernetes/kustomization.yaml") as [[
      { resources: string[]; images: { name: string }[] },
    ]];
    assert.deepEqual(kustomization.resources.toSorted(), manifestFiles());
    assert.deepEqual(kustomization.images.map(({ name }) => name), ["ranger"]);
  });
});

/** Files of the folder other than kustomization.yaml, by name. */
function manifestFiles(): string[] {
  return [...Deno.readDirSync(KUBERNETES)].map(({ name }) => name)
    .filter((name) => name !== "kustomization.yaml").toSorted();
}

async function readManifests(): Promise<Manifest[]> {
  const files = await yaml(...manifestFiles().map((name) => `packaging/kubernetes/${name}`));
  return files.flat() as Manifest[];
}

async function yaml(...paths: string[]): Promise<unknown[][]> {
  return await readYaml(
    ...await Promise.all(paths.map((path) => Deno.readTextFile(`${ROOT}${path}`))),
  );
}

function unknownVariables(names: readonly string[]): string[] {
  return names.filter((name) => !VARIABLES.has(name));
}

/** server.drain_seconds, as the environment sets it or by default. */
function drainSeconds(env: readonly { readonly name: string; readonly value: string }[]): number {
  const given = env.find(({ name }) => environmentNames("server.drain_seconds").includes(name));
  return Number(given?.value ?? SETTINGS["server.drain_seconds"].default);
}
