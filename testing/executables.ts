/**
 * The first of the folders that holds an executable file of that name, as a path.
 *
 * @returns undefined where no folder has one
 * @example
 * ```ts
 * const chromium = findExecutable("chromium", ["/usr/bin", "/snap/bin"]);
 * ```
 */
export function findExecutable(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      const { isFile, mode } = Deno.statSync(path);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}
