/** Where the repository and the built C programs are. */
export const root = new URL("../../", import.meta.url).pathname;
/** What is built. */
export const bin = `${root}bench/bin`;

/** The benchmark's C programs by their paths. */
export interface Tools {
  readonly wsload: string;
  readonly publish: string;
  readonly wslimit: string;
}

/**
 * Compiles the C programs into `bench/bin/`.
 *
 * @throws Error when a C compiler is missing or reports an error
 */
export async function buildTools(): Promise<Tools> {
  await Deno.mkdir(bin, { recursive: true });
  const [wsload, publish, wslimit] = await Promise.all(
    ["wsload", "publish", "wslimit"].map(compile),
  );
  return { wsload: wsload!, publish: publish!, wslimit: wslimit! };
}

async function compile(name: string): Promise<string> {
  const output = `${bin}/${name}`;
  // written under a unique name, then renamed: two builds at once never run each other's half-written file
  const partial = `${output}.${crypto.randomUUID()}`;
  const args = ["-O2", "-Wall", "-Wextra", "-o", partial, `${root}bench/${name}.c`];
  const { success, stderr } = await new Deno.Command("cc", { args }).output().catch((error) => {
    if (error instanceof Deno.errors.NotFound) {
      throw new Error("cc, a C compiler, is not installed (Debian: apt-get install gcc libc6-dev)");
    }
    throw error;
  });
  const complaint = new TextDecoder().decode(stderr);
  if (!success || complaint) throw new Error(`cc ${name}.c: ${complaint}`);
  await Deno.rename(partial, output);
  return output;
}
