import type * as z from "zod";

/** Returns whether a value, as `JSON.parse` returns it, fits a schema. */
export type Check = (value: unknown) => boolean;

/**
 * Compiles a schema to a function that returns only whether a value fits. zod's parser copies each
 * value and collects errors; strict mode needs neither, and checks every event.
 *
 * @returns a function with the result of `schema.safeParse(value).success` for every JSON value
 *
 * @example
 * ```ts
 * import * as z from "zod";
 *
 * const isLevel = compileCheck(z.tuple([z.string(), z.string()]));
 * isLevel(["15.0", "1"]); // true
 * isLevel(["15.0"]); // false
 * ```
 */
export function compileCheck(schema: z.ZodType): Check {
  return compile(schema) ?? ((value) => schema.safeParse(value).success);
}

/** @returns `undefined` for schemas that only zod can check */
function compile(schema: unknown): Check | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string":
      return withChecks(isString, def);
    case "number":
      // The definition of z.int() is a restriction as well.
      return withChecks(Number.isFinite as Check, def);
    case "null":
      return (value) => value === null;
    case "never":
      return () => false;
    case "unknown":
      return () => true;
    case "enum": {
      const words = new Set<unknown>(Object.values(def.entries));
      return (value) => words.has(value);
    }
    case "nullable":
      return together([def.innerType], ([inner]) => (value) => value === null || inner!(value));
    case "optional":
      return together(
        [def.innerType],
        ([inner]) => (value) => value === undefined || inner!(value),
      );
    case "union":
      return together(def.options, (checks) => (value) => {
        for (const check of checks) if (check(value)) return true;
        return false;
      });
    case "array":
      return def.checks?.length ? undefined : together([def.element], ([check]) => (value) => {
        if (!Array.isArray(value)) return false;
        for (const item of value) if (!check!(item)) return false;
        return true;
      });
    case "tuple":
      return def.rest ? undefined : tuple(def.items);
    case "object":
      return object(def);
    case "record":
      return record(def);
    default:
      return undefined;
  }
}

const isString: Check = (value) => typeof value === "string";

/** Joins the checks of all parts; `undefined` if one of them needs zod. */
function together(
  schemas: readonly unknown[],
  join: (checks: readonly Check[]) => Check,
): Check | undefined {
  const checks: Check[] = [];
  for (const schema of schemas) {
    const check = compile(schema);
    if (!check) return undefined;
    checks.push(check);
  }
  return join(checks);
}

/** What zod calls a check: a restriction of a value that has the right type. */
type Restriction = z.core.$ZodChecks["_zod"]["def"] | z.core.$ZodStringFormatChecks["_zod"]["def"];

function withChecks(
  base: Check,
  def: z.core.$ZodStringDef | z.core.$ZodNumberDef,
): Check | undefined {
  let check = base;
  const own = "check" in def ? [def as unknown as Restriction] : [];
  for (const restriction of [...own, ...(def.checks ?? []).map(({ _zod }) => _zod.def)]) {
    const more = restrict(restriction as Restriction);
    if (!more) return undefined;
    const before = check;
    check = (value) => before(value) && more(value);
  }
  return check;
}

function restrict(def: Restriction): Check | undefined {
  switch (def.check) {
    case "string_format": {
      const { format, pattern } = def as z.core.$ZodCheckRegexDef;
      return format === "regex" ? (value) => pattern.test(value as string) : undefined;
    }
    case "number_format":
      return def.format === "safeint" ? Number.isSafeInteger : undefined;
    case "greater_than": {
      const least = def.value as number;
      if (def.inclusive) return (value) => value as number >= least;
      return (value) => value as number > least;
    }
    case "less_than": {
      const most = def.value as number;
      if (def.inclusive) return (value) => value as number <= most;
      return (value) => value as number < most;
    }
    default:
      return undefined;
  }
}

function tuple(items: readonly unknown[]): Check | undefined {
  const required = items.filter((item) => !isOptional(item)).length;
  return together(items, (checks) => (value) => {
    if (!Array.isArray(value)) return false;
    const { length } = value;
    if (length < required || length > checks.length) return false;
    for (let at = 0; at < length; at++) if (!checks[at]!(value[at])) return false;
    return true;
  });
}

function isOptional(schema: unknown): boolean {
  return (schema as z.core.$ZodType)._zod.optin === "optional";
}

function object({ shape, catchall, checks }: z.core.$ZodObjectDef): Check | undefined {
  // Only objects that accept any other field.
  if (checks?.length || (catchall as z.core.$ZodTypes | undefined)?._zod.def.type !== "unknown") {
    return undefined;
  }
  const names = Object.keys(shape);
  return together(Object.values(shape), (checks) => (value) => {
    if (!isObject(value)) return false;
    for (let at = 0; at < names.length; at++) {
      if (!checks[at]!(value[names[at]!])) return false;
    }
    return true;
  });
}

/** Only records whose names may be any text. */
function record({ keyType, valueType, checks }: z.core.$ZodRecordDef): Check | undefined {
  const { def } = (keyType as z.core.$ZodTypes)._zod;
  if (checks?.length || def.type !== "string" || def.checks?.length) return undefined;
  return together([valueType], ([check]) => (value) => {
    if (!isObject(value)) return false;
    for (const name of Object.keys(value)) {
      // zod ignores this name as well.
      if (name !== "__proto__" && !check!(value[name])) return false;
    }
    return true;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
